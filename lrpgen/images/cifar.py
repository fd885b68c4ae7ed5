"""CIFAR-10 and CIFAR-100 in their binary version: records of labels and 3 x 32 x 32 bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import InputError
from ..files import existing
from .classnames import CIFAR10
from .found import Found, from_arrays

SIDE = 32
PIXELS = 3 * SIDE * SIDE


def read_folder(folder: Path) -> Found | None:
    """The batches of either data set in `folder`, as they come out of the archive; None where there are none."""
    ten, hundred = sorted(folder.glob("data_batch_*.bin")), folder / "train.bin"
    if ten or (folder / "test_batch.bin").is_file():
        files = [*((path, 0) for path in ten), (folder / "test_batch.bin", 2)]
        return _read("cifar-10", folder, [(path, part) for path, part in files if path.is_file()])
    if hundred.is_file() or (folder / "test.bin").is_file():
        files = [(path, part) for path, part in ((hundred, 0), (folder / "test.bin", 2)) if path.is_file()]
        return _read("cifar-100", folder, files)
    return None


def read_file(path: Path) -> Found:
    """One batch; CIFAR-100's are called train.bin and test.bin."""
    kind = "cifar-100" if path.name in ("train.bin", "test.bin") else "cifar-10"
    return _read(kind, path.parent, [(path, 2 if path.name.startswith("test") else 0)])


def _read(kind: str, folder: Path, files: list[tuple[Path, int]]) -> Found:
    hundred = kind == "cifar-100"
    names = _names(folder / "fine_label_names.txt") if hundred else _names(folder / "batches.meta.txt") or CIFAR10
    pieces = []
    for part in sorted({part for _, part in files}):
        batches = [_batch(path, 2 if hundred else 1) for path, of in files if of == part]
        pixels, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        pieces.append((part, pixels, labels))
    return from_arrays(kind, folder, pieces, names or [str(number) for number in range(100)])


def _batch(path: Path, heads: int) -> tuple[np.ndarray, np.ndarray]:
    """(uint8 (n, 32, 32, 3), labels (n,)); of CIFAR-100's two labels the fine one."""
    raw = np.frombuffer(existing(path, "CIFAR file").read_bytes(), dtype=np.uint8)
    if len(raw) % (heads + PIXELS):
        raise InputError(
            f"{path} holds {len(raw)} bytes, which are no whole records of {heads + PIXELS} (cut short?); get it again"
        )
    records = raw.reshape(-1, heads + PIXELS)
    pixels = records[:, heads:].reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(pixels), records[:, heads - 1].astype(np.int64)


def _names(path: Path) -> list[str] | None:
    return path.read_text(encoding="utf-8").split() if path.is_file() else None
