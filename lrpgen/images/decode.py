"""One picture file to 8-bit RGB, one mask file to black and white."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ..errors import InputError

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".ppm", ".pgm", ".bmp", ".webp", ".tif", ".tiff"))
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)


def is_picture(path: Path) -> bool:
    """By its name; hidden files, such as those that macOS writes, are none."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def load_picture(path: Path) -> Image.Image:
    """RGB, turned upright as EXIF says. Grey becomes three equal channels, CMYK and palettes are converted, alpha is
    dropped (as torchvision's folders do), of 16 bits the upper 8 are kept.

    Raises `InputError` for a file that is cut short or no picture, and for pixels of 32 bits.
    """
    image = _decoded(path)
    return _eight_bits(image, path).convert("RGB")


def load_mask(path: Path) -> Image.Image:
    """Mode L, 255 where the file is brighter than half of white; a mask of zeros and ones is taken as it is."""
    image = _decoded(path)
    grey = np.asarray(image if image.mode == "P" and _is_binary(image) else _eight_bits(image, path).convert("L"))
    return Image.fromarray(np.where(grey > (0 if grey.max(initial=0) <= 1 else 127), 255, 0).astype(np.uint8))


def _decoded(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            image.load()
            return ImageOps.exif_transpose(image)
    except DAMAGE as error:
        said = str(error).split("\n")[0].replace(f" {str(path)!r}", "")
        raise InputError(f"{path} cannot be read as an image ({said}); replace or remove it") from error


def _is_binary(image: Image.Image) -> bool:
    """A palette image of indices 0 and 1, as tools for annotation write masks: the colours mean nothing."""
    return np.asarray(image).max(initial=0) <= 1


def _eight_bits(image: Image.Image, path: Path) -> Image.Image:
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise InputError(f"{path} has pixels of 32 bits; save it with 8 or 16 bits")
    return image
