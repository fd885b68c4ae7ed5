"""What a reader of images found: pictures that are decoded one by one when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import InputError
from ..sequences.splits import PARTS
from .classnames import known_names

UNDECIDED = -1  # the source does not say which part
UNLABELLED = -1


@dataclass
class Found:
    """`image(i)`, and where the source has masks `mask(i)` (mode L, 0 or 255), decode picture i.

    `labels` int64 (N,), UNLABELLED for none; `parts` int8 (N,), index into PARTS or UNDECIDED; `channels` 1 or 3;
    `paths` where each picture is a file of its own; `ignored`: files that are no pictures by their names.
    """

    kind: str
    image: Callable[[int], Image.Image]
    channels: int
    labels: np.ndarray
    parts: np.ndarray
    names: Sequence[str]
    classes: list[str]
    mask: Callable[[int], Image.Image] | None = None
    paths: list[Path] | None = None
    ignored: int = 0

    def __len__(self) -> int:
        return len(self.labels)

    def pick(self, rows: Sequence[int] | np.ndarray) -> Found:
        """Some of the images, in the order of `rows`."""
        rows = np.asarray(rows, dtype=np.int64)
        image, mask = self.image, self.mask
        return replace(
            self,
            image=lambda row: image(int(rows[row])),
            mask=None if mask is None else lambda row: mask(int(rows[row])),
            labels=self.labels[rows],
            parts=self.parts[rows],
            names=[self.names[row] for row in rows],
            paths=None if self.paths is None else [self.paths[row] for row in rows],
        )


def from_arrays(
    kind: str,
    source: Path,
    pieces: Sequence[tuple[int, np.ndarray, np.ndarray]],
    classes: Sequence[str] | None = None,
) -> Found:
    """Images that are in memory. `pieces`: (part or UNDECIDED, uint8 (n, H, W) or (n, H, W, 3), labels (n,)) each.

    Raises `InputError` where images and labels do not match, or sizes of the pieces differ.
    """
    for part, pixels, labels in pieces:
        where = f"{source} ({PARTS[part]})" if part >= 0 else str(source)
        if len(pixels) != len(labels):
            raise InputError(
                f"{where} has {len(pixels)} images and {len(labels)} labels; give files that belong together"
            )
        if pixels.shape[1:] != pieces[0][1].shape[1:]:
            raise InputError(
                f"{where} has images of another shape than the other part; give files that belong together"
            )
    pixels = np.concatenate([piece[1] for piece in pieces]) if len(pieces) > 1 else pieces[0][1]
    labels = np.concatenate([np.asarray(piece[2], dtype=np.int64) for piece in pieces])
    if not len(labels):
        raise InputError(f"{source} holds no image; give one with images")
    names = list(classes or known_names(source) or [str(number) for number in range(int(labels.max()) + 1)])
    if labels.max() >= len(names) or labels.min() < UNLABELLED:
        wrong = int(labels.max() if labels.max() >= len(names) else labels.min())
        raise InputError(
            f"{source} has a label {wrong}, but {len(names)} classes ({', '.join(names[:3])} ...); check it"
        )
    parts = np.concatenate([np.full(len(piece[2]), piece[0], dtype=np.int8) for piece in pieces])
    titles = [
        f"{PARTS[part]}/{number}" if part >= 0 else str(number)
        for part, _, labels_of in pieces
        for number in range(len(labels_of))
    ]
    channels = 1 if pixels.ndim == 3 else 3
    return Found(kind, lambda row: Image.fromarray(pixels[row]), channels, labels, parts, titles, names)
