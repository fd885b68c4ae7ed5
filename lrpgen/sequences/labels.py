"""A table of labels or values for regions and sequences: what a multi-label or regression model learns."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NoReturn

import numpy as np

from ..errors import InputError
from .names import NameIndex, keys_of
from .reading import lines

TASKS = ("classes", "labels", "values")
_BLOCK = 4096  # lines turned into numbers at a time


def read_labels(path: Path, keys: np.ndarray, task: str, what: Path) -> tuple[list[str], np.ndarray]:
    """Column names and float32 (N, K) for the N names of `what`, given by their hashes (see `names.keys_of`).

    The table is tab-separated: a header, then a name (BED name or FASTA id) and K numbers on each line. For `task`
    "labels" the numbers are 0 or 1, for "values" any.

    Raises `InputError` with the line for a number that is none, a name twice or unknown, and without one for a region
    that has no line and a column that is the same everywhere.
    """
    columns, named, values, line_of = _read(Path(path), task)
    index = NameIndex(named)
    if index.twice:
        one, two = (int(line_of[row]) for row in index.twice)
        _bad(path, two, f"this name is already on line {one}", "give each name one line")
    if (stray := np.flatnonzero(~np.isin(named, keys))).size:
        line = int(line_of[stray[0]])
        _bad(path, line, f"no region of {what} has this name ({_name_on(Path(path), line)})", "remove the line")
    row = index.find(keys)
    if (row < 0).any():
        at = int(np.argmax(row < 0))
        count = int((row < 0).sum())
        raise InputError(
            f"{path} has no line for {count} of {len(keys)} regions of {what} (first: number {at + 1} there); "
            "add their labels or remove the regions"
        )
    found = values[row]
    check_varied(path, columns, found, "everywhere")
    return columns, found


def check_varied(path: Path | None, columns: list[str], values: np.ndarray, where: str) -> None:
    """Raise `InputError` for a column of `values` (N, K) with a single value: nothing could be learned from it."""
    if len(values) and (same := np.flatnonzero(values.min(0) == values.max(0))).size:
        name, value = columns[same[0]], values[0, same[0]]
        raise InputError(f"{path}: column {name!r} is {value:g} {where}; remove it or give other regions")


def _read(path: Path, task: str) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Columns, hashes of the names (M,), values (M, K) and line numbers (M,)."""
    columns: list[str] = []
    blocks: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    names: list[str] = []
    rows: list[list[float]] = []
    numbers: list[int] = []
    for number, line in lines(path, "label table"):
        if not line.strip():
            continue
        fields = line.split("\t")
        if not columns:
            columns = _header(path, number, fields)
            continue
        if len(fields) != len(columns) + 1:
            _bad(path, number, f"{len(fields)} columns, the header has {len(columns) + 1}", "separate them by tabs")
        names.append(fields[0].strip())
        rows.append([_number(path, number, *pair, task) for pair in zip(columns, fields[1:], strict=True)])
        numbers.append(number)
        if len(rows) == _BLOCK:
            blocks.append((keys_of(names), np.array(rows, dtype=np.float32), np.array(numbers)))
            names, rows, numbers = [], [], []
    if rows:
        blocks.append((keys_of(names), np.array(rows, dtype=np.float32), np.array(numbers)))
    if not blocks:
        raise InputError(f"label table {path} has no line below its header; add one for each region")
    named, values, line_of = (np.concatenate(column) for column in zip(*blocks, strict=True))
    return columns, named, values, line_of


def _header(path: Path, number: int, fields: list[str]) -> list[str]:
    columns = [field.strip() for field in fields[1:]]
    if not columns:
        _bad(path, number, "one column", "the header needs a name column and at least one label, separated by tabs")
    if all(_is_number(column) for column in columns):
        _bad(path, number, "the first line holds numbers", "begin with a header that names the columns")
    if "" in columns or len(set(columns)) < len(columns):
        _bad(path, number, "the header has an empty or repeated column name", "name each column once")
    return columns


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(path: Path, number: int, column: str, text: str, task: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= np.finfo(np.float32).max:  # NaN too
        _bad(path, number, f"{text.strip()!r} in column {column!r} is not a number", "write a finite number")
    if task == "labels" and value not in (0, 1):
        _bad(path, number, f"{text.strip()!r} in column {column!r} is not 0 or 1", "use --task values for numbers")
    return value


def _name_on(path: Path, wanted: int) -> str:
    return next((line.split("\t")[0] for number, line in lines(path, "label table") if number == wanted), "")


def _bad(path: Path, number: int, wrong: str, hint: str) -> NoReturn:
    raise InputError(f"{path}:{number}: {wrong}; {hint}")
