"""Filters that say the same: correlation of their matrices at the best offset and orientation, and groups of them."""

from __future__ import annotations

import numpy as np

SAME = 0.8  # mean correlation from which on filters are one group; Ours


def similarity(ppm: np.ndarray, background: np.ndarray) -> np.ndarray:
    """(F, F) in -1..1: highest correlation of two matrices over all offsets and both orientations. Ours.

    ppm (F, 4, W). What is correlated is the deviation from the background, so that columns without a preference say
    nothing. Columns without a partner count against the correlation, since norms are of whole matrices. A matrix that is
    the background everywhere has 0 with all others. The background is that of both strands.
    """
    deviation = ppm - ((background + background[::-1]) / 2)[:, None]
    norm = np.sqrt((deviation**2).sum(axis=(1, 2)))
    unit = np.divide(deviation, norm[:, None, None], out=np.zeros_like(deviation), where=norm[:, None, None] > 0)
    count, _, width = unit.shape
    best = np.full((count, count), -1.0)
    for other in (unit, unit[:, ::-1, ::-1]):
        for offset in range(1 - width, width):
            size = 4 * (width - abs(offset))
            left = unit[:, :, max(offset, 0) : width + min(offset, 0)].reshape(count, size)
            right = other[:, :, max(-offset, 0) : width - max(offset, 0)].reshape(count, size)
            best = np.maximum(best, left @ right.T)
    np.fill_diagonal(best, np.where(norm > 0, 1.0, 0.0))
    return np.clip((best + best.T) / 2, -1, 1)  # rounding aside it is symmetric already


def groups(similar: np.ndarray, threshold: float = SAME) -> np.ndarray:
    """(F,) group of each filter, 1 for the largest: average linkage, cut where the mean correlation falls below."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(similar) < 2:
        return np.ones(len(similar), dtype=int)
    distance = 1 - similar
    np.fill_diagonal(distance, 0)
    label = fcluster(linkage(squareform(distance, checks=False), "average"), 1 - threshold, "distance")
    names, first, size = np.unique(label, return_index=True, return_counts=True)
    order = np.lexsort((first, -size))
    rank = {int(names[old]): new for new, old in enumerate(order, start=1)}
    return np.array([rank[int(one)] for one in label])
