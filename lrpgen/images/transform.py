"""Resize, centre crop and normalise as torchvision does it to PIL images, without torchvision.

Ours to state, torchvision's to define: `Resize(size)` makes the shorter side `size` and truncates the longer one;
`CenterCrop` rounds its corner half to even and pads what is too small with black; `ToTensor` and `Normalize` work in
float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..errors import InputError

IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}  # what torchvision's weights were trained with


@dataclass(frozen=True)
class Geometry:
    """`size`: pixels of the shorter side after resizing; `crop`: side of the centre square; None leaves that out."""

    size: int | None = None
    crop: int | None = None

    def __post_init__(self) -> None:
        for name in ("size", "crop"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise InputError(f"--{name} {value} is no number of pixels; give 1 or more")
        if self.size and self.crop and self.crop > self.size:
            raise InputError(f"--crop {self.crop} is larger than --size {self.size}; give a crop that fits")

    def image(self, image: Image.Image) -> Image.Image:
        return self._apply(image, Image.Resampling.BILINEAR)

    def mask(self, mask: Image.Image) -> Image.Image:
        """The same for a mask, by the nearest pixel, so that it keeps its two values."""
        return self._apply(mask, Image.Resampling.NEAREST)

    def _apply(self, image: Image.Image, resample: Image.Resampling) -> Image.Image:
        if self.size is not None:
            image = resize(image, self.size, resample)
        return image if self.crop is None else centre_crop(image, self.crop)


def resize(image: Image.Image, size: int, resample: Image.Resampling) -> Image.Image:
    """The shorter side becomes `size`; Pillow widens the filter when it shrinks an image, so nothing aliases."""
    width, height = image.size
    longer = int(size * max(width, height) / min(width, height))
    wanted = (size, longer) if width <= height else (longer, size)
    return image if wanted == image.size else image.resize(wanted, resample)


def centre_crop(image: Image.Image, side: int) -> Image.Image:
    """The square of `side` pixels in the middle; black where the image does not reach."""
    width, height = image.size
    left, top = max(side - width, 0) // 2, max(side - height, 0) // 2
    if width < side or height < side:
        padded = Image.new(image.mode, (max(width, side), max(height, side)))
        padded.paste(image, (left, top))
        image, (width, height) = padded, padded.size
    x, y = round((width - side) / 2.0), round((height - side) / 2.0)
    return image.crop((x, y, x + side, y + side))


def normalise(pixels: np.ndarray, mean: Sequence[float], std: Sequence[float]) -> np.ndarray:
    """float32 (n, C, H, W): (pixels / 255 - mean) / std per channel, in float32 throughout like ToTensor, Normalize."""
    scaled = pixels.astype(np.float32)
    scaled /= np.float32(255)
    scaled -= np.asarray(mean, dtype=np.float32)[:, None, None]
    scaled /= np.asarray(std, dtype=np.float32)[:, None, None]
    return scaled


def moments(text: str, name: str, channels: int) -> list[float] | None:
    """`--mean` or `--std`: numbers per channel; None for auto, which is measured on the train part.

    Raises `InputError` for what is neither imagenet, auto nor one number or one per channel.
    """
    if text == "auto":
        return None
    try:
        values = list(IMAGENET[name]) if text == "imagenet" else [float(part) for part in text.split(",")]
    except ValueError:
        values = [np.nan]
    if not np.isfinite(values).all() or (name == "std" and min(values) <= 0):
        raise InputError(f"--{name} {text} is none of imagenet, auto or numbers with commas between; give one of these")
    if len(values) not in (1, channels):
        raise InputError(f"--{name} {text} has {len(values)} numbers for {channels} channel; give {channels}, or auto")
    return values * (channels // len(values))
