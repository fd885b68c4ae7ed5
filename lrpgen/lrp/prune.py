"""PLRP: prune a share of each layer's relevance *mass* per sample and sign, then redistribute it over what is left.

Source: Yanez Sarmiento et al. 2024 (arXiv 2404.14271), as publicly described (Reported), with our completions (Ours):
signs apart, selection by rank so that ties stay exact, never the last entry of a sign, matrix redistribution by sign, and
the adaptive mode.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import reduce

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from .kernel import Local
from .rules import _neg, _pos
from .sparse import MATRIX_PAYS, few_filled, redistributed
from .sums import Tally, compiled_for, divided, on_threads, per_sample, tally

TINY = torch.finfo(torch.float64).tiny
# A magnitude's bits in digits, the highest first: all of the exponent with some of the mantissa, then the rest of it.
DIGITS = {torch.float32: (12, 10, 9), torch.float64: (15, 12, 12, 12, 12)}


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


def pruned(r: Tensor, positive: float, negative: float, loss: float | None = None) -> tuple[Tensor, Tally, Tensor]:
    """`r` (N, ...), which may be overwritten, as PLRP-lambda leaves it; what that sums to; the mass dropped (N,) float64.

    r * `prune_factors`, in one loop over each sample where there is one.
    """
    if loss is not None or not compiled_for(r):
        factors, dropped = prune_factors(r, positive, negative, loss)
        r = r * factors
        return r, tally(r), dropped
    from .compiled import prune

    r = r.detach().contiguous()
    flat, sums = r.flatten(1).numpy(), torch.empty(len(r), 4, dtype=torch.float64)
    bits = flat.view(np.uint32 if r.dtype == torch.float32 else np.uint64)
    on_threads(prune, r.numel(), flat, bits, np.array([positive, negative]), DIGITS[r.dtype][0], sums)
    *found, dropped = sums.unbind(1)
    return r, Tally(*found), dropped


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
    if loss is None:
        factors, dropped = _by_digits(flat if flat.dtype in DIGITS else flat.float(), shares)
    else:
        factors, dropped = _by_sorting(flat, shares, loss)
        factors.masked_fill_(flat == 0, 1.0)
    return factors.to(r.dtype).view_as(r), dropped


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


def _bits(flat: Tensor) -> Tensor:
    return flat.view(torch.int32 if flat.dtype == torch.float32 else torch.int64)


def _by_digits(flat: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
    """The same without a sort: the magnitude at which a share ends, found digit by digit from the mass of each.

    The bits of a float's magnitude rise with it. Entries below that magnitude are dropped, and of those equal to it the
    first that fit. Of each sample the negative ones come first. Nothing here waits for a GPU.
    """
    rows, size, value = len(flat), _bits(flat.abs()), flat.abs().double()
    sign = (flat > 0).long()
    group = sign + 2 * torch.arange(rows, device=flat.device).unsqueeze(1)
    mass = value.new_zeros(2 * rows).index_add_(0, group.flatten(), value.flatten()).view(rows, 2, 1)
    limit = torch.where(shares < 1, shares * mass, torch.inf)
    below, at, same = torch.zeros_like(mass), torch.zeros_like(mass, dtype=size.dtype), flat != 0
    shift = sum(DIGITS[flat.dtype])
    for width in DIGITS[flat.dtype]:
        shift -= width
        digit = (size >> shift) & ((1 << width) - 1)
        by_digit = value.new_zeros(2 * rows << width)
        by_digit = by_digit.index_add_(0, ((group << width) + digit).flatten(), (value * same).flatten())
        by_digit = by_digit.view(rows, 2, -1)
        running = below + by_digit.cumsum(2)
        place = torch.arange(1 << width, device=flat.device)
        top = ((by_digit > 0) * place).amax(2, keepdim=True)  # never beyond the last entry
        edge = torch.minimum((running <= limit).sum(2, keepdim=True), top)
        below = torch.where(edge > 0, running.gather(2, (edge - 1).clamp(min=0)), below)
        at |= (edge << shift).to(size.dtype)
        same &= digit == edge.view(rows, 2).gather(1, sign)
    at, bound, start = (each.view(rows, 2).gather(1, sign) for each in (at, limit, below))
    rank = torch.where(sign == 1, (same & (sign == 1)).cumsum(1), (same & (sign == 0)).cumsum(1))
    ties = rank.new_zeros(2 * rows).index_add_(0, group.flatten(), same.long().flatten()).view(rows, 2)
    tied = same & (rank < ties.gather(1, sign)) & (start + rank * value <= bound)
    gone = below.flatten().index_add(0, group.flatten(), (value * tied).flatten()).view(rows, 2, 1)
    scale = _scale(mass, gone).view(rows, 2).gather(1, sign).to(flat.dtype)
    factors = torch.where(size < at, 0.0, scale).masked_fill_(tied, 0.0).masked_fill_(flat == 0, 1.0)
    return factors, gone.flatten(1).sum(1)


def _scale(mass: Tensor, gone: Tensor) -> Tensor:
    return mass / (mass - gone).clamp(min=TINY)


def _change(magnitude: Tensor, running: Tensor) -> Tensor:
    """Relative L2 change of one sign's relevance if everything up to each rank is dropped and the rest scaled."""
    squares = magnitude.square().cumsum(1)
    total, mass = squares[:, -1:], running[:, -1:]
    excess = mass / (mass - running).clamp(min=TINY) - 1  # lambda - 1
    change = (squares + excess.square() * (total - squares)).clamp(min=0).sqrt() / total.sqrt().clamp(min=TINY)
    return change.cummax(1).values  # once exceeded, stays exceeded: what is dropped is a prefix


def matrix_relevance(local: Local, s: Tensor, filled: Tensor | None, r: Tensor, keep: Tensor) -> tuple[Tensor, Tensor]:
    """PLRP-M: the layer's relevance with pruned inputs taken out of its propagation matrix.

    Parameters
    ----------
    s : relevance at the layer's output, divided; filled : (N,) share of it that is not 0, or None.
    r : base relevance at the layer's input. keep : bool, entries that are kept.

    Returns
    -------
    pruned : shape of `r`. pooled : (N,) float64, magnitude that found no kept contributor in its column and went, by sign,
        to the kept entries in proportion to their |r|.

    Positive and negative contributions are renormalised apart, each column part to its own original sum, and a part
    without a kept contributor is pooled on its own.
    """
    assert local.weight is not None
    (a,), z, bias = local.deltas()
    z = z if bias is None else z - bias
    few = few_filled(local.node, s, local.weight, filled, MATRIX_PAYS)
    if few.all():
        found, pools = redistributed(local.node, s, local.weight, a, a * keep)
    elif not few.any():
        found, pools = _redistributed_in_full(local, s, a, a * keep, z)
    else:
        found, pools = torch.empty_like(r), torch.empty(len(r), 2, dtype=torch.float64)
        full, kept = ~few, a * keep
        found[few], pools[few] = redistributed(local.node, s[few], local.weight, a[few], kept[few])
        found[full], pools[full] = _redistributed_in_full(local, s[full], a[full], kept[full], z[full])
    return found + _pool(pools, r * keep), pools.abs().sum(1)


def _redistributed_in_full(local: Local, s: Tensor, a: Tensor, kept: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """`sparse.redistributed` by products of all entries; z : sums of contributions, without a bias."""
    assert local.weight is not None
    parts = [part for part, there in ((_pos, bool(a.max() > 0)), (_neg, bool(a.min() < 0))) if there] or [_pos]
    found, pools = torch.zeros_like(a), torch.zeros(len(a), 2, dtype=torch.float64, device=a.device)
    whole = torch.zeros_like(z)
    for same, other in ((_pos, _neg), (_neg, _pos)):  # contributions above zero, then below
        weights = [(same if part is _pos else other)(local.weight) for part in parts]
        leaves = [part(kept).requires_grad_() for part in parts]
        outputs = [local.apply(leaf, w) for leaf, w in zip(leaves, weights, strict=True)]
        left = _total(output.detach() for output in outputs)
        if same is _pos:
            whole = _total(local.apply(part(a), w).detach() for part, w in zip(parts, weights, strict=True))
        else:
            whole = z - whole
        # Not `left == 0`: a fast convolution may leave rounding where nothing contributes.
        tiny = torch.finfo(left.dtype).eps * torch.maximum(whole.flatten(1).amax(1), -whole.flatten(1).amin(1))
        none = left.abs() <= tiny.reshape(-1, *[1] * (left.dim() - 1))
        due = s * whole
        q = divided(due, left.masked_fill(none, 0.0), 0.0, spend=True)
        for leaf, output, w in zip(leaves, outputs, weights, strict=True):
            found.addcmul_(leaf.detach(), local.transposed(output, leaf, w, q.s, q.filled))
        lost = due.masked_fill_(~none, 0.0)
        pools += torch.stack([per_sample(lost.clamp(max=0)), per_sample(lost.clamp(min=0))], 1)
    return found, pools


def _total(parts: Iterable[Tensor]) -> Tensor:
    return reduce(torch.add, parts)


def _pool(pools: Tensor, kept: Tensor) -> Tensor:
    """Lost relevance (N, 2), negative and positive, over the kept entries of that sign (over all, where it has none)."""
    result = torch.zeros_like(kept)
    shape = [-1, *[1] * (kept.dim() - 1)]
    if not pools.any():
        return result
    magnitude = kept.abs()
    for sign, pool in zip((-1, 1), pools.unbind(1), strict=True):
        same = (sign * kept).clamp(min=0)
        has = same.flatten(1).sum(1) > 0
        weights = torch.where(has.reshape(shape), same, magnitude)
        share = pool.to(kept.dtype) / weights.flatten(1).sum(1).clamp(min=torch.finfo(weights.dtype).tiny)
        result = result + weights * share.reshape(shape)
    return result
