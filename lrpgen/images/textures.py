"""Digits pasted on patches of photographs, with the digit as mask: images whose object is known and not on black.

Ours. No patch of a test image overlaps a patch of a training image: each photograph is cut into columns for the parts.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import InputError
from .decode import is_picture, load_picture
from .found import Found
from .transform import resize

CANVAS = 64  # pixels of a side, unless --size says otherwise
DIGIT_SHARE = 28 / 64  # of the side that the digit's own square takes
COLUMNS = (0.0, 0.6, 0.8, 1.0)  # of a photograph's width: train, validation, test
COLOURS = 8  # drawn for a digit; the one that differs most from its patch is taken
COVERED = 128  # a pixel is the digit's where the digit's ink covers at least half of it


def on_textures(
    found: Found, parts: np.ndarray, canvas: int, seed: int, folder: Path | None = None, share: float = DIGIT_SHARE
) -> Found:
    """`found` (grey, bright on black) as RGB digits on photographs of `folder`, else scikit-learn's two.

    share : side of the digit's square, as a share of `canvas`. Place, patch and colour of image i are drawn from (seed, i)
    alone. Raises `InputError` for images that are not grey, a share outside 0..1 and a folder without photographs.
    """
    if found.channels != 1:
        raise InputError("--textures goes with grey images on black such as MNIST; give those")
    if not 0 < share <= 1:
        raise InputError(f"--digit {share:g} is no share of the image's side; give more than 0 and at most 1")
    side = max(1, round(canvas * share))
    photographs = [_enlarged(picture, canvas) for picture in _photographs(folder)]
    kept: dict[int, tuple[Image.Image, Image.Image]] = {}  # the last one: its mask is asked for after its image

    def drawn(row: int) -> tuple[Image.Image, Image.Image]:
        if row not in kept:
            kept.clear()
            random = np.random.default_rng([seed, 5, row])
            kept[row] = _paste(found.image(row), photographs, int(parts[row]), canvas, side, random)
        return kept[row]

    return replace(
        found,
        kind=f"{found.kind} on photographs",
        channels=3,
        image=lambda row: drawn(row)[0],
        mask=lambda row: drawn(row)[1],
    )


def _paste(
    digit: Image.Image, photographs: list[np.ndarray], part: int, canvas: int, side: int, random: np.random.Generator
) -> tuple[Image.Image, Image.Image]:
    photograph = photographs[random.integers(len(photographs))]
    high, wide = photograph.shape[:2]
    first, last = round(COLUMNS[part] * wide), round(COLUMNS[part + 1] * wide) - canvas
    x, y = random.integers(first, last + 1), random.integers(0, high - canvas + 1)
    patch = photograph[y : y + canvas, x : x + canvas].astype(np.float64)
    ink = np.asarray(resize(digit, side, Image.Resampling.BILINEAR).crop((0, 0, side, side)))
    top, left = random.integers(0, canvas - side + 1, size=2)
    window = (slice(top, top + side), slice(left, left + side))
    colours = random.integers(0, 256, size=(COLOURS, 3))
    colour = colours[np.abs(colours - patch[window].mean(axis=(0, 1))).sum(axis=1).argmax()]
    share = ink[..., None] / 255
    patch[window] = (1 - share) * patch[window] + share * colour
    mask = np.zeros((canvas, canvas), dtype=np.uint8)
    mask[window][ink >= COVERED] = 255
    return Image.fromarray(np.rint(patch).astype(np.uint8)), Image.fromarray(mask)


def _photographs(folder: Path | None) -> list[Image.Image]:
    if folder is None:
        from sklearn.datasets import load_sample_images

        return [Image.fromarray(picture) for picture in load_sample_images().images]
    paths = sorted(path for path in folder.iterdir() if is_picture(path)) if folder.is_dir() else []
    if not paths:
        raise InputError(f"--photographs {folder} is no folder with pictures; give one")
    return [load_picture(path) for path in paths]


def _enlarged(picture: Image.Image, canvas: int) -> np.ndarray:
    """uint8 (H, W, 3), made larger where its narrowest column would not hold a patch."""
    narrowest = min(last - first for first, last in pairwise(COLUMNS))
    wide, high = picture.size
    factor = max(1.0, (canvas + 1) / (narrowest * wide), canvas / high)
    size = (int(np.ceil(wide * factor)), int(np.ceil(high * factor)))
    return np.asarray(picture if factor == 1.0 else picture.resize(size, Image.Resampling.BILINEAR))
