"""Folds that somebody else made: a JSON file of contigs per part, or a table of names and parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..files import existing, read_json
from .names import NameIndex, keys_of
from .reading import lines
from .splits import UNLISTED, ContigSplit, named_contigs

_PART = {"train": 0, "training": 0, "valid": 1, "validation": 1, "val": 1, "test": 2}


def is_contig_file(path: Path) -> bool:
    """Whether `path` is JSON (contigs of each part) and not a table of names."""
    with open(existing(path, "fold file"), "rb") as handle:
        return handle.read(64).lstrip().startswith(b"{")


def contig_folds(path: Path, contigs: Sequence[str]) -> ContigSplit:
    """The split of a JSON file {"train": [contigs], "valid": [...], "test": [...]}, as chrombpnet writes them.

    Raises `InputError` for anything else, a contig that the FASTA has not, and one that is in two parts.
    """
    found: Any = read_json(path, "fold file")
    shape = 'write {"train": [contigs], "valid": [...], "test": [...]}'
    if unknown := [key for key in found if key not in _PART]:
        raise InputError(f"fold file {path} has a part {unknown[0]!r}; {shape}")
    parts: dict[int, list[str]] = {}
    for key, names in found.items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise InputError(f"fold file {path}: {key} is not a list of contig names; {shape}")
        parts[_PART[key]] = [*parts.get(_PART[key], []), *names]
    if missing := [name for name, part in (("train", 0), ("valid", 1), ("test", 2)) if not parts.get(part)]:
        raise InputError(f"fold file {path} names no contig for {' and '.join(missing)}; {shape}")
    part_of = named_contigs(contigs, parts, f"fold file {path}")
    return ContigSplit(part_of, {"kind": "file", "file": path.name}, f"the fold file {path}")


def name_folds(path: Path, keys: np.ndarray) -> np.ndarray:
    """int8 (N,): the part of each name (given by its hash, see `names.keys_of`), UNLISTED where the table has none.

    The table has two columns, name and part, separated by a tab; `#` begins a comment. Raises `InputError` with the
    line for a part that is none, a name given twice, and a name that no region or sequence has.
    """
    names, parts, numbers = [], [], []
    for number, line in lines(path, "fold file"):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) != 2 or fields[1].strip() not in _PART:
            raise InputError(
                f"{path}:{number}: not a name, a tab and train, valid or test; write a table of two columns, or JSON"
            )
        names.append(fields[0].strip())
        parts.append(_PART[fields[1].strip()])
        numbers.append(number)
    listed = keys_of(names)
    index = NameIndex(listed)
    if index.twice:
        one, two = index.twice
        raise InputError(f"{path}:{numbers[two]}: {names[two]!r} is already on line {numbers[one]}; list each once")
    if (stray := np.flatnonzero(~np.isin(listed, keys))).size:
        at = int(stray[0])
        raise InputError(f"{path}:{numbers[at]}: no region or sequence is named {names[at]!r}; remove the line")
    row = index.find(keys)
    return np.where(row >= 0, np.append(parts, UNLISTED)[row], UNLISTED).astype(np.int8)
