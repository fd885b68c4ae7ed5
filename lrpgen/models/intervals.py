"""Bootstrap intervals over windows, at a cost that does not grow with their number.

Poisson bootstrap (Hanley and MacGibbon 2006): in each of 1000 resamples each window counts as often as a Poisson(1)
variable says; the interval runs from the 2.5th to the 97.5th percentile. A sum of independent Poisson variables is one
too, so windows that a statistic cannot tell apart are drawn together. Windows are taken as independent; where they
overlap or are homologous, the truth is wider.
"""

from __future__ import annotations

from typing import Any

import numpy as np

RESAMPLES, LEVEL, SEED = 1000, 0.95, 1
CELLS = 500  # steps of a ranking that are told apart; exact where there are no more distinct scores of positives
GROUPS = 2000  # random groups of windows that means and correlations resample; exact below so many windows

METHOD = {"level": LEVEL, "resamples": RESAMPLES, "method": "Poisson bootstrap over windows, percentiles", "seed": SEED}


def ranking(is_positive: np.ndarray, score: np.ndarray) -> dict[str, list[float]]:
    """Intervals of AUROC and average precision of score (N,) against is_positive (N,) bool, both classes present."""
    edges = np.unique(score[is_positive])
    if len(edges) > CELLS:
        edges = edges[np.linspace(0, len(edges) - 1, CELLS).round().astype(int)]
    # Cell 2i + 1 holds the scores equal to edge i, cell 2i those between edges i - 1 and i.
    cell = np.searchsorted(edges, score, "left") + np.searchsorted(edges, score, "right")
    count = [np.bincount(cell[is_positive == wanted], minlength=2 * len(edges) + 1) for wanted in (True, False)]
    rng = np.random.default_rng(SEED)
    positive, negative = (rng.poisson(c, (RESAMPLES, len(c)))[:, ::-1] for c in count)  # best scores first
    positives, negatives = positive.sum(1), negative.sum(1)
    usable = (positives > 0) & (negatives > 0)
    above = np.cumsum(negative, 1)  # negatives at or above each cell
    with np.errstate(invalid="ignore", divide="ignore"):
        area = 1 - (positive * (above - negative / 2)).sum(1) / (positives * negatives)
        true = np.cumsum(positive, 1)
        precision = np.where(true > 0, true / (true + above), 0)
        average = (positive * precision).sum(1) / positives
    return {"auroc_interval": _range(area[usable]), "average_precision_interval": _range(average[usable])}


def mean(values: np.ndarray) -> list[float]:
    """Interval of the mean of values (N,)."""
    weight, total = _sums(np.stack([np.ones(len(values)), values], 1)).T
    return _range(total / weight)


def correlation(a: np.ndarray, b: np.ndarray) -> list[float]:
    """Interval of Pearson's correlation of a and b (N,); of Spearman's where they are ranks."""
    # Centred first: sums of squares of large numbers lose digits.
    a, b = (x.astype(np.float64) - x.mean(dtype=np.float64) for x in (a, b))
    n, sa, sb, saa, sbb, sab = _sums(np.stack([np.ones(len(a)), a, b, a * a, b * b, a * b], 1)).T
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (sab - sa * sb / n) / np.sqrt((saa - sa**2 / n) * (sbb - sb**2 / n))
    return _range(found[np.isfinite(found)])


def _sums(values: np.ndarray) -> np.ndarray:
    """values (N, m) -> (resamples, m) resampled sums; resamples without any window are left out."""
    rng = np.random.default_rng(SEED)
    if len(values) > GROUPS:
        group = rng.permutation(len(values)) % GROUPS
        values = np.stack([np.bincount(group, column, GROUPS) for column in values.T], 1)
    times = rng.poisson(1, (RESAMPLES, len(values)))
    return (times @ values)[times.any(1)]


def _range(values: np.ndarray) -> Any:
    """[low, high]; None where no resample gave a value."""
    tail = (1 - LEVEL) / 2
    return [float(x) for x in np.quantile(values, [tail, 1 - tail])] if len(values) else None
