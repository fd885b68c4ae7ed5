"""Small images with a bright square in one of two halves, and networks that see it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from lrpgen.images.imagefile import ImageSet, write_images

CLASSES = ["left", "right"]
SIDE = 12


class Halves(nn.Module):
    """Two convolutions, then the sum over the left and over the right half: the square's half has the larger logit."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 1, 3, padding=1)
        self.head = nn.Linear(SIDE * SIDE, 2, bias=False)
        with torch.no_grad():
            self.first.weight.copy_(torch.rand(4, 1, 3, 3) / 9)
            self.second.weight.copy_(torch.rand(1, 4, 3, 3) / 9)
            self.first.bias.zero_()  # pyright: ignore[reportOptionalMemberAccess]
            self.second.bias.zero_()  # pyright: ignore[reportOptionalMemberAccess]
            left = torch.zeros(SIDE, SIDE)
            left[:, : SIDE // 2] = 1
            self.head.weight.copy_(torch.stack([left.flatten(), 1 - left.flatten()]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.first(x))
        return self.head(torch.relu(self.second(x)).flatten(1))


def squares(count: int = 12, wrong: int = 2, seed: int = 0) -> ImageSet:
    """Images (count, 1, SIDE, SIDE) with a 4 x 4 square, its mask and its half as label; the last `wrong` are mislabelled.
    All are test images."""
    rng = np.random.default_rng(seed)
    pixels = np.zeros((count, 1, SIDE, SIDE), dtype=np.uint8)
    masks = np.zeros((count, SIDE, SIDE), dtype=np.uint8)
    labels = np.arange(count) % 2
    for row, label in enumerate(labels):
        top, left = rng.integers(0, SIDE - 4), 1 + 6 * label
        masks[row, top : top + 4, left : left + 4] = 1
        pixels[row, 0] = masks[row] * rng.integers(100, 256, (SIDE, SIDE)) + rng.integers(0, 20, (SIDE, SIDE))
    shown = labels.copy()
    shown[count - wrong :] = 1 - shown[count - wrong :]
    names = [f"square {row}" for row in range(count)]
    return ImageSet(pixels, shown, np.full(count, 2), CLASSES, names, masks=masks, mean=[0.0], std=[1.0])


def write_squares(path: Path, **how: int) -> Path:
    write_images(path, squares(**how))
    return path
