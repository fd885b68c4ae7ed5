"""What relevance has left need not be multiplied: the transposed product of a layer at the entries that are not 0.

Ours. Pruning, max-pools and ReLUs leave most of what arrives at a convolution at 0. Where few entries are left, each adds its
row of weights to where it came from; the result differs from the full product by rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .graph import Node
from .sums import by_rows

PAYS = 0.15  # share of entries below which this is the faster way; docs/performance.md


def sparse_pull(
    node: Node, s: Tensor, weight: Tensor, a: Tensor, filled: Tensor | None, full: Callable[[], Tensor]
) -> Tensor:
    """Transposed convolution of s (N, C, T) to the input's shape, that of `a`, or `full()` where that serves better.

    filled : (N,) share of s that is not 0, or None. Each sample is decided on its own: what it gets does not depend on the
    batch it is in.
    """
    if filled is None or not _fits(node, s, weight):
        return full()
    few = filled <= PAYS
    if few.all():
        return _spread(node, s, weight, a)
    found = full()
    if few.any():
        found[few] = _spread(node, s[few], weight, a[few])
    return found


def _fits(node: Node, s: Tensor, weight: Tensor) -> bool:
    if node.op != "conv1d":
        return False
    _, _, dilation, groups = _geometry(node)
    return groups == 1 and list(dilation) == [1] and s.dtype == weight.dtype


def _geometry(node: Node) -> list[Any]:
    """stride, padding, dilation, groups."""
    return (list(node.args[3:]) + [[1], [0], [1], 1][max(len(node.args) - 3, 0) :])[:4]


def _spread(node: Node, s: Tensor, weight: Tensor, a: Tensor) -> Tensor:
    from .compiled import spread

    stride, padding, _, _ = _geometry(node)
    n, inputs, length = a.shape
    size = weight.shape[2]
    left, right = (
        ((size - 1) // 2, size // 2) if padding == "same" else (0, 0) if padding == "valid" else 2 * tuple(padding)
    )
    rows = weight.detach().permute(0, 2, 1).reshape(len(weight), -1)
    out = torch.zeros(n, (left + length + right) * inputs, dtype=s.dtype)
    by_rows(spread, n, s.numel(), s, rows.contiguous(), stride[0] * inputs, out)
    return out.view(n, -1, inputs)[:, left : left + length].transpose(1, 2).contiguous()
