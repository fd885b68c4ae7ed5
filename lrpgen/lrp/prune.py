"""PLRP: prune a share of each layer's relevance *mass* per sample and sign, then redistribute it over what is left.

Source: Yanez Sarmiento et al. 2024 (arXiv 2404.14271), as publicly described (Reported), with our completions (Ours):
signs apart, selection by rank so that ties stay exact, never the last entry of a sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import torch
from torch import Tensor

from ..errors import InputError


@dataclass(frozen=True)
class Prune:
    """How much relevance each convolution or linear layer drops before it redistributes.

    Parameters
    ----------
    positive : share of the positive mass dropped, 0 to 1 (default of the public code: 0.25; Reported).
    negative : the same for the negative mass; None = positive / 2.
    redistribute : `lambda` scales what is kept, so that each sign's mass stays.
    layers : name patterns of the layers to prune (`conv*`); None = all.
    prune_input : prune at the network's input too.
    """

    positive: float = 0.25
    negative: float | None = None
    redistribute: str = "lambda"
    layers: Sequence[str] | None = None
    prune_input: bool = False

    def __post_init__(self) -> None:
        for name, share in (("positive", self.positive), ("negative", self.negative)):
            if share is not None and not 0 <= share <= 1:
                raise InputError(f"prune share {name}={share} lies outside 0..1; give a share of the relevance mass")
        if self.redistribute != "lambda":
            raise InputError(f"prune redistribution {self.redistribute!r} is not known; choose lambda")

    @property
    def shares(self) -> tuple[float, float]:
        return self.positive, self.positive / 2 if self.negative is None else self.negative

    def applies(self, layer: str) -> bool:
        return any(self.shares) and (self.layers is None or any(fnmatchcase(layer, p) for p in self.layers))


def prune_factors(r: Tensor, positive: float, negative: float) -> tuple[Tensor, Tensor]:
    """Factor for every entry of `r` (0 = dropped, lambda = kept), and the mass dropped per sample.

    Parameters
    ----------
    r : (N, ...) relevance at a layer's input.
    positive, negative : share of each sign's mass that may be dropped.

    Returns
    -------
    factors : shape of `r`; r * factors sums, per sample and sign, to what r sums to.
    dropped : (N,) float64, mass dropped (and redistributed) over both signs.

    Per sample and sign the entries are ordered by |r|, stable; the longest prefix whose mass is at most its share is
    dropped, but never the last entry. Masses are summed in float64.
    """
    flat = r.flatten(1)
    order = flat.abs().argsort(dim=1, stable=True)
    ranked = flat.gather(1, order).double()
    keep = torch.ones_like(ranked, dtype=torch.bool)
    scale = torch.ones_like(ranked)
    dropped = torch.zeros(len(flat), dtype=torch.float64, device=r.device)
    for share, of_sign, magnitude in (
        (positive, ranked > 0, ranked.clamp(min=0)),
        (negative, ranked < 0, (-ranked).clamp(min=0)),
    ):
        if share == 0:
            continue
        running = magnitude.cumsum(1)
        mass = running[:, -1:]
        position = of_sign.cumsum(1)
        last = position == position[:, -1:]
        drop = of_sign & (running <= share * mass) & ~last
        gone = torch.where(drop, magnitude, 0.0).sum(1, keepdim=True)
        scale = torch.where(of_sign, mass / (mass - gone).clamp(min=torch.finfo(torch.float64).tiny), scale)
        keep &= ~drop
        dropped += gone[:, 0]
    factors = torch.zeros_like(flat).scatter(1, order, torch.where(keep, scale, 0.0).to(flat.dtype))
    return factors.view_as(r), dropped
