"""Writing a relevance store, batch by batch; its layout: see `store`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .. import hdf5
from ..errors import InputError, OutputError
from .layout import COLUMN_ROWS, FORMAT, JSON_ATTRS, LEDGER_NAMES, VERSION, Batch, Checksum, text_type, texts

CHUNK_ROWS = 64  # regions per chunk: one read touches few chunks, one chunk compresses well
CHUNK_BYTES = 1 << 20  # what HDF5 keeps of a dataset in memory; wide windows have fewer per chunk
TEXT_STEP = 16  # bytes by which a column of texts grows when a longer one comes
FINITE = ("relevance", "multipliers", "output", "start", "spread")
PACKED: dict[str, Any] = {"compression": "gzip", "compression_opts": 4, "shuffle": True}


class Writer:
    """Appends batches; use through `create`."""

    def __init__(self, file: h5py.File) -> None:
        self.file = file
        self.rows = 0
        self.checksum = Checksum()

    def append(self, batch: Batch) -> None:
        """Raises `InputError` for NaN and infinite values, and for ones too large for float16."""
        arrays = batch.arrays()
        for key in FINITE:
            if key in arrays and not np.isfinite(arrays[key]).all():
                _refuse(key, batch, arrays[key])
        self.checksum.add(arrays)
        for key, values in arrays.items():
            self._add(key, values)
        self.rows += len(batch.regions)

    def layers(self, names: dict[str, list[str]]) -> None:
        """Name the ledger's layers once: LEDGER_NAMES, each (M,)."""
        for column in LEDGER_NAMES:
            values = texts(names[column])
            self.file[f"ledger/{column}"] = values.astype(text_type(values.dtype.itemsize))
            self.checksum.add({f"ledger/{column}": values})

    def _add(self, key: str, values: np.ndarray) -> None:
        if values.dtype.kind == "S":
            values = values.astype(text_type(self._room(key, values.dtype.itemsize)))
        if key not in self.file:
            self._create(key, values)
        data = self._data(key)
        data.resize(self.rows + len(values), axis=0)
        data[self.rows :] = values

    def _create(self, key: str, values: np.ndarray) -> h5py.Dataset:
        row = values.itemsize * int(np.prod(values.shape[1:]))
        rows = COLUMN_ROWS if values.ndim == 1 else max(1, min(CHUNK_ROWS, CHUNK_BYTES // max(row, 1)))
        rest = values.shape[1:]
        return self.file.create_dataset(
            key, shape=(0, *rest), maxshape=(None, *rest), chunks=(rows, *rest), dtype=values.dtype, **PACKED
        )

    def _data(self, key: str) -> h5py.Dataset:
        data = self.file[key]
        assert isinstance(data, h5py.Dataset)
        return data

    def _room(self, key: str, needed: int) -> int:
        """Bytes a text of this column has; where that is too few the column is copied to a wider one."""
        have = self._data(key).dtype.itemsize if key in self.file else 0
        if have >= needed:
            return have
        room = -(-needed // TEXT_STEP) * TEXT_STEP
        if have:
            old = self._data(key)
            del self.file[key]  # the name alone: the data stay readable through `old`
            new = self._create(key, np.empty(0, text_type(room)))
            new.resize(len(old), axis=0)
            for at in range(0, len(old), COLUMN_ROWS):
                new[at : at + COLUMN_ROWS] = old[at : at + COLUMN_ROWS]
        return room


@contextlib.contextmanager
def create(path: str | Path, attrs: dict[str, Any]) -> Iterator[Writer]:
    """A new store at `path`, whole or not at all. JSON_ATTRS among `attrs` hold what JSON can.

    What was written is read again and compared with its checksum before it takes its name.
    """

    from .store import open_store

    def check(written: Path) -> None:
        try:
            with open_store(written) as store:
                store.verify()
        except InputError as error:
            raise OutputError(f"{path} did not reach the disk as it was computed; check the disk") from error

    own = ("format", "version", "rows", "content_sha256")
    given = {key: value for key, value in attrs.items() if key not in own}
    with hdf5.create(path, {"format": FORMAT, "version": VERSION, **given}, JSON_ATTRS, check) as file:
        writer = Writer(file)
        yield writer
        file.attrs["rows"] = writer.rows
        file.attrs["content_sha256"] = writer.checksum.hexdigest()


def _refuse(key: str, batch: Batch, values: np.ndarray) -> None:
    row = int(np.argmin(np.isfinite(values).reshape(len(values), -1).all(1)))
    where = f"{key} of region {batch.regions['name'].iloc[row]}"
    if key == "multipliers" and batch.multipliers is not None and np.isfinite(batch.multipliers[row]).all():
        raise InputError(f"{where} is too large for 16 bits; explain with --no-multipliers")
    raise InputError(f"{where} is not finite; check the model's weights for NaN or Inf")
