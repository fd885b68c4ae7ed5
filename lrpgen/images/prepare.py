"""From any source of images to an images file: read, split, masks, resize, crop, normalisation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..errors import InputError
from ..files import check_output
from ..progress import progress
from ..sequences.splits import PARTS
from .found import Found
from .imagefile import ImageSet, open_images, write_images
from .masks import with_foreground, with_masks
from .sources import find
from .split import TRAIN, deal, limited
from .textures import CANVAS, DIGIT_SHARE, on_textures
from .transform import Geometry, moments

FOREGROUND = "foreground"


@dataclass(frozen=True)
class Preparation:
    """What to do with the images. `crop` None: a square of `size`, if that is given. `masks`: a folder or foreground.

    `digit`: side of a digit on photographs, as a share of the image's. `limit`: images of each class and part of the
    source; `validation`, `test`: shares where the source names no such part; `classes`: names in place of the source's.
    """

    size: int | None = None
    crop: int | None = None
    mean: str = "auto"
    std: str = "auto"
    masks: str | None = None
    textures: bool = False
    photographs: Path | None = None
    digit: float = DIGIT_SHARE
    limit: int | None = None
    validation: float = 0.1
    test: float = 0.1
    classes: list[str] | None = None
    seed: int = 1


def prepare(source: Path, output: Path, labels: Path | None = None, how: Preparation | None = None) -> dict[str, Any]:
    """Write the images file `output`; returns its key numbers. Raises `InputError` for what cannot be used."""
    how = how or Preparation()
    geometry = Geometry(how.size, how.crop or how.size)
    check_output(output)
    found = _renamed(find(source, labels), how.classes)
    if how.limit is not None:
        found = found.pick(limited(found, how.limit, how.seed))
    parts = deal(found, how.validation, how.test, how.seed)
    found = _masked(found, source, parts, how)
    mean, std = (moments(getattr(how, name), name, found.channels) for name in ("mean", "std"))
    if (mean is None or std is None) and not (parts == TRAIN).any():
        raise InputError(
            "all images are in the test part, so that there is nothing to measure --mean and --std auto on; give imagenet, "
            "or the numbers that the model was trained with"
        )
    summary = {"kind": found.kind, "size": geometry.size, "crop": geometry.crop, "masks": _rule(found, how)}
    with progress("images", len(found), "images") as advance:
        pixels = _Prepared(found, geometry, advance)
        masks = _Masks(pixels) if found.mask else None
        images = ImageSet(pixels, found.labels, parts, found.classes, found.names, masks, mean, std, str(source))
        write_images(output, replace(images, seed=how.seed, summary=summary))
    return _numbers(output, found, None if masks is None else masks.empty)


def _renamed(found: Found, classes: list[str] | None) -> Found:
    if classes is None:
        return found
    if len(set(classes)) != len(found.classes):
        raise InputError(
            f"--classes names {len(set(classes))} classes, the source has {len(found.classes)}; name each once"
        )
    return replace(found, classes=classes)


def _masked(found: Found, source: Path, parts: np.ndarray, how: Preparation) -> Found:
    if how.photographs and not how.textures:
        raise InputError("--photographs goes with --textures; give both")
    if how.textures:
        if how.masks:
            raise InputError("--textures makes its own masks; leave --masks out")
        return on_textures(found, parts, how.size or how.crop or CANVAS, how.seed, how.photographs, how.digit)
    if how.masks == FOREGROUND:
        return with_foreground(found)
    return found if how.masks is None else with_masks(found, source, Path(how.masks))


def _rule(found: Found, how: Preparation) -> str:
    """What a mask says, for people who read the file later."""
    if found.mask is None:
        return "none"
    if how.textures:
        return "ink covers half of the pixel"
    return "pixel above 0" if how.masks == FOREGROUND else "of the source"


def _numbers(output: Path, found: Found, empty: int | None) -> dict[str, Any]:
    with open_images(output) as file:
        counts = {part: len(file.rows(split=part)) for part in PARTS}
        shape = f"{file.channels} x {file.height} x {file.width}"
        moment = {name: " ".join(f"{value:.4g}" for value in getattr(file, name)) for name in ("mean", "std")}
        numbers = {"images": len(file), "shape": shape, "classes": len(file.classes), **counts, **moment}
    numbers["read_as"] = found.kind
    if empty is not None:
        numbers["empty_masks"] = empty
    return numbers | ({"other_files_ignored": found.ignored} if found.ignored else {})


class _Prepared:
    """What `write_images` asks for blocks of rows: decoded, resized and cropped then, and not kept."""

    def __init__(self, found: Found, geometry: Geometry, advance: Callable[[int], None]) -> None:
        self.found, self.geometry = found, geometry
        self._advance = advance
        first = self._picture(0)
        self.shape = (len(found), found.channels, first.height, first.width)

    def __getitem__(self, rows: slice) -> np.ndarray:
        """uint8 (n, C, H, W)."""
        block = np.empty((rows.stop - rows.start, *self.shape[1:]), dtype=np.uint8)
        for at, row in enumerate(range(rows.start, rows.stop)):
            picture = self._picture(row)
            if picture.size != self.shape[:1:-1]:
                sizes = [f"{wide} x {high}" for wide, high in (picture.size, self.shape[:1:-1])]
                names = self.found.names[row], self.found.names[0]
                raise InputError(
                    f"{names[0]} is {sizes[0]} pixels and {names[1]} {sizes[1]}; give --size to resize them"
                )
            pixels = np.asarray(picture)
            block[at] = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
        self._advance(len(block))
        return block

    def _picture(self, row: int) -> Image.Image:
        return self.geometry.image(self.found.image(row))


class _Masks:
    """The same for masks, uint8 (n, H, W) of 0 and 1; `empty` counts those in which nothing is left."""

    def __init__(self, images: _Prepared) -> None:
        self._images = images
        self.empty = 0

    def __getitem__(self, rows: slice) -> np.ndarray:
        found, geometry = self._images.found, self._images.geometry
        assert found.mask is not None
        block = np.stack([np.asarray(geometry.mask(found.mask(row))) > 0 for row in range(rows.start, rows.stop)])
        self.empty += int((~block.any(axis=(1, 2))).sum())
        return block.astype(np.uint8)
