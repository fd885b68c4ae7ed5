"""Writing a windows file, version 2 (its layout: see `windowfile`), block by block."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .. import hdf5

FORMAT, VERSION = "lrpgen-windows", 2
JSON_ATTRS = ("classes", "summary")
CODES = {"chrom": np.int32, "start": np.int64, "end": np.int64, "score": np.float32}
CODES |= {"strand": np.int8, "label": np.int16, "split": np.int8}
CHUNK_ROWS = 64  # windows per chunk: a batch touches few chunks, a chunk compresses well
CHUNK_BYTES = 1 << 22  # wide windows: fewer per chunk, so that one row does not cost hundreds
COLUMN_ROWS = 1 << 14  # rows per chunk of a column
PACKED: dict[str, Any] = {"compression": "gzip", "compression_opts": 4, "shuffle": True}


def chunk_rows(total: int, width: int) -> int:
    return max(1, min(CHUNK_ROWS, total, CHUNK_BYTES // (4 * width)))


class WindowWriter:
    """Takes windows in the order of the file; every row must be given before it is closed."""

    def __init__(self, file: h5py.File, total: int, width: int, columns: int | None) -> None:
        self._at = 0
        self._data: dict[str, Any] = {}
        for name, kind in CODES.items():
            chunk = (min(COLUMN_ROWS, total),)
            self._data[name] = file.create_dataset(f"regions/{name}", (total,), kind, chunks=chunk, **PACKED)
        self._data["name"] = file.create_dataset("regions/name", (total,), h5py.string_dtype())
        rows = chunk_rows(total, width)
        shape = (total, 4, width)
        self._data["onehot"] = file.create_dataset("onehot", shape, np.int8, chunks=(rows, *shape[1:]), **PACKED)
        if columns is not None:
            chunk = (min(CHUNK_ROWS, total), columns)
            self._data["targets"] = file.create_dataset("targets", (total, columns), np.float32, chunks=chunk, **PACKED)

    def write(self, codes: dict[str, np.ndarray], names: Sequence[str], onehot: np.ndarray, targets: Any) -> None:
        """`codes`: the columns of CODES as numbers; blocks of whole chunks are written fastest."""
        rows = slice(self._at, self._at + len(onehot))
        for name, values in codes.items():
            self._data[name][rows] = values
        self._data["name"][rows] = np.array(names, dtype=object)
        self._data["onehot"][rows] = onehot
        if targets is not None:
            self._data["targets"][rows] = targets
        self._at += len(onehot)


@contextlib.contextmanager
def writing_windows(
    path: str | Path, attrs: dict[str, Any], contigs: np.ndarray, total: int, width: int, columns: int | None
) -> Iterator[WindowWriter]:
    """A windows file of `total` windows; whole or not at all. Raises `OutputError` where `path` cannot be written."""
    with hdf5.create(path, {"format": FORMAT, "version": VERSION, **attrs}, JSON_ATTRS) as file:
        data = file.create_dataset("contigs", (len(contigs),), h5py.string_dtype())
        for at in range(0, len(contigs), COLUMN_ROWS):
            data[at : at + COLUMN_ROWS] = np.array(contigs[at : at + COLUMN_ROWS].tolist(), dtype=object)
        yield WindowWriter(file, total, width, columns)
