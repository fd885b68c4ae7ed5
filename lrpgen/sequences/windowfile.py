"""Windows on disk: one HDF5 file, written whole or not at all, read whole or batch by batch.

Layout (version 2): `/contigs` (C,) names; `/regions/` with chrom int32 (index into contigs), start and end int64, name,
score float32, strand int8 (0 is +, 1 is -), label int16 (index into classes, -1 for none) and split int8 (0 train,
1 validation, 2 test), each (N,); `/onehot` int8 (N, 4, L) 5'->3' of the region's strand; for the tasks labels and
values `/targets` float32 (N, K). Attributes: format, version, task, classes (JSON list; for the other tasks the K
column names), source, width, seed, summary (JSON), fasta, bed, lrpgen_version. Version 1, which is still read, has
text in place of the numbers, no contigs, no targets and no task.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from .. import hdf5
from ..errors import InputError
from .splits import PARTS
from .writer import CODES, COLUMN_ROWS, FORMAT, JSON_ATTRS, VERSION, chunk_rows, writing_windows

REGION_COLUMNS = ("chrom", "start", "end", "name", "score", "strand", "label", "split")
NUMERIC = {"start": np.int64, "end": np.int64, "score": np.float32}
NEEDED_ATTRS = ("classes", "source", "width", "seed", "summary")
STRANDS = ("+", "-")
NONE = "."  # the label of windows that have targets instead


@dataclass
class WindowSet:
    """Windows in memory. `regions`: REGION_COLUMNS; `onehot`: int8 (N, 4, L); `classes`: names, index = class index.

    `attrs`: source, width, seed, summary (dict) and, where there are such, fasta, bed and task. `values`: float32
    (N, K) of the tasks labels and values, K = len(classes).
    """

    regions: pd.DataFrame
    onehot: np.ndarray
    classes: list[str]
    attrs: dict[str, Any] = field(default_factory=dict)
    values: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.regions)

    @property
    def width(self) -> int:
        return self.onehot.shape[2]

    @property
    def summary(self) -> dict[str, Any]:
        return self.attrs["summary"]

    @property
    def task(self) -> str:
        return self.attrs.get("task", "classes")

    @cached_property
    def targets(self) -> np.ndarray:
        """Class index int64 (N,) of each window's label; float32 (N, K) for the tasks labels and values."""
        return self.values if self.values is not None else _known(_codes(self.regions["label"], self.classes))


def write_windows(path: str | Path, windows: WindowSet) -> None:
    """Write the layout above; raises `OutputError` where `path` cannot be written (a previous file stays)."""
    regions, values = windows.regions, windows.values
    contigs = pd.unique(regions["chrom"].to_numpy(object))
    codes = {name: regions[name].to_numpy() for name in ("start", "end", "score")}
    codes["chrom"] = _codes(regions["chrom"], contigs)
    codes["strand"] = _codes(regions["strand"], STRANDS)
    codes["label"] = _codes(regions["label"], [*windows.classes, NONE])
    codes["label"] = np.where(codes["label"] == len(windows.classes), -1, codes["label"])
    codes["split"] = _codes(regions["split"], PARTS)
    attrs = {"task": windows.task, "classes": windows.classes, **windows.attrs}
    total, columns = len(windows), None if values is None else values.shape[1]
    with writing_windows(path, attrs, np.asarray(contigs, dtype=object), total, windows.width, columns) as file:
        for at in range(0, total, COLUMN_ROWS):
            rows = slice(at, at + COLUMN_ROWS)
            part = None if values is None else values[rows]
            names = regions["name"].iloc[rows].tolist()
            file.write({name: codes[name][rows] for name in CODES}, names, windows.onehot[rows], part)


class WindowFile:
    """A windows file opened by `open_windows`. Opening reads nothing but attributes; columns are read when they are
    first asked for and stay as numbers (30 bytes a window), `onehot` and `batches` read only what is asked for."""

    def __init__(self, file: h5py.File, path: Path) -> None:
        self.path = path
        self._file: Any = file
        self._onehot: Any = file["onehot"]
        self.attrs = hdf5.attributes(file, JSON_ATTRS)
        self.classes: list[str] = self.attrs["classes"]
        self.task: str = self.attrs.get("task", "classes")

    def __len__(self) -> int:
        return self._onehot.shape[0]

    @property
    def width(self) -> int:
        return self._onehot.shape[2]

    @property
    def summary(self) -> dict[str, Any]:
        return self.attrs["summary"]

    @cached_property
    def contigs(self) -> np.ndarray:
        """Names (C,) that the column chrom counts in."""
        if self.attrs["version"] == 1:
            return pd.unique(self._file["regions/chrom"].asstr()[:])
        return np.asarray(self._file["contigs"].asstr()[:], dtype=object)

    @cached_property
    def regions(self) -> pd.DataFrame:
        """REGION_COLUMNS of all windows, with the names: some 100 bytes a window. `table` reads those of some."""
        return self.table(slice(None))

    @cached_property
    def targets(self) -> np.ndarray:
        """Class index int64 (N,) of each window's label; float32 (N, K) for the tasks labels and values."""
        return self._file["targets"][:] if "targets" in self._file else _known(self._column("label"))

    def table(self, rows: slice | np.ndarray | Sequence[int]) -> pd.DataFrame:
        """REGION_COLUMNS of a slice or of row numbers in any order."""
        texts = {"chrom": self.contigs, "strand": STRANDS, "label": [*self.classes, NONE], "split": PARTS}
        found: dict[str, np.ndarray] = {}
        for name in REGION_COLUMNS:
            if name == "name":
                found[name] = pick_rows(self._file["regions/name"].asstr(), rows, COLUMN_ROWS)
            else:
                values = self._column(name)[rows if isinstance(rows, slice) else np.asarray(rows, dtype=np.int64)]
                found[name] = np.asarray(texts[name], dtype=object)[values] if name in texts else values
        return pd.DataFrame(found)

    def rows(self, *, split: str | None = None, labels: Sequence[str] | None = None) -> np.ndarray:
        """Row numbers (n,) of a part of the split and of some classes. Raises `InputError` for a name it has not."""
        keep = np.ones(len(self), dtype=bool)
        if split is not None:
            _check_names(self.path, "split", [split], PARTS)
            keep &= self._column("split") == PARTS.index(split)
        if labels is not None:
            _check_names(self.path, "class", labels, self.classes)
            keep &= np.isin(self._column("label"), [self.classes.index(name) for name in labels])
        return np.flatnonzero(keep)

    def onehot(self, rows: slice | np.ndarray | Sequence[int] = slice(None)) -> np.ndarray:
        """int8 (n, 4, L) of a slice or of row numbers in any order, repeats allowed; each chunk is read once."""
        return pick_rows(self._onehot, rows, chunk_rows(len(self), self.width))

    def batches(self, index: np.ndarray | Sequence[int], size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """(row numbers (n,), onehot int8 (n, 4, L)) for `index` in its order, `size` rows at a time."""
        index = np.asarray(index, dtype=np.int64)
        for at in range(0, len(index), size):
            yield index[at : at + size], self.onehot(index[at : at + size])

    def _column(self, name: str) -> np.ndarray:
        """A column as numbers, whatever the version; kept once read."""
        if name not in (kept := self.__dict__.setdefault("_columns", {})):
            data = self._file[f"regions/{name}"]
            texts = {"chrom": self.contigs, "strand": STRANDS, "label": self.classes, "split": PARTS}
            old = self.attrs["version"] == 1 and name in texts
            kept[name] = _codes(data.asstr()[:], texts[name]) if old else data[:]
        return kept[name]


@contextlib.contextmanager
def open_windows(path: str | Path) -> Iterator[WindowFile]:
    """Open a windows file read-only. Raises `InputError` when it is missing, damaged or something else."""
    needed = (*NEEDED_ATTRS, "onehot", *(f"regions/{name}" for name in REGION_COLUMNS))
    with hdf5.reading(path, "windows file", "`lrpgen windows`", FORMAT, (1, VERSION), needed) as file:
        more = [] if file.attrs["version"] == 1 else ["contigs"]
        more += [] if file.attrs.get("task", "classes") == "classes" else ["targets"]
        if missing := [name for name in more if name not in file]:
            raise InputError(f"windows file {path} lacks {', '.join(missing)}; make it again")
        yield WindowFile(file, Path(path))


def read_windows(path: str | Path) -> WindowSet:
    """The whole file in memory; errors as in `open_windows`."""
    with open_windows(path) as file:
        values = None if file.task == "classes" else file.targets
        return WindowSet(file.regions, file.onehot(), file.classes, file.attrs, values)


def pick_rows(data: Any, rows: slice | np.ndarray | Sequence[int], chunk: int) -> np.ndarray:
    """Some rows of a dataset, chunk by chunk: HDF5's own selection of scattered rows costs a millisecond for each."""
    if isinstance(rows, slice):
        return np.asarray(data[rows])
    wanted = np.asarray(rows, dtype=np.int64)
    wanted = np.where(wanted < 0, wanted + len(data), wanted)
    if not len(wanted):
        return np.asarray(data[:0])
    order = np.argsort(wanted, kind="stable")
    ordered = wanted[order]
    if ordered[0] < 0 or ordered[-1] >= len(data):
        raise IndexError(f"row {ordered[-1]} does not exist; there are {len(data)} windows")
    found: np.ndarray | None = None
    edges = np.flatnonzero(np.diff(ordered // chunk)) + 1
    for part, back in zip(np.split(ordered, edges), np.split(order, edges), strict=True):
        first = int(part[0])
        block = np.asarray(data[first : int(part[-1]) + 1])
        if found is None:
            found = np.empty((len(wanted), *block.shape[1:]), dtype=block.dtype)
        found[back] = block[part - first]
    assert found is not None
    return found


def _codes(values: Any, names: Sequence[str] | np.ndarray) -> np.ndarray:
    """int64 (N,): the place of each value in `names`. Raises `InputError` for one that is not there."""
    found = pd.Index(list(names)).get_indexer(pd.Index(np.asarray(values, dtype=object)))
    if (found < 0).any():
        wrong = list(values)[int(np.argmax(found < 0))]
        raise InputError(f"label {wrong!r} is none of the classes {', '.join(names)}; make the windows again")
    return found


def _known(codes: np.ndarray) -> np.ndarray:
    if len(codes) and codes.min() < 0:
        raise InputError("some windows have no label; make the windows again")
    return codes.astype(np.int64)


def _check_names(path: Path, what: str, given: Sequence[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            raise InputError(f"{path} has no {what} {name!r}; choose from {', '.join(known)}")
