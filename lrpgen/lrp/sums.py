"""Divisions and sums over large tensors: in one pass by compiled loops (CPU; float32, float64), else by torch's operations."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

SMALL = 1 << 12  # values below which starting threads costs more than it saves


@dataclass
class Quotient:
    """s = R / d. Of each sample (N,) float64: the sum of R, what a bias in d took, what the stabiliser took, what met a zero.

    filled : (N,), share of s that is not 0; None where counting it would cost a pass (or, on a GPU, a wait).
    """

    s: Tensor
    arrived: Tensor
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
    """Not in a forked process: what shares the loops among threads does not outlive a fork."""
    return values.device.type == "cpu" and values.dtype in (torch.float32, torch.float64) and not _forked


_forked: list[bool] = []
os.register_at_fork(after_in_child=lambda: _forked.append(True))
_launch = threading.Lock()  # not every way in which numba starts threads may be used from two at once


def on_threads(loop: Callable[..., None], size: int, *arguments: object) -> None:
    """Run a compiled loop on torch's number of threads where there are `size` values enough to share."""
    import numba

    given = [value.numpy() if isinstance(value, Tensor) else value for value in arguments]
    threads = torch.get_num_threads()
    with _launch:
        allowed = numba.get_num_threads()
        numba.set_num_threads(min(threads, allowed) if size > SMALL else 1)
        loop(*given)
        numba.set_num_threads(allowed)
    if torch.get_num_threads() != threads:  # numba's first launch sets what torch reads, where they share a runtime
        torch.set_num_threads(threads)


def per_sample(values: Tensor) -> Tensor:
    """Sum of each sample, (N,) float64. Within a sample torch adds in float32, in a tree: no copy in float64 is made."""
    kind = torch.promote_types(values.dtype, torch.float32)
    return values.flatten(1).sum(1, dtype=kind).double()


def tally(r: Tensor) -> Tally:
    if compiled_for(r):
        from .compiled import tally as loop

        return _tallied(loop, r.detach().contiguous())
    return Tally(per_sample(r), per_sample(r.abs()), (r == 0).flatten(1).sum(1))


def multiplied(a: Tensor, m: Tensor) -> tuple[Tensor, Tally]:
    """a * m of one shape, and what it sums to. m may be overwritten."""
    if not (compiled_for(a) and a.dtype == m.dtype):
        r = a * m
        return r, tally(r)
    from .compiled import multiply

    r = m.detach().contiguous()
    return r, _tallied(multiply, r, a.detach().contiguous())


def _tallied(loop: Callable[..., None], r: Tensor, *first: Tensor) -> Tally:
    """Run a loop over `first` and r, by channel so that threads share a single sample."""
    rows = r.shape[:2].numel()
    sums = np.empty((rows, 3))
    on_threads(loop, r.numel(), *(values.view(rows, -1) for values in (*first, r)), sums)
    return Tally(*_columns(sums.reshape(len(r), -1, 3)))


def _columns(sums: np.ndarray) -> list[Tensor]:
    """(N, parts, columns) as one tensor (N,) for each column."""
    return [torch.from_numpy(column) for column in np.ascontiguousarray(sums.sum(1).T)]


def sharable(R: Tensor, z: Tensor, inputs: list[Tensor]) -> bool:
    """Whether `shared` serves: two inputs, all of one shape and type."""
    same = all(a.shape == R.shape and a.dtype == R.dtype for a in (z, *inputs))
    return len(inputs) == 2 and same and compiled_for(R) and all(a.is_contiguous() for a in (R, z))


def shared(R: Tensor, z: Tensor, inputs: list[Tensor], eps: float) -> tuple[Any, ...]:
    """Relevance of both inputs of z = u + v, u * R / (z + eps * sign(z)), in the memory of z and of R.

    First what `divided` counts: the sum of R, what the stabiliser took, what met a zero; then each share and its tally.
    """
    from .compiled import share

    rows = R.shape[:2].numel()
    R, z, u, v = (values.detach().contiguous() for values in (R, z, *inputs))
    sums = np.empty((rows, 9))
    on_threads(
        share, R.numel(), *(values.view(rows, -1) for values in (u, v, R, z)), np.array(eps, _numpy(z))[()], sums
    )
    arrived, signed, stranded, *counts = _columns(sums.reshape(len(R), -1, 9))
    return (arrived, eps * signed, stranded), (z, Tally(*counts[:3])), (R, Tally(*counts[3:]))


def divided(R: Tensor, d: Tensor, eps: float, bias: Tensor | None = None, *, spend: bool = False) -> Quotient:
    """R / (d + eps * sign(d)), sign(0) = 1; with eps = 0: 0 where d is 0.

    bias : the part of d that is a bias. spend : d is not needed any more and may be overwritten.
    """
    if compiled_for(R) and R.dtype == d.dtype:
        return _in_one_pass(R, d, eps, bias, spend)
    if eps:
        s = R / torch.where(d < 0, d - eps, d + eps)  # in d's own type: a where of two numbers is float32
        return Quotient(s, per_sample(R), _taken(s, bias), eps * per_sample(torch.where(d < 0, -s, s)), 0.0)
    s = torch.where(d == 0, torch.zeros((), dtype=d.dtype, device=d.device), R / d)
    return Quotient(s, per_sample(R), _taken(s, bias), 0.0, per_sample(torch.where(d == 0, R, 0.0)))


def _taken(s: Tensor, bias: Tensor | None) -> Tensor | float:
    return 0.0 if bias is None else per_sample(s * bias)


def _in_one_pass(R: Tensor, d: Tensor, eps: float, bias: Tensor | None, spend: bool) -> Quotient:
    from .compiled import divide

    R, s = R.detach().contiguous(), d.detach()
    s = s if spend and s.is_contiguous() else s.clone(memory_format=torch.contiguous_format)
    by_channel = bias is not None and bias.shape == (*d.shape[1:2], *[1] * (d.dim() - 2))
    rows = s.shape[:2].numel()
    sums = np.empty((rows, 5))
    on_threads(divide, s.numel(), R.view(rows, -1), s.view(rows, -1), np.array(eps, _numpy(s))[()], sums)
    sums = sums.reshape(len(s), -1, 5)
    arrived, _, signed, stranded, count = _columns(sums)
    if bias is not None and by_channel:
        taken = torch.from_numpy(sums[:, :, 1] @ bias.detach().numpy().astype(np.float64).reshape(-1))
    else:
        taken = _taken(s, bias)
    return Quotient(s, arrived, taken, eps * signed, stranded, count * (len(s) / max(s.numel(), 1)))


def _numpy(values: Tensor) -> type[np.floating]:
    return np.float32 if values.dtype == torch.float32 else np.float64
