"""ATen operations that need another form before they can be explained: normalisations as linear maps, first winners.

Statistics of a normalisation (batch, layer, group, instance) are treated as constants, so that it is affine in its
input: Ours, as in LXT's attention-aware rules. Batch norm in eval mode is affine anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from .graph import Node


def canonical(node: Node) -> Node:
    """The same node, or its replacement that computes the same value."""
    name, call = REPLACEMENTS.get(node.op, (node.op, node.call))
    return replace(node, op=name, call=call)


def batch_norm(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, mean: Tensor, var: Tensor, *rest: float
) -> Tensor:
    return torch.nn.functional.batch_norm(x, mean, var, weight, bias, False, 0.0, rest[-1])


def batch_statistics_norm(x: Tensor, weight: Tensor | None, bias: Tensor | None, *rest: Any) -> Tensor:
    """Batch norm without running statistics: those of the batch, constants, so that samples do not mix."""
    var, mean = torch.var_mean(x.detach(), [d for d in range(x.dim()) if d != 1], unbiased=False, keepdim=True)
    return _affine((x - mean) * torch.rsqrt(var + rest[-1]), weight, bias, [1, -1, *[1] * (x.dim() - 2)])


def layer_norm(
    x: Tensor, shape: Sequence[int], weight: Tensor | None = None, bias: Tensor | None = None, *rest: Any
) -> Tensor:
    dims = list(range(x.dim() - len(shape), x.dim()))
    eps = rest[0] if rest else 1e-5
    return _affine(_standardised(x, dims, eps), weight, bias, list(shape))


def group_norm(
    x: Tensor, groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5, *rest: Any
) -> Tensor:
    parts = x.reshape(x.shape[0], groups, -1)
    return _affine(_standardised(parts, [2], eps).view_as(x), weight, bias, [1, -1, *[1] * (x.dim() - 2)])


def native_group_norm(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, n: int, c: int, hw: int, groups: int, eps: float
) -> Tensor:
    return group_norm(x, groups, weight, bias, eps)


def instance_norm(x: Tensor, weight: Tensor | None, bias: Tensor | None, *rest: Any) -> Tensor:
    """rest: running mean, running var, use_input_stats, momentum, eps, cudnn. Only input statistics come here."""
    dims = list(range(2, x.dim()))
    return _affine(_standardised(x, dims, rest[4]), weight, bias, [1, -1, *[1] * (x.dim() - 2)])


def _standardised(x: Tensor, dims: list[int], eps: float) -> Tensor:
    var = x.detach().var(dims, unbiased=False, keepdim=True)
    return (x - x.mean(dims, keepdim=True)) * torch.rsqrt(var + eps)


def _affine(x: Tensor, weight: Tensor | None, bias: Tensor | None, shape: list[int]) -> Tensor:
    x = x if weight is None else x * weight.reshape(shape)
    return x if bias is None else x + bias.reshape(shape)


def first_max(x: Tensor, dims: Sequence[int] | int = (), keepdim: bool = False) -> Tensor:
    """amax whose derivative goes to the first winner, as a max-pool's does; torch's amax shares it among ties."""
    dims = [dims] if isinstance(dims, int) else list(dims) or list(range(x.dim()))
    dims = sorted(d % x.dim() for d in dims)
    kept = [d for d in range(x.dim()) if d not in dims]
    flat = x.permute(*kept, *dims).reshape(*(x.shape[d] for d in kept), -1)
    found = flat.gather(-1, flat.argmax(-1, keepdim=True)).squeeze(-1)
    for d in dims if keepdim else ():
        found = found.unsqueeze(d)
    return found


def max_dim(x: Tensor, dim: int, keepdim: bool = False) -> Tensor:
    return first_max(x, dim, keepdim)


REPLACEMENTS: dict[str, tuple[str, Any]] = {
    "_native_batch_norm_legit_no_training": ("batch_norm", batch_norm),
    "_native_batch_norm_legit": ("batch_statistics_norm", batch_statistics_norm),
    "layer_norm": ("layer_norm", layer_norm),
    "native_layer_norm": ("layer_norm", layer_norm),
    "group_norm": ("group_norm", group_norm),
    "native_group_norm": ("group_norm", native_group_norm),
    "instance_norm": ("instance_norm", instance_norm),
    "amax": ("amax", first_max),
    "max": ("max", max_dim),
}
