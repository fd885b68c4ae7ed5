"""Where relevance starts: which output, and with how much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import InputError

Target = int | Tensor | Callable[[Tensor], Tensor] | None
INITS = ("logit", "abs", "one", "sglrp", "clrp")


@dataclass(frozen=True)
class difference:  # noqa: N801 (a target is written like a function: difference(0, 1))
    """Target: output `first` minus output `second`."""

    first: int
    second: int

    def __call__(self, output: Tensor) -> Tensor:
        return output[:, self.first] - output[:, self.second]


def total(output: Tensor) -> Tensor:
    """Target: the sum of all values of a head, as for log-counts heads."""
    return output.flatten(1).sum(1)


def profile(output: Tensor) -> Tensor:
    """Target: a profile head's logits weighted by their own softmax, held constant, as BPNet explains profiles.

    output (N, positions) or (N, strands, positions); strands and positions share one softmax, logits are mean-centred.
    Source: Avsec et al. 2021; the weighting as in chrombpnet's and bpnet-lite's public code (Reported).
    """
    flat = output.flatten(1)
    centred = flat - flat.mean(1, keepdim=True)
    return (centred * centred.detach().softmax(1)).sum(1)


def check_target(target: Target, samples: int) -> Target:
    if not isinstance(target, Tensor):
        return target
    if target.shape != (samples,):
        raise InputError(f"target has shape {tuple(target.shape)}, one index for each sample is needed")
    return target.cpu().long()


def index_of(output: Tensor, target: int | Tensor | None) -> Tensor:
    """Index (n,) explained in each sample of output (n, K). Raises `InputError` when it lies outside."""
    if output.dim() != 2:
        raise InputError(
            f"the model's output has shape {tuple(output.shape)}; give target as a callable that reduces it to (N,)"
        )
    if target is None:
        return output.argmax(1)
    index = torch.full((len(output),), target) if isinstance(target, int) else target
    index = index.to(output.device)
    if int(index.min()) < 0 or int(index.max()) >= output.shape[1]:
        raise InputError(
            f"target {int(index.max())} lies outside the model's {output.shape[1]} outputs, counted from 0"
        )
    return index


def starting_relevance(output: Tensor, base: Tensor | None, target: Target, init: str) -> tuple[Tensor, list[Tensor]]:
    """Index explained (n,), -1 for callables, and the relevance each pass starts with (shape of the output).

    base : the output at the reference, or None. `logit`: the value at the target (its difference from the reference);
    `abs`: its magnitude; `one`: 1. `sglrp` (Iwana et al. 2019): y_t (1 - y_t) at the target, -y_t y_n elsewhere, y the
    softmax. `clrp` (Gu et al. 2018): two passes, z_t at the target and z_t / (K - 1) on the others, subtracted by the
    caller.
    """
    change = output if base is None else output - base
    if callable(target) and not isinstance(target, Tensor):
        if init != "logit":
            raise InputError(f"init {init!r} needs an output index as target, not a callable")
        leaf = output.detach().requires_grad_()
        with torch.enable_grad():
            (slope,) = torch.autograd.grad(target(leaf).sum(), leaf)
        return torch.full((len(output),), -1, device=output.device), [slope * change]
    index = index_of(output, target)
    at = index[:, None]
    hot = torch.zeros_like(output).scatter(1, at, 1.0)
    value = change.gather(1, at)
    if init == "logit":
        return index, [hot * value]
    if init == "abs":
        return index, [hot * value.abs()]
    if init == "one":
        return index, [hot]
    if init == "sglrp":
        y = output.softmax(1)
        yt = y.gather(1, at)
        return index, [torch.where(hot > 0, yt * (1 - yt), -yt * y)]
    if init == "clrp":
        return index, [hot * value, (1 - hot) * value / max(output.shape[1] - 1, 1)]
    raise InputError(f"init {init!r} is not known; choose one of {', '.join(INITS)}")
