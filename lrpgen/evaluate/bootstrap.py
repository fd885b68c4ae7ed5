"""Means over inputs and paired differences, with 95 % bootstrap intervals.

The intervals are those of `models.intervals` (Poisson bootstrap over inputs, percentiles, a fixed seed), so that quality
of predictions and of relevance is said in one way.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError

FEWEST = 2  # inputs an interval needs


def mean(values: Any) -> dict[str, Any]:
    """mean of values (N,) over the inputs that are not NaN, interval [low, high], how many `inputs` that are, and how
    many are `nan`. The mean is None without any input, the interval below two: one input says nothing of the spread.
    """
    from ..models import intervals

    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise InputError(f"values have the shape {array.shape}; give one value per input, (N,)")
    used = array[~np.isnan(array)]
    return {
        "mean": float(used.mean()) if len(used) else None,
        "interval": intervals.mean(used) if len(used) >= FEWEST else None,
        "inputs": len(used),
        "nan": len(array) - len(used),
    }


def difference(values: Any, base: Any) -> dict[str, Any]:
    """As `mean`, of values - base input by input, both (N,); an input is nan where either is."""
    a, b = np.asarray(values, dtype=np.float64), np.asarray(base, dtype=np.float64)
    if a.shape != b.shape:
        raise InputError(f"paired values have the shapes {a.shape} and {b.shape}; give both for the same inputs")
    return mean(a - b)
