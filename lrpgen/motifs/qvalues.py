"""q-values: how they are computed, and the largest that passes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError

MAX_Q = 0.05


def check_max_q(max_q: float, what: str) -> None:
    """Raises `InputError` unless 0 < `max_q` <= 1; `what` says whose q it is."""
    if not 0 < max_q <= 1:
        raise InputError(f"the largest q of a {what} must be above 0 and at most 1, not {max_q}")


def adjusted(p: np.ndarray, axis: int = 0) -> np.ndarray:
    """Benjamini-Hochberg q-values of `p` along `axis`."""
    from scipy.stats import false_discovery_control

    return false_discovery_control(np.clip(p, 0, 1), axis=axis)


def q_values(strength: np.ndarray, null: np.ndarray, share: float) -> np.ndarray:
    """(n,) least error rate at which each of `strength` (n,) is called, given the `null`'s strengths (m,).

    `share`: how much null there is, as a multiple of the real data. One is added to the null's count, so that a few
    seqlets above an empty tail do not get a rate of zero.
    """
    values: Any = np.sort(strength)
    true = len(values) - np.searchsorted(values, values, side="left")
    false = 1 + len(null) - np.searchsorted(np.sort(null), values, side="left")
    rate = np.minimum(false / share / np.maximum(true, 1), 1.0)
    least = np.minimum.accumulate(rate)  # a stronger seqlet never has a higher rate than a weaker one
    return least[np.searchsorted(values, strength, side="left")]
