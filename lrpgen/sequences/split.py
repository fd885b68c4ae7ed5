"""Which part a window belongs to: train, validation or test, and never a neighbour, a copy or a shuffle in two of them.

Two ways, one per kind of source:

* by position (`PositionSplit`): on every contig, windows that end at or before `validation_start` train, windows
  between it and `test_start` validate, windows from `test_start` on test; a window across a boundary belongs to none.
* by fraction (`by_fraction`): windows are first grouped (same sequence or its reverse complement, overlapping
  intervals, a shuffle and its positive), then whole groups are dealt out at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import InputError
from .onehot import reverse_complement_array

PARTS = ("train", "validation", "test")
ACROSS = -1  # the part of a window that belongs to none


@dataclass(frozen=True)
class PositionSplit:
    """The same two positions (0-based) on every contig."""

    validation_start: int
    test_start: int

    def __post_init__(self) -> None:
        if not 0 < self.validation_start < self.test_start:
            raise InputError(
                f"--validation-start {self.validation_start} and --test-start {self.test_start} do not make three "
                "parts; give 0 < validation start < test start"
            )

    def parts(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Index into PARTS for each interval, ACROSS for one that crosses a boundary."""
        edges = (self.validation_start, self.test_start)
        first, last = (np.searchsorted(edges, position, side="right") for position in (start, end - 1))
        return np.where(first == last, first, ACROSS)


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


def sequence_keys(onehot: np.ndarray) -> list[bytes]:
    """One key per window of (N, 4, L), the same for a sequence and its reverse complement."""
    other = reverse_complement_array(onehot)
    return [min(a.tobytes(), b.tobytes()) for a, b in zip(onehot, other, strict=True)]


def repeated_elsewhere(onehot: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Mask (N,): windows whose sequence, or its reverse complement, is also in a later part of PARTS.

    Left in place they would let a model be tested on what it was trained on; the test part stays as it is.
    """
    latest: dict[bytes, int] = {}
    keys = sequence_keys(onehot)
    for key, part in zip(keys, parts, strict=True):
        latest[key] = max(latest.get(key, 0), int(part))
    return np.array([latest[key] > part for key, part in zip(keys, parts, strict=True)], dtype=bool)


def group(onehot: np.ndarray, regions: pd.DataFrame | None = None, parent: np.ndarray | None = None) -> np.ndarray:
    """Group number (N,) of each window: windows of one group must stay in one part.

    `regions` (chrom, start, end) adds overlaps on either strand; `parent` (N,) the row that each window was made from.
    """
    root = np.arange(len(onehot))

    def find(row: int) -> int:
        while root[row] != row:
            root[row] = root[root[row]]
            row = root[row]
        return row

    def join(one: int, two: int) -> None:
        root[find(one)] = find(two)

    first: dict[bytes, int] = {}
    for row, key in enumerate(sequence_keys(onehot)):
        join(row, first.setdefault(key, row))
    if parent is not None:
        for row, made_from in enumerate(parent):
            join(row, int(made_from))
    if regions is not None:
        for one, two in _neighbours(regions):
            join(one, two)
    return np.array([find(row) for row in range(len(onehot))])


def _neighbours(regions: pd.DataFrame) -> list[tuple[int, int]]:
    """Pairs of rows that link every chain of overlapping intervals."""
    chrom, start, end = (regions[column].to_numpy() for column in ("chrom", "start", "end"))
    pairs, last, reach = [], -1, 0
    for row in sorted(range(len(regions)), key=lambda i: (chrom[i], start[i])):
        if last >= 0 and chrom[row] == chrom[last] and start[row] < reach:
            pairs.append((row, last))
            reach = max(reach, end[row])
        else:
            reach = end[row]
        last = row
    return pairs


def by_fraction(groups: np.ndarray, labels: Sequence[str], split: FractionSplit, seed: int) -> np.ndarray:
    """Index into PARTS (N,). Class by class, groups in random order fill test, then validation, while they fit.

    A group too big for what is left trains. Groups that hold several classes are dealt with the first of them.
    """
    random = np.random.default_rng([seed, 2])
    names = np.asarray(labels, dtype=object)
    parts = np.full(len(groups), ACROSS)
    shares = {2: split.test_fraction, 1: split.validation_fraction}
    members = pd.Series(np.arange(len(groups))).groupby(groups).indices
    for label in dict.fromkeys(labels):
        mine = names == label
        room = {part: max(1, round(share * mine.sum())) for part, share in shares.items()}
        for number in random.permutation(np.unique(groups[mine & (parts == ACROSS)])):
            rows = members[number]
            size = int(mine[rows].sum())
            part = next((part for part, left in room.items() if size <= left), 0)
            parts[rows] = part
            if part:
                room[part] -= size
    return parts


def check_parts(labels: np.ndarray, parts: np.ndarray, classes: list[str], hint: str) -> None:
    """Raise `InputError` unless there are two classes and each part has windows of each; `hint`: the options to change.

    `labels` and `parts` (N,) are names. A class that a part lacks could not be learned, watched or measured there.
    """
    present = [name for name in classes if (labels == name).any()]
    if len(present) < 2:
        left = f"{present[0]} windows are all that is left" if present else "no windows are left"
        raise InputError(f"one class only: {left}; give regions of two classes")
    for part in PARTS:
        here = set(labels[parts == part])
        if not here:
            raise InputError(f"the {part} part is empty; change {hint}")
        for name in classes:
            if name not in here:
                raise InputError(f"the {part} part has no {name} windows; change {hint}")
