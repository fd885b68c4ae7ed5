"""Sanity checks of a method: does relevance change with the model, and stay where it should stay?

    of = lambda model: attribute("epsilon", model, onehot, 0).relevance.sum(axis=1)
    for layer, correlation in randomised_weights(model, of): ...

Correlations are Spearman's (`faithfulness.rank_correlation`), one per input, NaN where a map is constant.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import InputError
from .faithfulness import rank_correlation

HOW = ("permute", "redraw")


def randomised(model: nn.Module, how: str = "permute", seed: int = 1) -> Iterator[tuple[str, nn.Module]]:
    """(layer, model) with the weights of that layer and of all above it randomised, from the top down: the cascade of
    Adebayo et al. 2018 (Reported).

    Ours: a layer is a module with weights of its own, the top is the one registered last; `permute` puts a weight
    tensor's own values in random places, `redraw` draws from a normal with its mean and standard deviation, so that both
    keep the scale. Running statistics stay. One copy is randomised step by step: use it before you ask for the next. The
    user's model is left as it is. Raises `InputError` for another `how` and for a model without weights.
    """
    if how not in HOW:
        raise InputError(f"randomisation {how!r} is not known; choose permute or redraw")
    copied = copy.deepcopy(model)
    layers = [name for name, module in copied.named_modules() if list(module.parameters(recurse=False))]
    if not layers:
        raise InputError("the model has no weights to randomise")
    rng = np.random.default_rng(seed)
    for name in reversed(layers):
        for weight in copied.get_submodule(name).parameters(recurse=False):
            values = weight.detach().double().cpu().numpy()
            drawn = rng.permuted(values) if how == "permute" else rng.normal(values.mean(), values.std(), values.shape)
            weight.data.copy_(torch.from_numpy(drawn))
        yield name or "model", copied


def randomised_weights(
    model: nn.Module, relevance_of: Callable[[nn.Module], Any], how: str = "permute", seed: int = 1
) -> Iterator[tuple[str, np.ndarray]]:
    """(layer, rank correlation (N,)) of abs(relevance) with the original's as layers are randomised from the top down.

    relevance_of : from a model to relevance (N, L) or (N, H, W) of the same inputs and outputs. Near 0 at the last layer for
    a method that explains the model; one that stays high shows the input, whatever the model has learnt.
    """
    original = np.abs(_array(relevance_of(model)))
    for layer, other in randomised(model, how, seed):
        yield layer, rank_correlation(np.abs(_array(relevance_of(other))), original)


def across_members(relevance: Sequence[Any]) -> np.ndarray:
    """Stability (N,): mean rank correlation over all pairs of ensemble members' relevance, each (N, L) or (N, H, W).

    NaN for inputs that any member gives a constant map. Raises `InputError` for fewer than two members. Ours.
    """
    if len(relevance) < 2:
        raise InputError(f"stability across members of {len(relevance)} member cannot be told; give at least two")
    return np.mean([rank_correlation(a, b) for a, b in combinations(relevance, 2)], axis=0)


def under_reverse_complement(relevance_of: Callable[[np.ndarray], Any], onehot: np.ndarray) -> np.ndarray:
    """Stability (N,): rank correlation of the relevance of onehot (N, 4, L) with that of its reverse complement, turned back.

    relevance_of : from one-hot to relevance (N, L). 1 for a model that sees both strands alike. Ours.
    """
    if np.ndim(onehot) != 3 or np.shape(onehot)[1] != 4:
        raise InputError(f"a reverse complement needs DNA of shape (N, 4, L), the input has {np.shape(onehot)}")
    other = _array(relevance_of(np.ascontiguousarray(onehot[:, ::-1, ::-1])))
    return rank_correlation(_array(relevance_of(onehot)), other[:, ::-1])


def _array(relevance: Any) -> np.ndarray:
    return relevance.detach().cpu().numpy() if isinstance(relevance, Tensor) else np.asarray(relevance)
