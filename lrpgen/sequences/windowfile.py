"""Windows on disk: one HDF5 file, written whole or not at all, read whole or batch by batch.

Layout (version 1): `/regions/{chrom,start,end,name,score,strand,label,split}` (N,), `/onehot` int8 (N, 4, L) 5'->3' of
the region's strand; attributes format, version, classes (JSON list; its order is the class index), source, width, seed,
summary (JSON), fasta, bed, lrpgen_version.
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
from .split import PARTS

FORMAT, VERSION = "lrpgen-windows", 1
REGION_COLUMNS = ("chrom", "start", "end", "name", "score", "strand", "label", "split")
NUMERIC = {"start": np.int64, "end": np.int64, "score": np.float32}
NEEDED_ATTRS = ("classes", "source", "width", "seed", "summary")
JSON_ATTRS = ("classes", "summary")
CHUNK_ROWS = 64  # windows per chunk: a batch touches few chunks, a chunk compresses well


@dataclass
class WindowSet:
    """Windows in memory. `regions`: REGION_COLUMNS; `onehot`: int8 (N, 4, L); `classes`: names, index = class index.

    `attrs`: source, width, seed, summary (dict) and, where there are such files, fasta and bed.
    """

    regions: pd.DataFrame
    onehot: np.ndarray
    classes: list[str]
    attrs: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.regions)

    @property
    def width(self) -> int:
        return self.onehot.shape[2]

    @property
    def summary(self) -> dict[str, Any]:
        return self.attrs["summary"]

    @cached_property
    def targets(self) -> np.ndarray:
        """Class index int64 (N,) of each window's label."""
        return _targets(self.regions, self.classes)


def write_windows(path: str | Path, windows: WindowSet) -> None:
    """Write the layout above; raises `OutputError` where `path` cannot be written (a previous file stays)."""
    attrs = {"format": FORMAT, "version": VERSION, "classes": windows.classes, **windows.attrs}
    with hdf5.create(path, attrs, JSON_ATTRS) as file:
        for column in REGION_COLUMNS:
            values = windows.regions[column]
            if column in NUMERIC:
                file[f"regions/{column}"] = values.to_numpy(NUMERIC[column])
            else:
                text = np.array(values.tolist(), dtype=object)
                file.create_dataset(f"regions/{column}", data=text, dtype=h5py.string_dtype())
        file.create_dataset(
            "onehot",
            data=windows.onehot,
            chunks=(min(CHUNK_ROWS, len(windows)), *windows.onehot.shape[1:]),
            compression="gzip",
            compression_opts=4,
            shuffle=True,
        )


class WindowFile:
    """A windows file opened by `open_windows`; `onehot` and `batches` read only what is asked for."""

    def __init__(self, file: h5py.File, path: Path) -> None:
        self.path = path
        onehot = file["onehot"]
        assert isinstance(onehot, h5py.Dataset)
        self._onehot = onehot
        self.attrs = hdf5.attributes(file, JSON_ATTRS)
        self.classes: list[str] = self.attrs["classes"]
        self.regions = pd.DataFrame({column: _column(file, column) for column in REGION_COLUMNS})

    def __len__(self) -> int:
        return len(self.regions)

    @property
    def width(self) -> int:
        return self._onehot.shape[2]

    @property
    def summary(self) -> dict[str, Any]:
        return self.attrs["summary"]

    @cached_property
    def targets(self) -> np.ndarray:
        """Class index int64 (N,) of each window's label."""
        return _targets(self.regions, self.classes)

    def rows(self, *, split: str | None = None, labels: Sequence[str] | None = None) -> np.ndarray:
        """Row numbers (n,) of a part of the split and of some classes. Raises `InputError` for a name it has not."""
        keep = np.ones(len(self), dtype=bool)
        if split is not None:
            _check_names(self.path, "split", [split], PARTS)
            keep &= (self.regions["split"] == split).to_numpy()
        if labels is not None:
            _check_names(self.path, "class", labels, self.classes)
            keep &= self.regions["label"].isin(list(labels)).to_numpy()
        return np.flatnonzero(keep)

    def onehot(self, rows: slice | np.ndarray | Sequence[int] = slice(None)) -> np.ndarray:
        """int8 (n, 4, L) of a slice or of row numbers in any order, repeats allowed."""
        if isinstance(rows, slice):
            return self._onehot[rows]
        ordered, back = np.unique(np.asarray(rows, dtype=np.int64), return_inverse=True)  # HDF5 wants ascending rows
        return self._onehot[ordered][back] if len(ordered) else self._onehot[:0]

    def batches(self, index: np.ndarray | Sequence[int], size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """(row numbers (n,), onehot int8 (n, 4, L)) for `index` in its order, `size` rows at a time."""
        index = np.asarray(index, dtype=np.int64)
        for at in range(0, len(index), size):
            yield index[at : at + size], self.onehot(index[at : at + size])


@contextlib.contextmanager
def open_windows(path: str | Path) -> Iterator[WindowFile]:
    """Open a windows file read-only. Raises `InputError` when it is missing, damaged or something else."""
    needed = (*NEEDED_ATTRS, "onehot", *(f"regions/{name}" for name in REGION_COLUMNS))
    with hdf5.reading(path, "windows file", "`lrpgen windows`", FORMAT, VERSION, needed) as file:
        yield WindowFile(file, Path(path))


def read_windows(path: str | Path) -> WindowSet:
    """The whole file in memory; errors as in `open_windows`."""
    with open_windows(path) as file:
        return WindowSet(file.regions, file.onehot(), file.classes, file.attrs)


def _column(file: h5py.File, column: str) -> np.ndarray:
    data = file[f"regions/{column}"]
    assert isinstance(data, h5py.Dataset)
    return np.asarray(data[:] if column in NUMERIC else data.asstr()[:])


def _targets(regions: pd.DataFrame, classes: list[str]) -> np.ndarray:
    unknown = sorted(set(regions["label"]) - set(classes))
    if unknown:
        raise InputError(f"label {unknown[0]!r} is none of the classes {', '.join(classes)}; make the windows again")
    index = {name: number for number, name in enumerate(classes)}
    return np.array([index[name] for name in regions["label"]], dtype=np.int64)


def _check_names(path: Path, what: str, given: Sequence[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            raise InputError(f"{path} has no {what} {name!r}; choose from {', '.join(known)}")
