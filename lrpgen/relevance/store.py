"""The relevance store: one HDF5 file, chunked by region and compressed, so that zeros cost next to nothing.

Layout (version 2): `/regions/{chrom,start,end,name,score,strand,label,split}`, texts of fixed length in UTF-8, `/onehot`
int8 (N, 4, L), `/relevance` float32 (N, L) 5'->3' of the region's strand, `/multipliers` float16 (N, 4, L) hypothetical
contributions, `/output` float32 (N, K), `/target` int32 (N,), `/start` float32 (N,) the relevance that entered at the
output, `/ledger/{layer,op,rule}` (M,) and `/ledger/{column}` float32 (N, M); attributes say how it was made, how many
`rows` there are and what their `content_sha256` is. `/onehot` and `/multipliers` are absent from stores of genome tiles.
Where several models were explained, all of this is the mean over them, and `/spread` float32 (N, L) is the standard
deviation of the relevance. Version 1, which is still read, has texts of variable length and no checksum.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from .. import hdf5
from ..errors import InputError
from ..sequences.windowfile import REGION_COLUMNS, pick_rows
from .layout import COLUMN_ROWS, FORMAT, JSON_ATTRS, LEDGER_COLUMNS, LEDGER_NAMES, VERSION, Batch, Checksum, texts
from .writer import Writer, create

__all__ = ["LEDGER_COLUMNS", "LEDGER_NAMES", "Batch", "Store", "Writer", "create", "open_store"]

BATCH_BYTES = 1 << 26  # read at a time when a store is read from end to end


class Store:
    """A store opened for reading; arrays come from disk by slice, so memory follows what is asked for."""

    def __init__(self, file: h5py.File, path: Path) -> None:
        self.file, self.path = file, path
        self.attrs: dict[str, Any] = hdf5.attributes(file, JSON_ATTRS)
        self.classes: list[str] = self.attrs["classes"]

    def _data(self, key: str) -> h5py.Dataset:
        data = self.file.get(key)
        if not isinstance(data, h5py.Dataset):
            raise InputError(f"{self.path} holds no {key}; explain windows (not tiles) with multipliers to get it")
        return data

    def _read(self, key: str, rows: Any = slice(None)) -> np.ndarray:
        """Some rows: a slice, one number, a mask, or numbers in any order. Raises `InputError` where the file is damaged."""
        data = self._data(key)
        view: Any = data.asstr() if h5py.check_string_dtype(data.dtype) else data
        if isinstance(rows, np.ndarray) and rows.dtype == bool:
            rows = np.flatnonzero(rows)
        try:
            if isinstance(rows, int | np.integer):
                return view[rows]
            return pick_rows(view, rows, data.chunks[0] if data.chunks else len(data))
        except OSError as error:
            raise InputError(f"{self.path} is damaged ({key} cannot be read); make it again") from error

    def __len__(self) -> int:
        return self.attrs["rows"]

    @property
    def width(self) -> int:
        return self._data("relevance").shape[1]

    @property
    def regions(self) -> pd.DataFrame:
        return self.regions_slice(slice(None))

    def regions_slice(self, rows: slice | np.ndarray) -> pd.DataFrame:
        return pd.DataFrame({column: self.column(column, rows) for column in REGION_COLUMNS})

    def column(self, name: str, rows: Any = slice(None)) -> np.ndarray:
        """One of the columns of `regions`."""
        return self._read(f"regions/{name}", rows)

    def overlapping(self, chrom: str, start: int, end: int) -> np.ndarray:
        """Numbers (n,) of the rows whose region shares a base with [start, end) of `chrom`, on either strand."""
        found = [np.empty(0, np.int64)]
        for at in range(0, len(self), 16 * COLUMN_ROWS):
            rows = slice(at, at + 16 * COLUMN_ROWS)
            near = (self._read("regions/start", rows) < end) & (self._read("regions/end", rows) > start)
            if near.any():
                there = np.flatnonzero(near)
                near_chrom = self._read("regions/chrom", slice(at + int(there[0]), at + int(there[-1]) + 1))
                found.append(at + there[near_chrom[there - there[0]] == chrom])
        return np.concatenate(found)

    def has(self, key: str) -> bool:
        return key in self.file

    def relevance(self, rows: Any = slice(None)) -> np.ndarray:
        return self._read("relevance", rows)

    def spread(self, rows: Any = slice(None)) -> np.ndarray:
        """(n, L) standard deviation of the relevance over the models of an ensemble."""
        return self._read("spread", rows)

    def onehot(self, rows: Any = slice(None)) -> np.ndarray:
        return self._read("onehot", rows)

    def multipliers(self, rows: Any = slice(None)) -> np.ndarray:
        return self._read("multipliers", rows)

    def output(self, rows: Any = slice(None)) -> np.ndarray:
        return self._read("output", rows)

    def start(self, rows: Any = slice(None)) -> np.ndarray:
        """(n,) relevance that entered at the output."""
        return self._read("start", rows)

    @property
    def target(self) -> np.ndarray:
        return self._read("target")

    def explained(self, target: str) -> np.ndarray:
        """Rows that explain class `target`; `InputError` when there is no such class or no such row."""
        if target not in self.classes:
            raise InputError(f"{self.path} has no class {target!r}; choose one of {', '.join(self.classes)}")
        rows = np.flatnonzero(self.target == self.classes.index(target))
        if not len(rows):
            raise InputError(f"{self.path} explains no window for class {target!r}; explain some with `lrpgen explain`")
        return rows

    def blocks(self, rows: np.ndarray, bases: int) -> list[np.ndarray]:
        """`rows` (n,), ascending, in parts: each lies in one stretch of the store, of at most `bases` bases or one row."""
        step = max(bases // self.width, 1)
        return np.split(rows, np.flatnonzero(np.diff(rows // step)) + 1)

    def ledger_names(self) -> dict[str, list[str]]:
        return {column: list(self._read(f"ledger/{column}")) for column in LEDGER_NAMES}

    def ledger(self, column: str, rows: Any = slice(None)) -> np.ndarray:
        """(n, M): one of LEDGER_COLUMNS for each region and layer."""
        return self._read(f"ledger/{column}", rows)

    def batch(self, rows: slice) -> Batch:
        return Batch(
            regions=self.regions_slice(rows),
            relevance=self.relevance(rows),
            output=self.output(rows),
            target=self._read("target", rows),
            ledger={column: self.ledger(column, rows) for column in LEDGER_COLUMNS},
            start=self.start(rows) if self.has("start") else None,
            spread=self.spread(rows) if self.has("spread") else None,
            onehot=self.onehot(rows) if self.has("onehot") else None,
            multipliers=self.multipliers(rows) if self.has("multipliers") else None,
        )

    def batches(self) -> Iterator[Batch]:
        """Everything in order, a part at a time; after the last one the checksum must fit.

        Raises `InputError` where the file is damaged: wrong checksum or number of rows, NaN.
        """
        row = sum(d.nbytes // max(len(d), 1) for d in self.file.values() if isinstance(d, h5py.Dataset) and d.ndim > 1)
        step = max(1, min(COLUMN_ROWS, BATCH_BYTES // max(row, 1)))
        checksum = Checksum()
        if "ledger/layer" in self.file:
            checksum.add({f"ledger/{column}": texts(names) for column, names in self.ledger_names().items()})
        for start in range(0, len(self), step):
            batch = self.batch(slice(start, start + step))
            checksum.add(batch.arrays())
            yield batch
        if len(self) and len(self._data("relevance")) != len(self):
            raise InputError(f"{self.path} is damaged: not the {len(self):,} rows it was made with; make it again")
        if self.attrs.get("content_sha256", checksum.hexdigest()) != checksum.hexdigest():
            raise InputError(f"{self.path} is damaged: its content does not fit its checksum; make it again")

    def verify(self) -> None:
        """Read everything; errors as in `batches`."""
        for _ in self.batches():
            pass


@contextlib.contextmanager
def open_store(path: str | Path) -> Iterator[Store]:
    """Open a relevance store read-only, by as many processes as like. Raises `InputError` when it is missing, damaged or
    something else."""
    with hdf5.reading(
        path, "relevance store", "`lrpgen explain` or `lrpgen gather`", FORMAT, (1, VERSION), ("classes", "rows")
    ) as file:
        yield Store(file, Path(path))
