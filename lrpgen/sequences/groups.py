"""Windows that must stay in one part, and dealing whole groups out at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..cache import use_numba_cache
from ..errors import InputError
from .splits import UNDECIDED


@dataclass(frozen=True)
class FractionSplit:
    """Shares of the windows of each class that go to validation and test."""

    validation_fraction: float
    test_fraction: float

    def __post_init__(self) -> None:
        if min(self.validation_fraction, self.test_fraction) <= 0 or (
            self.validation_fraction + self.test_fraction >= 1
        ):
            raise InputError(
                f"--validation-fraction {self.validation_fraction} and --test-fraction {self.test_fraction} leave "
                "a part empty; give two numbers above 0 whose sum is below 1"
            )


def group(
    first: np.ndarray,
    places: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
    parent: np.ndarray | None = None,
) -> np.ndarray:
    """Group number (N,) of each window: windows of one group must stay in one part.

    `first` (N,): the first row with the same sequence or its reverse complement; `places` (contig, start, end) adds
    overlaps on either strand; `parent` (N,) the row that each window was made from.
    """
    use_numba_cache()
    from .unionfind import join_all, roots

    root = np.arange(len(first))
    rows = np.arange(len(first))
    copies = rows[first != rows]
    join_all(root, copies, first[copies])
    if parent is not None:
        made = rows[parent != rows]
        join_all(root, made, parent[made])
    if places is not None:
        join_all(root, *_neighbours(*places))
    return roots(root)


def _neighbours(contig: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows (one, two) that link every chain of overlapping intervals."""
    order = np.lexsort([start, contig])
    contig, start, end = contig[order], start[order], end[order]
    span = int(end.max(initial=0)) + 1
    # Intervals of a later contig are shifted past all of an earlier one, so that one running maximum serves all.
    shift = np.unique(contig, return_inverse=True)[1] * span
    reach = np.maximum.accumulate(end + shift)
    linked = np.flatnonzero(start[1:] + shift[1:] < reach[:-1]) + 1
    return order[linked], order[linked - 1]


def by_fraction(groups: np.ndarray, labels: np.ndarray, split: FractionSplit, seed: int) -> np.ndarray:
    """Index into PARTS (N,). Label by label, groups in random order fill test, then validation, while they fit.

    A group too big for what is left trains. Groups that hold several labels are dealt with the first of them.
    """
    use_numba_cache()
    from .unionfind import deal

    random = np.random.default_rng([seed, 2])
    numbers, members = np.unique(groups, return_inverse=True)
    parts = np.full(len(numbers), UNDECIDED, dtype=np.int8)
    found, at = np.unique(labels, return_index=True)
    for label in found[np.argsort(at)]:
        mine = labels == label
        test, validation = (
            max(1, round(share * int(mine.sum()))) for share in (split.test_fraction, split.validation_fraction)
        )
        sizes = np.bincount(members[mine], minlength=len(numbers))
        order = random.permutation(np.flatnonzero((sizes > 0) & (parts == UNDECIDED)))
        deal(order, sizes, parts, test, validation)
    return parts[members]
