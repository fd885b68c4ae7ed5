"""Pixels to numbers, as torchvision does it and without torchvision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def normalise(pixels: np.ndarray, mean: Sequence[float], std: Sequence[float]) -> np.ndarray:
    """float32 (n, C, H, W): (pixels / 255 - mean) / std per channel, in float32 throughout like ToTensor, Normalize."""
    scaled = pixels.astype(np.float32)
    scaled /= np.float32(255)
    scaled -= np.asarray(mean, dtype=np.float32)[:, None, None]
    scaled /= np.asarray(std, dtype=np.float32)[:, None, None]
    return scaled
