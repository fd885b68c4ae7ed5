"""Which images are shown: every class, and some that the model gets wrong. Chosen to be looked at, not to measure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .imagefile import ImageFile
from .subjects import Drawn, own_class

WRONG = 0.25  # at most this share of the images shown


def choose_examples(images: ImageFile, pool: Drawn, count: int) -> Drawn:
    """`count` of the pool: up to WRONG of them misclassified, the others class by class in turn; ordered by class."""
    own = own_class(images, pool.rows, pool.classes)
    wrong = (own >= 0) & (pool.output.argmax(axis=1) != own)
    bad = _in_turn(np.flatnonzero(wrong), own)[: int(WRONG * count)]
    good = _in_turn(np.flatnonzero(~wrong), own)[: count - len(bad)]
    few = count - len(bad) - len(good)
    bad += _in_turn(np.flatnonzero(wrong), own)[len(bad) : len(bad) + few]
    places = np.array(sorted(good + bad, key=lambda place: (own[place], place)), dtype=int)
    return replace(
        pool, rows=pool.rows[places], x=pool.x[places], target=pool.target[places], output=pool.output[places]
    )


def _in_turn(places: np.ndarray, label: np.ndarray) -> list[int]:
    """The first of each class, then the second of each, and so on."""
    groups = [places[label[places] == one] for one in np.unique(label[places])]
    longest = max(map(len, groups), default=0)
    return [int(group[turn]) for turn in range(longest) for group in groups if turn < len(group)]
