"""Relevance against a truth mask, and how sparse it is: one number per input, vectorised over inputs.

relevance : (N, ...), one value per input and position (DNA: summed over the four letters). A row with a NaN or an
infinity gives NaN in every measure. mask : the same shape; bool, or > 0 where positive evidence lies, < 0 where negative
does, 0 elsewhere. sign : +1 sets the relevance against the positive mask, -1 its negative against the negative mask. An
empty mask gives NaN: nothing can be found or missed. No measure changes when an input's relevance is multiplied by a
positive number. Raises `InputError` for shapes that do not fit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError
from .rows import rows, same_shape


def mass_accuracy(relevance: Any, mask: Any, sign: int = 1) -> np.ndarray:
    """RMA (N,), Reported (Arras, Osman, Samek 2022), the positive part Ours: share of the positive relevance that lies
    in the mask, sum over mask of max(r, 0) / sum of max(r, 0). NaN where no relevance is positive.
    """
    r, inside = _against(relevance, mask, sign)
    positive = np.maximum(r, 0)
    return _ratio((positive * inside).sum(axis=1), positive.sum(axis=1), inside)


def rank_accuracy(relevance: Any, mask: Any, sign: int = 1) -> np.ndarray:
    """RRA (N,), Reported (Arras, Osman, Samek 2022), ties Ours: share of the K = |mask| largest values that lie in the
    mask. Values equal to the K-th largest share the places left: expected hits over all orders of them. A constant map,
    all zeros too, has |mask| / P.
    """
    r, inside = _against(relevance, mask, sign)
    count = inside.sum(axis=1)
    last = np.take_along_axis(np.sort(r, axis=1)[:, ::-1], np.maximum(count - 1, 0)[:, None], axis=1)
    above, tied = r > last, r == last
    places = count - above.sum(axis=1)
    hits = (above & inside).sum(axis=1) + _ratio(places * (tied & inside).sum(axis=1), tied.sum(axis=1))
    return _ratio(hits, count, inside)


def pointing(relevance: Any, mask: Any, sign: int = 1) -> np.ndarray:
    """Pointing game (N,), Reported (Zhang et al. 2016) without its tolerance of some pixels, ties Ours: 1 where the
    largest value lies in the mask, 0 where not; the share that does where several are largest. See `chance`.
    """
    r, inside = _against(relevance, mask, sign)
    peak = r == r.max(axis=1, keepdims=True)
    return _ratio((peak & inside).sum(axis=1), peak.sum(axis=1), inside)


def chance(relevance: Any, mask: Any, sign: int = 1) -> np.ndarray:
    """(N,) |mask| / P: what `pointing` and `rank_accuracy` expect of a random ranking. NaN where they are NaN."""
    r, inside = _against(relevance, mask, sign)
    return np.where(np.isnan(r[:, 0]) | ~inside.any(axis=1), np.nan, inside.mean(axis=1))


def gini(relevance: Any) -> np.ndarray:
    """Gini index of |r| (N,), Reported (Hurley, Rickard 2009): 0 for a constant map, 1 - 1/P for a single position.
    NaN where all relevance is zero.
    """
    size = np.sort(np.abs(rows(relevance)), axis=1)
    positions = size.shape[1]
    weight = (positions - np.arange(positions) - 0.5) / positions
    return 1 - 2 * _ratio(size @ weight, size.sum(axis=1))


def entropy(relevance: Any) -> np.ndarray:
    """Shannon entropy of |r| / sum |r|, divided by log P (N,), Ours: 1 for a constant map, 0 for a single position.
    NaN where all relevance is zero, and for inputs of one position.
    """
    from scipy.special import entr

    size = np.abs(rows(relevance))
    share = _ratio(size, size.sum(axis=1, keepdims=True))
    return _ratio(entr(share).sum(axis=1), np.log(size.shape[1]))


def zero_share(relevance: Any) -> np.ndarray:
    """Share of positions whose relevance is exactly zero (N,)."""
    r = rows(relevance)
    return np.where(np.isnan(r[:, 0]), np.nan, (r == 0).mean(axis=1))


SPARSITY = {"gini": gini, "entropy": entropy, "zero_share": zero_share}
AGAINST_MASK = {
    "mass_accuracy": mass_accuracy,
    "rank_accuracy": rank_accuracy,
    "pointing": pointing,
    "chance": chance,
}


def measure(relevance: Any, mask: Any = None, sign: int = 1) -> dict[str, np.ndarray]:
    """All measures by name, each (N,); those against a mask only where one is given."""
    found = {name: of(relevance) for name, of in SPARSITY.items()}
    if mask is not None:
        found |= {name: of(relevance, mask, sign) for name, of in AGAINST_MASK.items()}
    return found


def _against(relevance: Any, mask: Any, sign: int) -> tuple[np.ndarray, np.ndarray]:
    """Relevance (N, P) that is large where it should lie inside the mask, and the mask (N, P) bool of that sign."""
    if sign not in (1, -1):
        raise InputError(f"sign is {sign}; give 1 for the positive mask, -1 for the negative one")
    same_shape(relevance, mask, "relevance and mask")
    return sign * rows(relevance), sign * rows(mask, "mask") > 0


def _ratio(part: np.ndarray, whole: Any, inside: np.ndarray | None = None) -> np.ndarray:
    """part / whole, NaN where whole is 0 and where the mask is empty."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.where(np.asarray(whole) == 0, np.nan, part / whole)
    return found if inside is None else np.where(inside.any(axis=1), found, np.nan)
