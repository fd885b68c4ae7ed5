"""PLRP: prune a share of each layer's relevance *mass* per sample and sign, then redistribute it over what is left.

Source: Yanez Sarmiento et al. 2024 (arXiv 2404.14271), as publicly described (Reported), with our completions (Ours):
signs apart, selection by rank so that ties stay exact, never the last entry of a sign, matrix redistribution by sign, and
the adaptive mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import torch
from torch import Tensor

from ..errors import InputError
from .kernel import Local, per_sample
from .rules import Rule, divide, stabiliser

TINY = torch.finfo(torch.float64).tiny
# Leading bits of a magnitude that make a bin: all of the exponent, and of the mantissa four (float16: seven).
BIN_BITS = {torch.float16: 12, torch.bfloat16: 12, torch.float32: 12, torch.float64: 15}


@dataclass(frozen=True)
class Prune:
    """How much relevance each convolution or linear layer drops before it redistributes.

    Parameters
    ----------
    positive : share of the positive mass dropped, 0 to 1. Ours: 0.1, by docs/evaluation.md; the public code has 0.25 (Reported).
    negative : the same for the negative mass; None = positive / 2.
    redistribute : `lambda` scales what is kept, so that each sign's mass stays; `matrix` sends relevance again through
        the layer without the dropped inputs (rules lrp0 and epsilon).
    layers : name patterns of the layers to prune (`conv*`); None = all.
    prune_input : prune at the network's input too.
    schedule : `constant`; `linear` in depth, from a small share at the first pruned layer to the full one at the last;
        or one factor for each pruned layer, from input to output.
    loss : adaptive mode (Ours): per input, layer and sign the largest share up to `positive` (`negative`) that changes the
        relevance of that sign by at most this much in relative L2 norm. None = the share itself.
    """

    positive: float = 0.1
    negative: float | None = None
    redistribute: str = "lambda"
    layers: Sequence[str] | None = None
    prune_input: bool = False
    schedule: str | Sequence[float] = "constant"
    loss: float | None = None

    def __post_init__(self) -> None:
        for name, share in (("positive", self.positive), ("negative", self.negative)):
            if share is not None and not 0 <= share <= 1:
                raise InputError(f"prune share {name}={share} lies outside 0..1; give a share of the relevance mass")
        if self.redistribute not in ("lambda", "matrix"):
            raise InputError(f"prune redistribution {self.redistribute!r} is not known; choose lambda or matrix")
        if isinstance(self.schedule, str) and self.schedule not in ("constant", "linear"):
            raise InputError(
                f"prune schedule {self.schedule!r} is not known; choose constant, linear or a list of factors"
            )
        if self.loss is not None and self.loss < 0:
            raise InputError(f"prune loss {self.loss} is negative; give a relative change such as 0.1")

    @property
    def shares(self) -> tuple[float, float]:
        return self.positive, self.positive / 2 if self.negative is None else self.negative

    def applies(self, layer: str) -> bool:
        return any(self.shares) and (self.layers is None or any(fnmatchcase(layer, p) for p in self.layers))

    def shares_at(self, position: int, count: int) -> tuple[float, float]:
        """Shares of the pruned layer number `position` of `count`, counted from the input."""
        if isinstance(self.schedule, str):
            factor = 1.0 if self.schedule == "constant" else (position + 1) / count
        elif len(self.schedule) != count:
            raise InputError(
                f"prune schedule has {len(self.schedule)} factors, {count} layers are pruned; give one for each"
            )
        else:
            factor = self.schedule[position]
        positive, negative = (share * factor for share in self.shares)
        if not (0 <= positive <= 1 and 0 <= negative <= 1):
            raise InputError(f"prune schedule factor {factor} takes a share outside 0..1; choose smaller factors")
        return positive, negative


def prune_factors(r: Tensor, positive: float, negative: float, loss: float | None = None) -> tuple[Tensor, Tensor]:
    """Factor for every entry of `r` (0 = dropped, lambda = kept), and the mass dropped per sample.

    Parameters
    ----------
    r : (N, ...) relevance at a layer's input.
    positive, negative : share of each sign's mass that may be dropped.
    loss : adaptive mode, see `Prune`.

    Returns
    -------
    factors : shape of `r`; r * factors sums, per sample and sign, to what r sums to.
    dropped : (N,) float64, mass dropped (and redistributed) over both signs.

    Per sample and sign the entries are ordered by |r|, stable; the longest prefix whose mass is at most its share is
    dropped, but never the last entry. Masses are summed in float64.
    """
    flat = r.flatten(1).contiguous()
    shares = torch.tensor([[negative], [positive]], dtype=torch.float64, device=r.device)
    factors, dropped = _by_bins(flat, shares) if loss is None else _by_sorting(flat, shares, loss)
    return factors.masked_fill_(flat == 0, 1.0).view_as(r), dropped


def _by_sorting(flat: Tensor, shares: Tensor, loss: float | None) -> tuple[Tensor, Tensor]:
    """The definition, word by word; `flat` (N, m), `shares` (2, 1) of the negative and positive mass."""
    order = flat.abs().argsort(dim=1, stable=True)
    ranked = flat.gather(1, order).double()
    factors, dropped = torch.zeros_like(ranked), torch.zeros(len(flat), dtype=torch.float64, device=flat.device)
    for share, sign in zip(shares, (-1, 1), strict=True):
        of_sign, magnitude = sign * ranked > 0, (sign * ranked).clamp(min=0)
        running, position = magnitude.cumsum(1), of_sign.cumsum(1)
        drop = of_sign & (running <= share * running[:, -1:]) & (position < position[:, -1:])
        if loss is not None:
            drop &= _change(magnitude, running) <= loss
        gone = (magnitude * drop).sum(1, keepdim=True)
        factors = torch.where(of_sign & ~drop, _scale(running[:, -1:], gone), factors)
        dropped += gone[:, 0]
    return torch.zeros_like(flat).scatter(1, order, factors.to(flat.dtype)), dropped


def _by_bins(flat: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
    """The same without a full sort: mass by the leading bits of the numbers, and a sort of the bin where the share ends.

    The bits of a float's magnitude rise with it, so bins by sign, exponent and leading mantissa bits are in order; of
    each sample the negative ones come first.
    """
    rows, bins = len(flat), 1 << BIN_BITS[flat.dtype]
    bits = torch.finfo(flat.dtype).bits
    slot = (flat.view(getattr(torch, f"int{bits}")) >> (bits - 1 - BIN_BITS[flat.dtype])).int()  # -bins .. bins - 1
    slot += torch.arange(rows, dtype=torch.int32, device=flat.device).unsqueeze(1) * (2 * bins) + bins
    slot = slot.flatten()
    by_bin = torch.bincount(slot, flat.flatten(), 2 * rows * bins).double().abs_().view(rows, 2, bins)
    running = by_bin.cumsum(2)
    mass = running[:, :, -1:]
    limit = shares * mass
    top = (running < mass).sum(2, keepdim=True)  # the bin of the largest entry, which stays
    cut = torch.minimum((running <= limit).sum(2, keepdim=True), top)  # bins below are dropped whole
    below = torch.where(cut > 0, running.gather(2, (cut - 1).clamp(min=0)), 0.0)
    place = torch.arange(bins, device=flat.device)
    at_edge = (place == cut).flatten().index_select(0, slot).nonzero()[:, 0]
    gone, dropped = _at_edge(flat, at_edge, slot[at_edge] // bins, below, limit, cut == top)
    factors = torch.where(place < cut, 0.0, _scale(mass, gone)).to(flat.dtype).flatten().index_select(0, slot)
    factors[dropped] = 0.0
    return factors.view_as(flat), gone.flatten(1).sum(1)


def _at_edge(
    flat: Tensor, index: Tensor, group: Tensor, below: Tensor, limit: Tensor, topmost: Tensor
) -> tuple[Tensor, Tensor]:
    """Sort the entries of the bins where the shares end: (mass dropped in all (N, 2, 1), places in `flat` of those dropped).

    index, group : (k,) places of the entries, and their sample and sign. below : mass in the bins below. topmost : whether
    the bin holds the largest entry, which is never dropped.
    """
    order = flat.view(-1)[index].abs().argsort(stable=True)
    order = order[group[order].argsort(stable=True)]  # by sample and sign, then by size, then by place
    index, which = index[order], group[order].long()
    value = flat.view(-1)[index].abs().double()
    count = torch.bincount(which, minlength=below.numel())
    rank = torch.arange(len(which), device=flat.device) - (count.cumsum(0) - count)[which]
    table = below.new_zeros(below.numel(), int(count.max()) if len(which) else 1)
    table[which, rank] = value
    running = (table.cumsum(1) + below.view(-1, 1))[which, rank]
    last = topmost.view(-1)[which] & (rank == count[which] - 1)
    drop = (value > 0) & ~last & (running <= limit.view(-1)[which])
    gone = below.flatten().index_add(0, which, torch.where(drop, value, 0.0)).view_as(below)
    return gone, index[drop]


def _scale(mass: Tensor, gone: Tensor) -> Tensor:
    return mass / (mass - gone).clamp(min=TINY)


def _change(magnitude: Tensor, running: Tensor) -> Tensor:
    """Relative L2 change of one sign's relevance if everything up to each rank is dropped and the rest scaled."""
    squares = magnitude.square().cumsum(1)
    total, mass = squares[:, -1:], running[:, -1:]
    excess = mass / (mass - running).clamp(min=TINY) - 1  # lambda - 1
    change = (squares + excess.square() * (total - squares)).clamp(min=0).sqrt() / total.sqrt().clamp(min=TINY)
    return change.cummax(1).values  # once exceeded, stays exceeded: what is dropped is a prefix


def matrix_relevance(local: Local, R: Tensor, r: Tensor, keep: Tensor, rule: Rule) -> tuple[Tensor, Tensor]:
    """PLRP-M: the layer's relevance with pruned inputs taken out of its propagation matrix.

    Parameters
    ----------
    R : relevance at the layer's output. r : base relevance at its input. keep : bool, entries that are kept.

    Returns
    -------
    pruned : shape of `r`. pooled : (N,) float64, magnitude that found no kept contributor in its column and went, by sign,
        to the kept entries in proportion to their |r|.

    Positive and negative contributions are renormalised apart, each column part to its own original sum, and a part
    without a kept contributor is pooled on its own.
    """
    assert local.weight is not None
    (a,), z, _ = local.deltas()
    s = divide(R, z, stabiliser(rule.epsilon, z.dtype))
    up, down = local.weight.clamp(min=0), local.weight.clamp(max=0)
    halves = [half for half in (a.clamp(min=0), a.clamp(max=0)) if half.any()] or [a]
    pruned, pooled = torch.zeros_like(r), torch.zeros(len(r), dtype=torch.float64, device=r.device)
    for first, second in ((up, down), (down, up)):  # contributions above zero, then below
        weights = [first if bool((half >= 0).all()) else second for half in halves]
        leaves = [(half * keep).requires_grad_() for half in halves]
        kept = [local.apply(leaf, w) for leaf, w in zip(leaves, weights, strict=True)]
        whole = torch.stack([local.apply(half, w).detach() for half, w in zip(halves, weights, strict=True)]).sum(0)
        left = torch.stack([part.detach() for part in kept]).sum(0)
        # Not `left == 0`: a fast convolution may leave rounding where nothing contributes.
        none = left.abs() <= torch.finfo(left.dtype).eps * whole.abs().flatten(1).amax(1).reshape(
            -1, *[1] * (left.dim() - 1)
        )
        factor = torch.where(none, 0.0, whole / torch.where(none, 1.0, left))
        grads = torch.autograd.grad(kept, leaves, [s * factor] * len(kept))
        pruned = pruned + sum(leaf.detach() * grad for leaf, grad in zip(leaves, grads, strict=True))
        lost = torch.where(none, s * whole, 0.0)
        pruned, pooled = pruned + _pool(lost, r * keep), pooled + per_sample(lost.abs())
    return pruned, pooled


def _pool(lost: Tensor, kept: Tensor) -> Tensor:
    """Lost relevance, pooled by sign, over the kept entries of that sign (over all, where that sign has none)."""
    result = torch.zeros_like(kept)
    shape = [-1, *[1] * (kept.dim() - 1)]
    magnitude = kept.abs()
    for sign in (1, -1):
        pool = (sign * lost).clamp(min=0).flatten(1).sum(1) * sign
        same = (sign * kept).clamp(min=0)
        has = same.flatten(1).sum(1) > 0
        weights = torch.where(has.reshape(shape), same, magnitude)
        share = pool / weights.flatten(1).sum(1).clamp(min=torch.finfo(weights.dtype).tiny)
        result = result + weights * share.reshape(shape)
    return result
