"""Which part an image belongs to: what the source says, else a share of each class drawn with the seed."""

from __future__ import annotations

import math

import numpy as np

from ..errors import InputError
from ..sequences.splits import PARTS
from .found import Found

TRAIN, VALIDATION, TEST = range(len(PARTS))


def deal(found: Found, validation: float, test: float, seed: int) -> np.ndarray:
    """int8 (N,), index into PARTS. Where the source names no validation or test part, that share of each class of the
    other images becomes it; where it says test for all, or has no labels, everything is test.

    Raises `InputError` for shares outside 0..1 and for a class that would have no image left to train on.
    """
    if min(validation, test) < 0 or validation + test > 1:
        raise InputError(f"--validation {validation:g} and --test {test:g} are no shares; give two of 0 to 1 in sum")
    given = found.parts
    if (given == TEST).all() or (found.labels < 0).all():
        return np.full(len(found), TEST, dtype=np.int8)
    shares = [0.0 if (given == TEST).any() else test, 0.0 if (given == VALIDATION).any() else validation]
    random = np.random.default_rng([seed, 3])
    parts = np.where(given < 0, TRAIN, given).astype(np.int8)
    for label in np.unique(found.labels):
        mine = random.permutation(np.flatnonzero((found.labels == label) & (parts == TRAIN)))
        tested, validated = (math.ceil(round(share * len(mine), 9)) for share in shares)
        if len(mine) and sum(shares) < 1 and tested + validated >= len(mine):
            raise InputError(
                f"class {found.classes[label]} has {len(mine)} images to train, validate and test with; give more, or "
                "smaller --validation and --test"
            )
        parts[mine[:tested]] = TEST
        parts[mine[tested : tested + validated]] = VALIDATION
    return parts


def limited(found: Found, most: int, seed: int) -> np.ndarray:
    """Row numbers, in order, of at most `most` images of each class in each part that the source names."""
    random = np.random.default_rng([seed, 4])
    kept = []
    for part in np.unique(found.parts):
        for label in np.unique(found.labels):
            kept.append(random.permutation(np.flatnonzero((found.labels == label) & (found.parts == part)))[:most])
    return np.sort(np.concatenate(kept))
