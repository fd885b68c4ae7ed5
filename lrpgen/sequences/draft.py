"""Windows before they are written: a table of numbers, letters in a spool; what is left out, and into which part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from .cut import NO_PART
from .groups import FractionSplit, by_fraction, group
from .labels import check_varied
from .options import WindowOptions
from .splits import UNLISTED, OnePart, PlaceSplit, check_filled, check_parts
from .spool import Spool, first_rows

# Why something was left out, as the summary says it.
ELSEWHERE, SIMILAR = "same sequence in another part", "similar sequence in another part"
LIKE_POSITIVE, AMBIGUOUS = "negative equal to a positive", "too many ambiguous bases"
UNLABELLED = -1
MORE_REGIONS = "--validation-fraction and --test-fraction, or give more regions that are no copies and do not overlap"


@dataclass
class Draft:
    """Windows in the order of the output; row i of `table` is row `rows[i]` of the spool.

    `table`: contig (int32, index into `contigs`), start, end (int64), minus (bool), score (float32), label (int16,
    index into `classes`, or UNLABELLED), part (int8, index into PARTS), and what `name` needs to word the names of
    some of its rows. `parent` (N,): the row that each window was made from; `overlaps`: whether windows that overlap
    on a contig must stay together. `targets`: float32 (N, K) for labels and values.
    """

    table: pd.DataFrame
    contigs: np.ndarray
    name: Callable[[pd.DataFrame], list[str]]
    spool: Spool
    classes: list[str]
    split: PlaceSplit | FractionSplit
    dropped: dict[str, int] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    parent: np.ndarray | None = None
    overlaps: bool = True
    negative: int | None = None  # label of the windows that may not equal any other
    targets: np.ndarray | None = None
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def keep(self, mask: np.ndarray) -> None:
        self.table = self.table.loc[mask].reset_index(drop=True)
        self.rows = self.rows[mask]
        if self.targets is not None:
            self.targets = self.targets[mask]

    def drop_classes(self) -> None:
        """Forget classes without a window; the others keep their order."""
        label = self.table["label"].to_numpy()
        present = [number for number in range(len(self.classes)) if (label == number).any()]
        again = np.full(len(self.classes) + 1, UNLABELLED, dtype=np.int16)
        again[present] = np.arange(len(present))
        self.table["label"] = again[label]
        self.classes = [self.classes[number] for number in present]


def finish(draft: Draft, options: WindowOptions) -> Draft:
    """Leave out what may not be there and give each window its part; raises `InputError` for parts that cannot serve.

    Left out: windows with too many ambiguous bases, negatives that equal a positive (one sequence, two labels) and,
    where places decide the part, copies and similar windows of a later part, with the shuffles made from them.
    """
    keys, forward = draft.spool.keys()
    first = first_rows(keys)
    draft.rows = np.arange(len(first))
    keep = _few_ambiguous(draft, options)
    keep &= _unlike_positives(draft, keys, forward)
    if isinstance(draft.split, FractionSplit):
        groups = _groups(draft, first, options.similarity)[keep]
        draft.keep(keep)
        draft.table["part"] = by_fraction(groups, draft.table["label"].to_numpy(), draft.split, options.seed)
        shares = {"validation_fraction": draft.split.validation_fraction, "test_fraction": draft.split.test_fraction}
        draft.notes["split"] = {"kind": "random", **shares}
    else:
        unlisted = (draft.table["part"] == UNLISTED).to_numpy()  # sequences that the table of names leaves out
        draft.dropped[NO_PART] = draft.dropped.get(NO_PART, 0) + int((unlisted & keep).sum())
        keep &= ~unlisted
        draft.keep(keep & _in_one_part(draft, first, keep, options.similarity))
        draft.notes["split"] = dict(draft.split.note)
    if options.similarity is not None:
        draft.notes["split"]["similarity"] = options.similarity
    _check(draft, options.labels)
    return draft


def repeated_elsewhere(first: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Mask (N,): windows whose sequence, or its reverse complement, is also in a later part of PARTS.

    `first` as `spool.first_rows` gives it. Left in place such windows would let a model be tested on what it was
    trained on; the test part stays as it is.
    """
    latest = np.full(len(first), -1, dtype=np.int64)
    np.maximum.at(latest, first, parts)
    return latest[first] > parts


def _few_ambiguous(draft: Draft, options: WindowOptions) -> np.ndarray:
    few = draft.spool.ambiguous() <= options.max_ambiguous_share * draft.spool.width
    if not few.any():
        raise InputError(
            f"zero windows left: each has more than --max-ambiguous-share {options.max_ambiguous_share:g} of N and "
            "other ambiguity codes; give a larger share or other regions"
        )
    draft.dropped[AMBIGUOUS] = int((~few).sum())
    return few


def _unlike_positives(draft: Draft, keys: np.ndarray, forward: np.ndarray) -> np.ndarray:
    if draft.negative is None:
        return np.ones(len(keys), dtype=bool)
    negative = (draft.table["label"] == draft.negative).to_numpy()
    # The very letters, not the other strand's: a reverse complement is another input to a model.
    same = first_rows(np.column_stack([keys, forward.astype(np.uint64)]))
    known = np.zeros(len(keys), dtype=bool)
    known[same[~negative]] = True
    like = negative & known[same]
    if negative.any() and like.sum() == negative.sum():
        raise InputError("one class only: every negative equals a positive; give other --negatives or sequences")
    draft.dropped[LIKE_POSITIVE] = int(like.sum())
    return ~like


def _groups(draft: Draft, first: np.ndarray, similarity: float | None) -> np.ndarray:
    place = tuple(draft.table[name].to_numpy() for name in ("contig", "start", "end"))
    # Contigs in the order of their names: which row a group is numbered by depends on it, and so does the draw.
    rank = np.argsort(np.argsort(draft.contigs)) if draft.overlaps else None
    places = None if rank is None else (rank[place[0]], place[1], place[2])
    groups = group(first, places, draft.parent)
    if similarity is None:
        return groups
    from .similarity import join_similar

    return join_similar(draft.spool, groups, similarity)


def _in_one_part(draft: Draft, first: np.ndarray, keep: np.ndarray, similarity: float | None) -> np.ndarray:
    parts = np.where(keep, draft.table["part"].to_numpy(), -1)
    parent = np.arange(len(parts)) if draft.parent is None else draft.parent
    copies = repeated_elsewhere(first, parts) & keep
    copies |= copies[parent] & keep
    draft.dropped[ELSEWHERE] = int(copies.sum())
    if similarity is None:
        return ~copies
    from .similarity import similar_elsewhere

    near = similar_elsewhere(draft.spool, np.where(copies, -1, parts), similarity)
    near = (near | near[parent]) & keep & ~copies
    draft.dropped[SIMILAR] = int(near.sum())
    return ~copies & ~near


def _check(draft: Draft, table: Path | None) -> None:
    label, part = draft.table["label"].to_numpy(), draft.table["part"].to_numpy()
    if isinstance(draft.split, OnePart):
        if not len(label):
            raise InputError("no windows are left; give other regions")
    elif draft.targets is None:
        hint = MORE_REGIONS if isinstance(draft.split, FractionSplit) else draft.split.hint
        check_parts(label, part, draft.classes, hint)
    else:
        check_filled(part, MORE_REGIONS if isinstance(draft.split, FractionSplit) else draft.split.hint)
        check_varied(table, draft.classes, draft.targets[part == 0], "in the whole train part")
    if draft.targets is None:
        draft.drop_classes()
