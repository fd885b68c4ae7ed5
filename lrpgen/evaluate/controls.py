"""What pruned relevance has to beat: the base rule's relevance, cut at the input to the same sparsity.

Any thresholding raises RMA where low relevance lies off the mask, so pruning inside the network earns credit only for
what it gains over these. Values that are kept stay as they are, sign and size: the measures do not see the scale of an
input's relevance, so that conserving its sum, as PLRP does, would change nothing. All Ours.

base, pruned : (N, ...) of one shape, relevance of the base rule and of the pruned one for the same inputs. Returns float64
of that shape; an input with a NaN or an infinity in either comes back as NaN. Equal |r| are cut in an order drawn by
`seed`. Raises `InputError` for shapes that do not fit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .measures import gini
from .rows import ranked, rows, same_shape


def matched_zeros(base: Any, pruned: Any, seed: int = 1) -> np.ndarray:
    """The base relevance with its smallest |r| set to zero until each input has as many exact zeros as in `pruned`.

    Exact, except that a base with more zeros than the pruned relevance keeps them: nothing can be put there.
    """
    _, other = _both(base, pruned)
    return _keep(base, np.count_nonzero(other, axis=1), np.isnan(other[:, 0]), seed)


def matched_gini(base: Any, pruned: Any, seed: int = 1) -> np.ndarray:
    """The base relevance with its smallest |r| set to zero until its Gini index is nearest to that of `pruned`.

    Exact to the nearest rank: of all numbers of values kept, the one whose Gini index is nearest, the larger of two. The
    index grows as values are cut, so a base above the pruned relevance's index is cut nowhere. An input whose pruned
    relevance is all zero has no index and comes back as NaN; a base that is all zero stays so.
    """
    own, _ = _both(base, pruned)
    target = gini(pruned)
    distance = np.abs(_gini_by_kept(own) - target[:, None])
    kept = distance.shape[1] - np.argmin(np.nan_to_num(distance, nan=np.inf)[:, ::-1], axis=1)
    return _keep(base, kept, np.isnan(target), seed)


def random_ranking(relevance: Any, seed: int = 1) -> np.ndarray:
    """Each input's own values at positions drawn at random: the same sparsity, and no information."""
    r = rows(relevance)
    return np.random.default_rng(seed).permuted(r, axis=1).reshape(np.shape(relevance))


def _both(base: Any, pruned: Any) -> tuple[np.ndarray, np.ndarray]:
    same_shape(base, pruned, "base and pruned relevance")
    return rows(base), rows(pruned, "pruned relevance")


def _gini_by_kept(r: np.ndarray) -> np.ndarray:
    """(N, P): the Gini index of r (N, P) with its 1, 2, ..., P largest |r| kept. Values keep their rank when smaller
    ones are cut, so that both sums of the index are cumulative."""
    size = np.sort(np.abs(r), axis=1)[:, ::-1]
    weight = (np.arange(r.shape[1]) + 0.5) / r.shape[1]
    with np.errstate(invalid="ignore"):
        return 1 - 2 * np.cumsum(size * weight, axis=1) / np.cumsum(size, axis=1)


def _keep(base: Any, kept: np.ndarray, lost: np.ndarray, seed: int) -> np.ndarray:
    """base with its kept (N,) largest |r| per input, zero elsewhere, and NaN for inputs that are lost (N,)."""
    r = rows(base)
    order = ranked(np.abs(r), seed)
    held = np.zeros(r.shape, dtype=bool)
    np.put_along_axis(held, order, np.arange(r.shape[1]) < kept[:, None], axis=1)
    cut = np.where(held | np.isnan(r), r, 0.0)
    cut[lost] = np.nan
    return cut.reshape(np.shape(base))
