"""One row per input: arrays of any shape flattened, and positions ranked with ties in random order."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError


def rows(values: Any, what: str = "relevance") -> np.ndarray:
    """float64 (N, P) from an array or a torch tensor on the CPU (N, ...) with P > 0 positions per input.

    A row with a NaN or an infinity becomes NaN as a whole: it has no value to measure. Raises `InputError` for arrays
    that are not one value per input and position.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim < 2 or 0 in array.shape[1:]:
        raise InputError(
            f"{what} has the shape {array.shape}; give one value per input and position, (N, L) or (N, H, W)"
        )
    flat = array.reshape(len(array), int(np.prod(array.shape[1:])))
    return np.where(np.isfinite(flat).all(axis=1, keepdims=True), flat, np.nan)


def same_shape(a: Any, b: Any, what: str) -> None:
    """Raises `InputError` unless a and b (arrays or tensors) have one shape."""
    if np.shape(a) != np.shape(b):
        raise InputError(f"{what} have the shapes {np.shape(a)} and {np.shape(b)}; give arrays of one shape")


def ranked(values: np.ndarray, seed: int | list[int]) -> np.ndarray:
    """Columns (N, P) of values (N, P) from the largest to the smallest; equal values in an order drawn by `seed`."""
    chance = np.random.default_rng(seed).random(values.shape)
    return np.lexsort((chance, -values), axis=1)
