"""Images on disk: one HDF5 file, written whole or not at all, read row by row.

Layout (version 1): `/pixels` uint8 (N, C, H, W), C 1 (grey) or 3 (RGB); `/label` int16 (N,), index into classes, -1
for none; `/split` int8 (N,), index into PARTS; `/name` (N,); where there are such, `/mask` uint8 (N, H, W), 1 where
the object is. Attributes: format, version, classes, mean and std (JSON lists, per channel, of pixels in 0..1), source,
seed, summary (JSON), lrpgen_version.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .. import hdf5
from ..errors import InputError
from ..sequences.splits import PARTS
from ..sequences.windowfile import pick_rows
from .transform import normalise

FORMAT, VERSION = "lrpgen-images", 1
JSON_ATTRS = ("classes", "mean", "std", "summary")
NEEDED = (*JSON_ATTRS, "source", "seed", "pixels", "label", "split", "name")
CHUNK_ROWS = 64  # images per chunk: a batch touches few chunks
CHUNK_BYTES = 1 << 22  # large images: fewer per chunk
PACKED: dict[str, Any] = {"compression": "gzip", "compression_opts": 1}  # photographs hardly shrink; a blank rim does
SMALLEST_STD = 1 / 255  # of a channel that is the same everywhere

Rows = slice | np.ndarray | Sequence[int]


@dataclass
class ImageSet:
    """Images to write. `pixels` (N, C, H, W) and `masks` (N, H, W), if any, are arrays or what gives one for a slice.

    `labels` (N,) index into `classes`, -1 for none; `split` (N,) index into PARTS; `mean`, `std` per channel of
    pixels in 0..1, None for those of the train part.
    """

    pixels: Any
    labels: np.ndarray
    split: np.ndarray
    classes: list[str]
    names: Sequence[str]
    masks: Any = None
    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None
    source: str = ""
    seed: int = 0
    summary: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)


def write_images(path: str | Path, images: ImageSet) -> None:
    """Write the layout above, some images at a time; raises `OutputError` where `path` cannot be written."""
    total, shape = len(images), tuple(images.pixels.shape)
    step = _chunk_rows(total, shape[1:])
    attrs = {"format": FORMAT, "version": VERSION, "classes": images.classes, "source": images.source}
    attrs |= {"mean": images.mean, "std": images.std, "seed": images.seed, "summary": images.summary}
    measured = _Moments(shape[1])
    with hdf5.create(path, attrs, JSON_ATTRS) as file:
        file["label"] = np.asarray(images.labels, dtype=np.int16)
        file["split"] = np.asarray(images.split, dtype=np.int8)
        file.create_dataset("name", data=np.array(list(images.names), dtype=object), dtype=h5py.string_dtype())
        pixels: Any = file.create_dataset("pixels", shape, np.uint8, chunks=(step, *shape[1:]), **PACKED)
        drawn: Any = None
        if images.masks is not None:
            drawn = file.create_dataset("mask", (total, *shape[2:]), np.uint8, chunks=(step, *shape[2:]), **PACKED)
        for at in range(0, total, step):
            rows = slice(at, min(at + step, total))
            pixels[rows] = block = np.asarray(images.pixels[rows])
            measured.add(block[np.asarray(images.split[rows]) == 0])
            if drawn is not None:
                drawn[rows] = images.masks[rows]  # pyright: ignore[reportOptionalSubscript]
        if images.mean is None or images.std is None:
            mean, std = measured.mean_std()
            file.attrs["mean"], file.attrs["std"] = json.dumps(images.mean or mean), json.dumps(images.std or std)


class ImageFile:
    """An images file opened by `open_images`. Opening reads attributes; the methods read only the rows asked for."""

    def __init__(self, file: h5py.File, path: Path) -> None:
        self.path = path
        self._file: Any = file
        self.attrs = hdf5.attributes(file, JSON_ATTRS)
        self.classes: list[str] = self.attrs["classes"]
        self.mean: list[float] = self.attrs["mean"]
        self.std: list[float] = self.attrs["std"]
        self.summary: dict[str, Any] = self.attrs["summary"]
        total, self.channels, self.height, self.width = file["pixels"].shape  # pyright: ignore
        self._chunk = _chunk_rows(total, (self.channels, self.height, self.width))

    def __len__(self) -> int:
        return self._file["pixels"].shape[0]

    @cached_property
    def labels(self) -> np.ndarray:
        """int64 (N,): index into `classes`, -1 for none."""
        return self._file["label"][:].astype(np.int64)

    @cached_property
    def split(self) -> np.ndarray:
        """int8 (N,): index into PARTS."""
        return self._file["split"][:]

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """(low, high), float32 (C,) each: what black and white pixels become, for the rule zbox."""
        ends = np.zeros((2, self.channels, 1, 1), dtype=np.uint8)
        ends[1] = 255
        low, high = normalise(ends, self.mean, self.std)[:, :, 0, 0]
        return low, high

    def rows(self, *, split: str | None = None, labels: Sequence[str] | None = None) -> np.ndarray:
        """Row numbers (n,) of a part of the split and of some classes. Raises `InputError` for a name it has not."""
        keep = np.ones(len(self), dtype=bool)
        if split is not None:
            self._check("split", [split], PARTS)
            keep &= self.split == PARTS.index(split)
        if labels is not None:
            self._check("class", labels, self.classes)
            keep &= np.isin(self.labels, [self.classes.index(name) for name in labels])
        return np.flatnonzero(keep)

    def names(self, rows: Rows = slice(None)) -> list[str]:
        return pick_rows(self._file["name"].asstr(), rows, 1 << 14).tolist()

    def pixels(self, rows: Rows = slice(None)) -> np.ndarray:
        """uint8 (n, C, H, W) of a slice or of row numbers in any order."""
        return pick_rows(self._file["pixels"], rows, self._chunk)

    def inputs(self, rows: Rows = slice(None)) -> np.ndarray:
        """float32 (n, C, H, W): what a network is given, (pixels / 255 - mean) / std."""
        return normalise(self.pixels(rows), self.mean, self.std)

    def masks(self, rows: Rows = slice(None)) -> np.ndarray | None:
        """bool (n, H, W), True where the object is; None where the file has no masks."""
        return pick_rows(self._file["mask"], rows, self._chunk).astype(bool) if "mask" in self._file else None

    def _check(self, what: str, given: Sequence[str], known: Sequence[str]) -> None:
        if unknown := [name for name in given if name not in known]:
            raise InputError(f"{self.path} has no {what} {unknown[0]!r}; choose from {', '.join(known) or 'none'}")


@contextlib.contextmanager
def open_images(path: str | Path) -> Iterator[ImageFile]:
    """Open an images file read-only. Raises `InputError` when it is missing, damaged or something else."""
    with hdf5.reading(path, "file of images", "`lrpgen images prepare`", FORMAT, VERSION, NEEDED) as file:
        yield ImageFile(file, Path(path))


def is_images(path: str | Path) -> bool:
    """Whether `path` is an images file, for commands that take windows or images; False for what cannot be opened."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            return file.attrs.get("format") == FORMAT
    except OSError:
        return False


class _Moments:
    """Mean and standard deviation of each channel, from sums of whole numbers: exact whatever the order."""

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._counts = np.zeros((channels, 256), dtype=np.int64)

    def add(self, block: np.ndarray) -> None:
        for channel in range(self._channels):
            self._counts[channel] += np.bincount(block[:, channel].ravel(), minlength=256)

    def mean_std(self) -> tuple[list[float], list[float]]:
        """Of pixels in 0..1; mean 0 and standard deviation 1 where no image was added."""
        total = max(int(self._counts[0].sum()), 1)
        values = np.arange(256) / 255
        mean = self._counts @ values / total
        std = np.sqrt(np.maximum(self._counts @ values**2 / total - mean**2, 0))
        if not self._counts.any():
            std[:] = 1
        return mean.tolist(), np.maximum(std, SMALLEST_STD).tolist()


def _chunk_rows(total: int, shape: Sequence[int]) -> int:
    return max(1, min(CHUNK_ROWS, total, CHUNK_BYTES // max(1, int(np.prod(shape)))))
