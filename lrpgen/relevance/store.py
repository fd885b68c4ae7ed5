"""The relevance store: one HDF5 file, chunked by region and compressed, so that zeros cost next to nothing.

Layout (version 1): `/regions/{chrom,start,end,name,score,strand,label,split}`, `/onehot` int8 (N, 4, L),
`/relevance` float32 (N, L) 5'->3' of the region's strand, `/multipliers` float16 (N, 4, L) hypothetical contributions,
`/output` float32 (N, K), `/target` int32 (N,), `/start` float32 (N,) the relevance that entered at the output,
`/ledger/{layer,op,rule}` (M,) and `/ledger/{column}` float32 (N, M); attributes say how it was made and how many `rows`
there are. `/onehot` and `/multipliers` are absent from stores of genome tiles. Where several models were explained, all
of this is the mean over them, and `/spread` float32 (N, L) is the standard deviation of the relevance.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from .. import hdf5
from ..errors import InputError
from ..sequences.windowfile import NUMERIC, REGION_COLUMNS

FORMAT, VERSION = "lrpgen-relevance", 1
LEDGER_NAMES = ("layer", "op", "rule")
LEDGER_COLUMNS = (
    "sum_in", "sum_out", "absorbed_bias", "absorbed_epsilon", "stranded", "scaled", "dropped", "pooled", "mass", "zeros",
)  # fmt: skip
JSON_ATTRS = ("classes", "method", "source")  # the attributes that are lists or tables
CHUNK_ROWS = 64  # regions per chunk: one read touches few chunks, one chunk compresses well


@dataclass
class Batch:
    """What one batch of windows adds to a store; `ledger` maps each of LEDGER_COLUMNS to (n, M)."""

    regions: pd.DataFrame
    relevance: np.ndarray
    output: np.ndarray
    target: np.ndarray
    ledger: dict[str, np.ndarray]
    onehot: np.ndarray | None = None
    multipliers: np.ndarray | None = None
    start: np.ndarray | None = None
    spread: np.ndarray | None = None


class Writer:
    """Appends batches; use through `create`."""

    def __init__(self, file: h5py.File) -> None:
        self.file = file
        self.rows = 0

    def append(self, batch: Batch) -> None:
        n = len(batch.regions)
        if not np.isfinite(batch.relevance).all():
            raise InputError(
                f"relevance of region {batch.regions['name'].iloc[_first_bad(batch.relevance)]} is not finite; "
                "check the model's weights for NaN or Inf"
            )
        for column in REGION_COLUMNS:
            self._add(f"regions/{column}", _encode(column, batch.regions[column]))
        self._add("relevance", batch.relevance.astype(np.float32))
        self._add("output", batch.output.astype(np.float32))
        self._add("target", batch.target.astype(np.int32))
        for column in LEDGER_COLUMNS:
            self._add(f"ledger/{column}", batch.ledger[column].astype(np.float32))
        if batch.start is not None:
            self._add("start", batch.start.astype(np.float32))
        if batch.spread is not None:
            self._add("spread", batch.spread.astype(np.float32))
        if batch.onehot is not None:
            self._add("onehot", batch.onehot.astype(np.int8))
        if batch.multipliers is not None:
            self._add("multipliers", batch.multipliers.astype(np.float16))
        self.rows += n

    def layers(self, names: dict[str, list[str]]) -> None:
        """Name the ledger's layers once: LEDGER_NAMES, each (M,)."""
        for column in LEDGER_NAMES:
            self.file[f"ledger/{column}"] = np.array(names[column], dtype=h5py.string_dtype())

    def _add(self, key: str, values: np.ndarray) -> None:
        if key not in self.file:
            text = values.dtype.kind == "O"
            self.file.create_dataset(
                key,
                shape=(0, *values.shape[1:]),
                maxshape=(None, *values.shape[1:]),
                chunks=(CHUNK_ROWS if values.ndim > 1 else 4096, *values.shape[1:]),
                dtype=h5py.string_dtype() if text else values.dtype,
                compression="gzip",
                compression_opts=4,
                shuffle=not text,
            )
        data = self.file[key]
        assert isinstance(data, h5py.Dataset)
        data.resize(self.rows + len(values), axis=0)
        data[self.rows :] = values


@contextlib.contextmanager
def create(path: str | Path, attrs: dict[str, Any]) -> Iterator[Writer]:
    """A new store at `path`, whole or not at all. JSON_ATTRS among `attrs` hold what JSON can."""
    with hdf5.create(path, {"format": FORMAT, "version": VERSION, **attrs}, JSON_ATTRS) as file:
        writer = Writer(file)
        yield writer
        file.attrs["rows"] = writer.rows


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

    def __len__(self) -> int:
        return self.attrs["rows"]

    @property
    def width(self) -> int:
        return self._data("relevance").shape[1]

    @property
    def regions(self) -> pd.DataFrame:
        return self.regions_slice(slice(None))

    def regions_slice(self, rows: slice) -> pd.DataFrame:
        columns = {}
        for column in REGION_COLUMNS:
            data = self._data(f"regions/{column}")
            columns[column] = data[rows] if column in NUMERIC else data.asstr()[rows]
        return pd.DataFrame(columns)

    def has(self, key: str) -> bool:
        return key in self.file

    def relevance(self, rows: Any = slice(None)) -> np.ndarray:
        return self._data("relevance")[rows]

    def spread(self, rows: Any = slice(None)) -> np.ndarray:
        """(n, L) standard deviation of the relevance over the models of an ensemble."""
        return self._data("spread")[rows]

    def onehot(self, rows: Any = slice(None)) -> np.ndarray:
        return self._data("onehot")[rows]

    def multipliers(self, rows: Any = slice(None)) -> np.ndarray:
        return self._data("multipliers")[rows]

    def output(self, rows: Any = slice(None)) -> np.ndarray:
        return self._data("output")[rows]

    def start(self, rows: Any = slice(None)) -> np.ndarray:
        """(n,) relevance that entered at the output."""
        return self._data("start")[rows]

    @property
    def target(self) -> np.ndarray:
        return self._data("target")[:]

    def explained(self, target: str) -> np.ndarray:
        """Rows that explain class `target`; `InputError` when there is no such class or no such row."""
        if target not in self.classes:
            raise InputError(f"{self.path} has no class {target!r}; choose one of {', '.join(self.classes)}")
        rows = np.flatnonzero(self.target == self.classes.index(target))
        if not len(rows):
            raise InputError(f"{self.path} explains no window for class {target!r}; explain some with `lrpgen explain`")
        return rows

    def ledger_names(self) -> dict[str, list[str]]:
        return {column: list(self._data(f"ledger/{column}").asstr()[:]) for column in LEDGER_NAMES}

    def ledger(self, column: str, rows: Any = slice(None)) -> np.ndarray:
        """(n, M): one of LEDGER_COLUMNS for each region and layer."""
        return self._data(f"ledger/{column}")[rows]

    def batch(self, rows: slice) -> Batch:
        return Batch(
            regions=self.regions_slice(rows),
            relevance=self.relevance(rows),
            output=self.output(rows),
            target=self._data("target")[rows],
            ledger={column: self.ledger(column, rows) for column in LEDGER_COLUMNS},
            start=self.start(rows) if self.has("start") else None,
            spread=self.spread(rows) if self.has("spread") else None,
            onehot=self.onehot(rows) if self.has("onehot") else None,
            multipliers=self.multipliers(rows) if self.has("multipliers") else None,
        )


@contextlib.contextmanager
def open_store(path: str | Path) -> Iterator[Store]:
    """Open a relevance store read-only. Raises `InputError` when it is missing, damaged or something else."""
    with hdf5.reading(
        path, "relevance store", "`lrpgen explain` or `lrpgen gather`", FORMAT, VERSION, ("classes", "rows")
    ) as file:
        yield Store(file, Path(path))


# Attributes that must agree before shards may be joined.
SAME = ("method", "model_sha256", "classes", "width", "seed", "source", "lrpgen_version")


def gather(shards: list[Path], output: Path) -> int:
    """Join shards into one store, streaming, in the order given; returns the number of regions.

    Raises `InputError` when a shard was made by another model, method or version.
    """
    if not shards:
        raise InputError("no shards to gather; give at least one")
    with open_store(shards[0]) as first:
        attrs = first.attrs
    with create(output, attrs) as writer:
        for shard in shards:
            with open_store(shard) as store:
                for key in SAME:
                    if store.attrs.get(key) != attrs.get(key):
                        raise InputError(f"{shard} differs from {shards[0]} in {key}; explain all shards the same way")
                if len(store) and not writer.rows:  # a shard without windows knows no layers
                    writer.layers(store.ledger_names())
                for start in range(0, len(store), 1024):
                    writer.append(store.batch(slice(start, start + 1024)))
        return writer.rows


def _encode(column: str, values: Any) -> np.ndarray:
    return values.to_numpy(NUMERIC[column]) if column in NUMERIC else values.astype(str).to_numpy(dtype=object)


def _first_bad(values: np.ndarray) -> int:
    return int(np.argmin(np.isfinite(values).all(axis=tuple(range(1, values.ndim)))))
