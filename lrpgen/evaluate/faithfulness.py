"""Does the model agree: deletion and insertion curves, AOPC, and rank correlation with in-silico mutagenesis.

predict : takes one-hot float32 (n, 4, L), returns scores (n,), higher for more of what is explained; it does its own
batching. relevance : (N, L). replacement : (N, draws, 4, L), what a base becomes (`zeros`, `shuffles`). Images are
(N, C, H, W), their relevance (N, H, W); deletion is then pixel flipping, by `mean_colours` or `blurred`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import InputError
from .rows import ranked, rows, same_shape

if TYPE_CHECKING:
    import torch

Predict = Callable[[np.ndarray], Any]
STEPS, DRAWS = 20, 5
BLUR = 0.1  # of the shorter side: the standard deviation of `blurred`
FEWEST = 3  # positions a rank correlation needs: of two it is always 1 or -1


class Curve(NamedTuple):
    """share : (S + 1,) of positions deleted or inserted, from 0 to 1. score : (N, S + 1), mean over draws."""

    share: np.ndarray
    score: np.ndarray


def zeros(onehot: np.ndarray, draws: int = DRAWS, seed: int = 1) -> np.ndarray:
    """(N, draws, 4, L) of zeros for onehot (N, 4, L). Draws differ in the order of ties alone: no seed is needed."""
    return np.broadcast_to(np.zeros(1, dtype=np.int8), (len(onehot), draws, *onehot.shape[1:]))


def shuffles(onehot: np.ndarray, draws: int = DRAWS, seed: int = 1) -> np.ndarray:
    """(N, draws, 4, L): dinucleotide shuffles of onehot (N, 4, L). A position may be given the base it had."""
    from ..sequences.negatives import dinucleotide_shuffle

    return dinucleotide_shuffle(onehot.astype(np.int8), draws, seed)


def mean_colours(images: np.ndarray, draws: int = DRAWS, seed: int = 1) -> np.ndarray:
    """(N, draws, C, H, W): every pixel of images (N, C, H, W) at its image's mean colour. Draws as in `zeros`."""
    means = images.mean(axis=(2, 3), keepdims=True)
    return np.broadcast_to(means[:, None], (len(images), draws, *images.shape[1:]))


def blurred(images: np.ndarray, draws: int = DRAWS, seed: int = 1) -> np.ndarray:
    """(N, draws, C, H, W): images (N, C, H, W) blurred by a Gaussian of BLUR of their shorter side, Reported (Fong,
    Vedaldi 2017; the width Ours). Draws as in `zeros`."""
    from scipy.ndimage import gaussian_filter

    sigma = BLUR * min(images.shape[2:])
    soft = gaussian_filter(images, (0, 0, sigma, sigma), mode="nearest")
    return np.broadcast_to(soft[:, None], (len(images), draws, *images.shape[1:]))


def deletion(
    predict: Predict, onehot: np.ndarray, relevance: Any, replacement: np.ndarray, steps: int = STEPS, seed: int = 1
) -> Curve:
    """Scores of onehot (N, 4, L) as its positions are replaced, the most relevant first. Reported (Samek et al. 2017;
    Petsiuk, Das, Saenko 2018), ties Ours.

    Ties are broken at random, anew for every draw, and the curves of all draws are averaged. It matters for sparse
    maps: once their non-zero positions are spent, the curve is that of a random order. Signed relevance is ranked as it
    is, so that negative evidence goes last. Costs draws * (steps + 1) predictions per input. Raises `InputError` for
    shapes that do not fit, and for relevance with a NaN or an infinity.
    """
    return _curve(predict, onehot, relevance, replacement, steps, seed, deleting=True)


def insertion(
    predict: Predict, onehot: np.ndarray, relevance: Any, replacement: np.ndarray, steps: int = STEPS, seed: int = 1
) -> Curve:
    """As `deletion`, from the replacement to onehot: positions become what they are, the most relevant first."""
    return _curve(predict, onehot, relevance, replacement, steps, seed, deleting=False)


def aopc(deleted: Curve) -> np.ndarray:
    """Area over the perturbation curve (N,), Reported (Samek et al. 2017): mean over all steps, the first with no
    position deleted among them, of the score's fall, f(x_0) - f(x_k). Higher is more faithful.
    """
    return (deleted.score[:, :1] - deleted.score).mean(axis=1)


def area(curve: Curve) -> np.ndarray:
    """Area under the curve over shares from 0 to 1 (N,), by trapezia: low is good for deletion, high for insertion."""
    return np.trapezoid(curve.score, curve.share, axis=1)


def mutagenesis(model: torch.nn.Module, onehot: np.ndarray, output: int, batch_size: int = 256) -> np.ndarray:
    """In-silico mutagenesis float32 (N, L) by tangermeme: the score of the base that is there less the mean of the four
    bases there, all else unchanged. Positive where the base supports the output; 0 at N. Long jobs take tangermeme's
    faster path where it agrees, so that two runs may differ by rounding.

    model : takes (n, 4, L) and gives (n, outputs); it stays where it is. onehot : (N, 4, L) of 0 and 1.
    """
    import torch
    from tangermeme.saturation_mutagenesis import saturation_mutagenesis

    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    found: Any = saturation_mutagenesis(
        model, torch.from_numpy(onehot.astype(np.int8)), target=output, batch_size=batch_size, device=str(device)
    )
    return found.sum(dim=1).float().numpy()


def rank_correlation(relevance: Any, reference: Any, where: Any = None) -> np.ndarray:
    """Spearman's rank correlation (N,) of relevance with a reference (N, ...) such as `mutagenesis`, average ranks.

    where : bool of the same shape, the positions compared; all without it. Two forms belong together: over all positions
    the zeros of a sparse map are one large tie, so that it stays below 1 however well it ranks what it keeps; where
    `relevance != 0` it is asked only about what it says, which forgives what it left out. To compare methods in the
    second form, give both the same `where`. NaN where either side is constant, for fewer than three positions, and for
    inputs with a NaN or an infinity. Raises `InputError` for shapes that do not fit.
    """
    same_shape(relevance, reference, "relevance and reference")
    from scipy.stats import rankdata

    a, b = rows(relevance), rows(reference, "reference")
    used = ~np.isnan(a + b)
    if where is not None:
        same_shape(relevance, where, "relevance and where")
        used &= np.asarray(where, dtype=bool).reshape(a.shape)
    # Ranks of the positions that are used, among themselves, in place; the others are nan.
    x, y = (rankdata(np.where(used, side, np.nan), axis=1, nan_policy="omit") for side in (a, b))
    count = used.sum(axis=1)
    enough = count >= FEWEST
    x, y = (np.where(used, side - (count[:, None] + 1) / 2, 0) for side in (x, y))  # ranks average (count + 1) / 2
    spread = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(enough & (spread > 0), (x * y).sum(axis=1) / spread, np.nan)


def _curve(
    predict: Predict, onehot: np.ndarray, relevance: Any, replacement: np.ndarray, steps: int, seed: int, deleting: bool
) -> Curve:
    r = _checked(onehot, relevance, replacement, steps)
    width, draws = r.shape[1], replacement.shape[1]
    share = np.linspace(0, 1, steps + 1)
    score = np.zeros((len(r), steps + 1))
    for draw in range(draws):
        place = np.argsort(ranked(r, [seed, draw]), axis=1)  # of each position, 0 the most relevant
        for step, count in enumerate(np.rint(share * width).astype(int)):
            taken = (place < count).reshape(len(r), 1, *onehot.shape[2:])
            shown = ~taken if deleting else taken
            score[:, step] += _scores(predict, np.where(shown, onehot, replacement[:, draw]).astype(np.float32))
    return Curve(share, score / draws)


def _checked(onehot: np.ndarray, relevance: Any, replacement: np.ndarray, steps: int) -> np.ndarray:
    """Relevance (N, P) that can be ranked, beside arrays that fit it."""
    r = rows(relevance)
    if onehot.ndim < 3 or np.shape(relevance) != (len(onehot), *onehot.shape[2:]):
        raise InputError(
            f"relevance {np.shape(relevance)} does not fit inputs {onehot.shape}; give (N, L) for one-hot (N, 4, L), "
            "(N, H, W) for images (N, C, H, W)"
        )
    if replacement.ndim != onehot.ndim + 1 or replacement[:, 0].shape != onehot.shape:
        raise InputError(f"replacement {replacement.shape} does not fit inputs {onehot.shape}; give (N, draws, ...)")
    if steps < 1:
        raise InputError(f"a curve of {steps} steps cannot be drawn; give at least one")
    if np.isnan(r).any():
        row = int(np.flatnonzero(np.isnan(r[:, 0]))[0])
        raise InputError(f"relevance of input {row} has a NaN or an infinity and cannot be ranked; leave the input out")
    return r


def _scores(predict: Predict, onehot: np.ndarray) -> np.ndarray:
    found = np.asarray(predict(onehot), dtype=np.float64)
    if found.shape != (len(onehot),):
        raise InputError(f"predict gave the shape {found.shape} for {len(onehot)} inputs; give one score per input")
    return found
