"""Which part a window belongs to by where it lies: by position, by contig, or everything in the test part.

The random split by groups is in `groups`, the file of folds in `folds`. A window that is cut by a boundary, or on a
contig that no part names, belongs to none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..errors import InputError

PARTS = ("train", "validation", "test")
ACROSS, UNLISTED, UNDECIDED = -1, -2, -3  # in no part: cut by a boundary; on a contig no part names; not dealt yet


class PlaceSplit(Protocol):
    """A split that a window's place decides. `note` goes into the summary, `hint` names the options that change it."""

    @property
    def note(self) -> dict[str, Any]: ...
    @property
    def hint(self) -> str: ...
    def parts(self, contig: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """int8 (N,) index into PARTS, or ACROSS, or UNLISTED; `contig` is the number of the contig in the FASTA."""
        ...


@dataclass(frozen=True)
class PositionSplit:
    """The same two positions (0-based) on every contig."""

    validation_start: int
    test_start: int
    hint = "--validation-start and --test-start"

    def __post_init__(self) -> None:
        if not 0 < self.validation_start < self.test_start:
            raise InputError(
                f"--validation-start {self.validation_start} and --test-start {self.test_start} do not make three "
                "parts; give 0 < validation start < test start"
            )

    @property
    def note(self) -> dict[str, Any]:
        return {"kind": "position", "validation_start": self.validation_start, "test_start": self.test_start}

    def parts(self, contig: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        edges = (self.validation_start, self.test_start)
        first, last = (np.searchsorted(edges, position, side="right") for position in (start, end - 1))
        return np.where(first == last, first, ACROSS).astype(np.int8)


@dataclass(frozen=True)
class ContigSplit:
    """Whole contigs: `part_of` (C,) gives each contig of the FASTA its part, or UNLISTED."""

    part_of: np.ndarray
    note: dict[str, Any]
    hint: str

    def parts(self, contig: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        return self.part_of[contig]


@dataclass(frozen=True)
class OnePart:
    """Every window in one part: `none` tests all (a model trained elsewhere); `later` leaves it to the groups."""

    part: int
    hint = "the regions"

    @property
    def note(self) -> dict[str, Any]:
        return {"kind": "none"}

    def parts(self, contig: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        return np.full(len(start), self.part, dtype=np.int8)


@dataclass(frozen=True)
class NameSplit:
    """A table of names decides: the source gives each region its part (`folds.name_folds`)."""

    file: str
    hint = "the table of --split-file"

    @property
    def note(self) -> dict[str, Any]:
        return {"kind": "file", "file": self.file}

    def parts(self, contig: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        raise InputError(f"{self.file} lists names, which new negatives have not; give a split by contig or position")


def by_contigs(
    contigs: Iterable[str], validation: Sequence[str], test: Sequence[str], what: str = "the FASTA"
) -> ContigSplit:
    """Named contigs validate and test, all others train.

    Raises `InputError` for contigs that are in both parts or not in the FASTA, and for a part without any.
    """
    hint = "--validation-contigs and --test-contigs"
    if not validation or not test:
        raise InputError(f"--split contig needs {hint}; give each at least one contig, separated by commas")
    contigs = list(contigs)
    split = named_contigs(contigs, {1: validation, 2: test}, hint, what)
    part_of = np.where(split == UNLISTED, 0, split).astype(np.int8)
    if not (part_of == 0).any():
        raise InputError(f"{hint} name every contig of {what}, so that none is left to train on; name fewer")
    note = {"kind": "contig", "validation": sorted(set(validation)), "test": sorted(set(test))}
    return ContigSplit(part_of, note, hint)


def named_contigs(
    contigs: Sequence[str], parts: Mapping[int, Sequence[str]], where: str, what: str = "the FASTA"
) -> np.ndarray:
    """int8 (C,): the part of each contig, UNLISTED where none is named; errors as in `by_contigs`."""
    number = {name: index for index, name in enumerate(contigs)}
    if unknown := [name for names in parts.values() for name in names if name not in number]:
        few = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
        have = ", ".join(contigs[:3])
        raise InputError(f"{where}: {few} not in {what} (which has {have} ...); use the same names in both")
    found = np.full(len(contigs), UNLISTED, dtype=np.int8)
    for part, names in parts.items():
        for name in names:
            if found[number[name]] not in (UNLISTED, part):
                raise InputError(f"{where}: contig {name} is in two parts; name it in one only")
            found[number[name]] = part
    return found


def check_parts(labels: np.ndarray, parts: np.ndarray, classes: Sequence[str], hint: str, least: int = 2) -> None:
    """Raise `InputError` unless there are `least` classes and each part has windows of each; `hint`: the options to change.

    `labels` and `parts` (N,) are indices into `classes` and PARTS. A class that a part lacks could not be learned,
    watched or measured there.
    """
    counts = np.bincount(labels, minlength=len(classes))
    present = [name for name, count in zip(classes, counts, strict=True) if count]
    if len(present) < least:
        left = f"{present[0]} windows are all that is left" if present else "no windows are left"
        raise InputError(f"one class only: {left}; give regions of two classes")
    for number, part in enumerate(PARTS):
        here = np.bincount(labels[parts == number], minlength=len(classes))
        if not here.any():
            raise InputError(f"the {part} part is empty; change {hint}")
        for name, count in zip(classes, here, strict=True):
            if name in present and not count:
                raise InputError(f"the {part} part has no {name} windows; change {hint}")


def check_filled(parts: np.ndarray, hint: str) -> None:
    """Raise `InputError` unless each part has windows: enough for numbers to predict, which have no classes."""
    for number, part in enumerate(PARTS):
        if not (parts == number).any():
            raise InputError(f"the {part} part is empty; change {hint}")
