"""Which channels of a layer carry an explanation: selectors, and the error of the heat map that they leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from .batch import Batch, normalised
from .layers import Layer

RANDOM = "random"
SELECTORS = ("top_relevance", "top_product", "closest", "top_magnitude", RANDOM)  # the last one is the control


class Error(NamedTuple):
    """(N,) each: mean squared error, its share of the full map's mean square, and SMAPE in percent (0..200)."""

    mse: Tensor
    share: Tensor
    smape: Tensor


def order(selector: str, activation: Tensor, relevance: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """(N, C) channels of each input, the first to be selected first. Source: METHODS 4, Ours.

    activation, relevance : (N, C), normalised. `top_relevance` largest R; `top_product` largest A * R; `closest` smallest
    |A - R| of those with R > 0, then the others; `top_magnitude` largest |R|, since relevance below 0 shapes a heat map too;
    `random` by the generator. Ties go to the lower channel.
    """
    if selector == "top_relevance":
        key = -relevance
    elif selector == "top_product":
        key = -activation * relevance
    elif selector == "closest":
        key = (activation - relevance).abs() + 3.0 * (relevance <= 0)  # |A - R| is at most 2
    elif selector == "top_magnitude":
        key = -relevance.abs()
    elif selector == RANDOM:
        key = torch.rand(relevance.shape, generator=generator, dtype=torch.float64).to(relevance.device)
    else:
        raise ValueError(f"selector {selector!r} is not one of {', '.join(SELECTORS)}")
    return key.argsort(dim=1, stable=True)


def sizes(channels: int) -> list[int]:
    """Numbers of channels that are kept: 1, 2, 4, ... and all."""
    return [*(2**i for i in range((channels - 1).bit_length())), channels]


def error(full: Tensor, found: Tensor) -> Error:
    """Of a heat map against the full one, both (N, ...).

    SMAPE: mean of 2|f - a| / (|f| + |a|) over positions, 0/0 = 0, in percent. Source: METHODS 4.
    """
    full, found = full.flatten(1).double(), found.flatten(1).double()
    gap, size = (full - found).abs(), full.abs() + found.abs()
    mse, square = gap.square().mean(1), full.square().mean(1)
    share = torch.where(square > 0, mse / torch.where(square > 0, square, 1.0), 0.0)
    smape = 200 * torch.where(size > 0, gap / torch.where(size > 0, size, 1.0), 0.0).mean(1)
    return Error(mse, share, smape)


def curves(batch: Batch, layer: Layer, draws: int, generator: torch.Generator) -> Iterator[tuple[str, int, Error]]:
    """(selector, k, error of each input) for every selector and size; that of `random` is the mean of its draws."""
    A, R = (normalised(values[layer.node]) for values in (batch.activation, batch.relevance))
    for selector in SELECTORS:
        orders = [order(selector, A, R, generator) for _ in range(draws if selector == RANDOM else 1)]
        for k in sizes(layer.channels):
            found = [error(batch.heat, batch.kept(layer, _first(one, k))) for one in orders]
            yield selector, k, Error(*(torch.stack(same).mean(0) for same in zip(*found, strict=True)))


def _first(channels: Tensor, k: int) -> Tensor:
    """(N, C) mask of the first k of each row."""
    return torch.zeros(channels.shape, device=channels.device).scatter_(1, channels[:, :k], 1.0)
