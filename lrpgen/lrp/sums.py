"""Divisions and sums over large tensors: in one pass by compiled loops (CPU; float32, float64), else by torch's operations."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

SMALL = 1 << 16  # values below which starting threads costs more than it saves


@dataclass
class Quotient:
    """s = R / d. Of each sample (N,) float64: what a bias in d took, what the stabiliser took, what met a zero.

    filled : (N,), share of s that is not 0; None where counting it would cost a pass (or, on a GPU, a wait).
    """

    s: Tensor
    bias: Tensor | float
    epsilon: Tensor | float
    stranded: Tensor | float
    filled: Tensor | None = None


@dataclass
class Tally:
    """Of each sample: the sum, the sum of magnitudes (N,) float64, the number of zeros."""

    total: Tensor
    mass: Tensor
    zeros: Tensor


def compiled_for(values: Tensor) -> bool:
    return values.device.type == "cpu" and values.dtype in (torch.float32, torch.float64)


def by_rows(loop: Callable[..., None], rows: int, size: int, *arguments: object) -> None:
    """Run a compiled loop over all rows, on torch's number of threads where there are `size` values enough to share."""
    threads = min(torch.get_num_threads(), rows) if size > SMALL else 1
    given = [value.numpy() if isinstance(value, Tensor) else value for value in arguments]
    if threads == 1:
        return loop(0, rows, *given)
    ends = [rows * i // threads for i in range(threads + 1)]
    with ThreadPoolExecutor(threads - 1) as pool:  # of its own: threads do not outlive a fork
        others = [pool.submit(loop, start, stop, *given) for start, stop in pairwise(ends[1:])]
        loop(0, ends[1], *given)
        for other in others:
            other.result()


def per_sample(values: Tensor) -> Tensor:
    """Sum of each sample, (N,) float64. Within a sample torch adds in float32, in a tree: no copy in float64 is made."""
    kind = torch.promote_types(values.dtype, torch.float32)
    return values.flatten(1).sum(1, dtype=kind).double()


def tally(r: Tensor) -> Tally:
    if compiled_for(r):
        from .compiled import tally as loop

        flat, sums = r.detach().flatten(1).contiguous(), torch.empty(len(r), 3, dtype=torch.float64)
        by_rows(loop, len(r), r.numel(), flat, sums)
        return Tally(*sums.unbind(1))
    return Tally(per_sample(r), per_sample(r.abs()), (r == 0).flatten(1).sum(1))


def multiplied(a: Tensor, m: Tensor) -> tuple[Tensor, Tally]:
    """a * m of one shape, and what it sums to."""
    if not (compiled_for(a) and a.dtype == m.dtype):
        r = a * m
        return r, tally(r)
    from .compiled import multiply

    r, sums = torch.empty(a.shape, dtype=a.dtype), torch.empty(len(a), 3, dtype=torch.float64)
    flat = [values.detach().reshape(len(a), -1) for values in (a, m)]
    by_rows(multiply, len(a), a.numel(), *flat, r.view(len(a), -1), sums)
    return r, Tally(*sums.unbind(1))


def divided(R: Tensor, d: Tensor, eps: float, bias: Tensor | None = None) -> Quotient:
    """R / (d + eps * sign(d)), sign(0) = 1; with eps = 0: 0 where d is 0. bias : the part of d that is a bias."""
    if compiled_for(R) and R.dtype == d.dtype:
        return _in_one_pass(R, d, eps, bias)
    if eps:
        s = R / torch.where(d < 0, d - eps, d + eps)  # in d's own type: a where of two numbers is float32
        return Quotient(s, _taken(s, bias), eps * per_sample(torch.where(d < 0, -s, s)), 0.0)
    s = torch.where(d == 0, torch.zeros((), dtype=d.dtype, device=d.device), R / d)
    return Quotient(s, _taken(s, bias), 0.0, per_sample(torch.where(d == 0, R, 0.0)))


def _taken(s: Tensor, bias: Tensor | None) -> Tensor | float:
    return 0.0 if bias is None else per_sample(s * bias)


def _in_one_pass(R: Tensor, d: Tensor, eps: float, bias: Tensor | None) -> Quotient:
    from .compiled import divide

    R, d = R.detach().contiguous(), d.detach().contiguous()
    by_channel = bias is not None and bias.shape == (*d.shape[1:2], *[1] * (d.dim() - 2))
    rows = (len(d), d.shape[1] if by_channel else 1, -1)
    s, sums = torch.empty_like(d), torch.empty(*rows[:2], 4, dtype=torch.float64)
    flat = [values.reshape(rows[0] * rows[1], -1) for values in (R, d)]
    eps_of_type = torch.tensor(eps, dtype=d.dtype).numpy()[()]
    by_rows(divide, rows[0] * rows[1], d.numel(), *flat, eps_of_type, s.view(rows[0] * rows[1], -1), sums.view(-1, 4))
    total, signed, stranded, count = sums.unbind(2)
    taken = _taken(s, bias) if bias is None or not by_channel else total @ bias.detach().double().flatten()
    return Quotient(s, taken, eps * signed.sum(1), stranded.sum(1), count.sum(1) * len(s) / max(s.numel(), 1))
