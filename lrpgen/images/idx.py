"""IDX, the format of MNIST and Fashion-MNIST: images and labels in two files, gzipped or not."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..files import existing
from .found import UNDECIDED, Found, from_arrays

UNSIGNED_BYTE = 0x08
PARTS_IN_NAMES = {"train": 0, "valid": 1, "t10k": 2, "test": 2}


def read_folder(folder: Path) -> Found | None:
    """All pairs of IDX files in `folder`; None where there are none."""
    files = sorted(path for path in folder.iterdir() if "idx3-ubyte" in path.name and "images" in path.name)
    if not files:
        return None
    parts = [part_of(path) for path in files]
    if len(set(parts)) < len(parts):
        raise InputError(f"{folder} has several files of images for one part ({files[0].name} ...); give one file")
    pieces = [(part_of(path), read_idx(path, 3), read_idx(labels_of(path), 1)) for path in files]
    return from_arrays("idx", folder, pieces)


def read_pair(images: Path, labels: Path | None) -> Found:
    """One file of images and its labels, which are looked for beside it if not given."""
    pixels = read_idx(images, 3)
    return from_arrays("idx", images, [(part_of(images), pixels, read_idx(labels or labels_of(images), 1))])


def part_of(path: Path) -> int:
    return next((part for word, part in PARTS_IN_NAMES.items() if word in path.name), UNDECIDED)


def labels_of(images: Path) -> Path:
    """The file of labels beside a file of images, by the usual names. Raises `InputError` where there is none."""
    name = images.name.replace("images", "labels").replace("idx3", "idx1")
    for wanted in (name, name.removesuffix(".gz"), name.removesuffix(".gz") + ".gz"):
        if wanted != images.name and (path := images.with_name(wanted)).is_file():
            return path
    raise InputError(
        f"no labels for {images} (looked for {name} beside it); give the file of labels as second argument"
    )


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """uint8 array of an IDX file. Raises `InputError` for another format or length, and for other `dimensions`."""
    raw = _bytes(existing(path, "IDX file"))
    zero, kind, found = struct.unpack(">HBB", raw[:4]) if len(raw) >= 4 else (1, 0, 0)
    if zero or kind != UNSIGNED_BYTE:
        begin = raw[:4].hex()
        raise InputError(
            f"{path} begins with 0x{begin}, an IDX file with 0x0000080{dimensions}; give an IDX file of bytes"
        )
    if found != dimensions:
        what = "images" if dimensions == 3 else "labels"
        raise InputError(f"{path} has {found} dimensions, IDX {what} have {dimensions}; are images and labels swapped?")
    start = 4 + 4 * dimensions
    if len(raw) < start:
        raise InputError(f"{path} is cut short; get it again")
    shape = struct.unpack(f">{dimensions}I", raw[4:start])
    needed = int(np.prod([int(side) for side in shape], dtype=object))
    if len(raw) - start != needed:
        sizes = " x ".join(str(side) for side in shape)
        raise InputError(f"{path} promises {sizes} bytes and holds {len(raw) - start} (cut short?); get it again")
    return np.frombuffer(raw, dtype=np.uint8, offset=start).reshape(shape)


def _bytes(path: Path) -> bytes:
    raw = path.read_bytes()
    try:
        return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} is damaged or cut short ({error}); get it again") from error
