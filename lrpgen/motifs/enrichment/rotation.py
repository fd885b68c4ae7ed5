"""The null model: the track of each contig, closed to a circle, is turned by a random number of bases.

Everything about the track but its place stays: its values, how they cluster, how long its runs are; so do the features.
What shuffled bases or shuffled features would call significant only because neighbours are alike is not significant
here. Sums over features for any turn come from one cumulative sum. Source: Ours, in the form that is common for interval
data; the first and last base become neighbours, which no genome has unless it is circular.
"""

from __future__ import annotations

import numpy as np

AT_ONCE = 1 << 21  # lookups held in memory


def cumulative(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums and counts of known bases before each base: (tracks, L + 1), float64 and int64 or less, of values (tracks, L).

    NaN is not known. Contigs are long, so the arrays are made one after the other.
    """
    known = ~np.isnan(values)
    small = np.int32 if values.shape[1] < 2**31 else np.int64
    sums, counts = np.zeros((len(values), values.shape[1] + 1)), np.zeros((len(values), values.shape[1] + 1), small)
    np.copyto(sums[:, 1:], values, where=known)
    for track in range(len(values)):
        np.cumsum(sums[track], out=sums[track])
        np.cumsum(known[track], out=counts[track, 1:])
    return sums, counts


def turned_sums(before: np.ndarray, spans: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """(n,) sum over all spans (m, 2) of the track, turned to the right by each of `turns` (n,), 0 <= turn < L.

    before (L + 1,): cumulative sums, from 0. Base i of the turned track is base i - turn of the track, round the circle.
    """
    length, whole = len(before) - 1, before[-1]
    found = np.zeros(len(turns))
    if not len(spans) or not length:
        return found
    step = max(AT_ONCE // len(spans), 1)
    for at in range(0, len(turns), step):
        left = spans[None, :, 0] - turns[at : at + step, None]
        right = spans[None, :, 1] - turns[at : at + step, None]
        found[at : at + step] = (_before(before, right, length, whole) - _before(before, left, length, whole)).sum(1)
    return found


def _before(before: np.ndarray, place: np.ndarray, length: int, whole: float) -> np.ndarray:
    """Sum before a place of the circle that starts at base 0; places left of it are a turn lower."""
    under = place < 0
    return before[np.where(under, place + length, place)] - np.where(under, whole, 0.0)


def p_value(observed: float, null: np.ndarray) -> float:
    """Two-sided, of an observed value among n null values: twice the smaller tail, each (1 + more extreme or equal)/(n + 1)."""
    n = len(null)
    tails = (1 + np.count_nonzero(null >= observed)) / (n + 1), (1 + np.count_nonzero(null <= observed)) / (n + 1)
    return float(min(1.0, 2 * min(tails)))
