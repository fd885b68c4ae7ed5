"""What relevance has left need not be multiplied: products of a layer with weights at the entries that are not 0.

Ours. Pruning, max-pools and ReLUs leave most of what arrives at a layer at 0. Where few entries are left, each reads,
or adds to, the places its window covers; results differ from the full product by rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .graph import Node
from .sums import on_threads

PAYS = 0.15  # share of entries below which this is the faster way; docs/performance.md
MATRIX_PAYS = 0.25  # the same for PLRP-M, which would need five full products


def sparse_pull(
    node: Node, s: Tensor, weight: Tensor, a: Tensor, filled: Tensor | None, full: Callable[[], Tensor]
) -> Tensor:
    """Transposed product of s (N, C, ...) in the input's shape, that of `a`, or `full()` where that serves better.

    filled : (N,) share of s that is not 0, or None. Each sample is decided on its own: what it gets does not depend on the
    batch it is in.
    """
    few = few_filled(node, s, weight, filled, PAYS)
    if not few.any():
        return full()
    if few.all():
        return _spread(node, s, weight, a)
    found = full()
    found[few] = _spread(node, s[few], weight, a[few])
    return found


def turned(node: Node, s: Tensor, weight: Tensor) -> Tensor | None:
    """A transposed convolution of stride 1 as a convolution with its weights turned round, which a CPU does faster.

    None where that does not serve; turning costs more than it saves where there are fewer values than weights.
    """
    plain = getattr(node.call, "_overloadname", "") == "default"  # padding is no word, nothing is rounded
    if node.op not in ("conv1d", "conv2d", "conv3d") or not plain or s.device.type != "cpu":
        return None
    stride, padding, dilation, groups = list(node.args[3:]) + [[1], [0], [1], 1][len(node.args[3:]) :]
    if set(stride) != {1} or groups != 1 or s.numel() < weight.numel():
        return None
    sizes = weight.shape[2:]
    gaps, around = _each(tuple(dilation), len(sizes)), _each(tuple(padding), len(sizes))
    left = [gap * (size - 1) - pad for gap, size, pad in zip(gaps, sizes, around, strict=True)]
    if min(left) < 0:
        return None
    other_way = weight.detach().flip(list(range(2, weight.dim()))).transpose(0, 1).contiguous()
    with torch.no_grad():
        return node.call(s, other_way, None, stride, left, dilation, 1)


def few_filled(node: Node, s: Tensor, weight: Tensor, filled: Tensor | None, share: float) -> Tensor:
    """(N,) bool: samples of s whose products are taken entry by entry."""
    fits = node.op in ("conv1d", "conv2d", "conv3d") or (node.op == "linear" and s.dim() == 2)
    grouped = len(node.args) > 6 and node.args[6] != 1
    if filled is None or not fits or grouped or s.dtype != weight.dtype:
        return torch.zeros(len(s), dtype=torch.bool)
    return filled <= share


def _spread(node: Node, s: Tensor, weight: Tensor, a: Tensor) -> Tensor:
    from .compiled import spread

    places, parts = places_of(node, weight, a, s), _parts(s)
    out = torch.zeros(len(s), places.size, dtype=s.dtype)
    on_threads(spread, out.numel(), _entries(s), places.rows(weight), places.bases, places.offsets, parts, out)
    return places.taken(out)


def redistributed(node: Node, s: Tensor, weight: Tensor, a: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
    """PLRP-M's relevance of the kept inputs, and (N, 2) negative and positive relevance without a kept contribution."""
    from .compiled import redistribute

    places, parts = places_of(node, weight, a, s), _parts(s)
    out = torch.zeros(len(s) * parts, places.size, dtype=s.dtype)
    pools = torch.zeros(len(out), 2, dtype=torch.float64)
    given = (_entries(s), places.laid(a), places.laid(kept), places.rows(weight), places.bases, places.offsets)
    on_threads(redistribute, out.numel(), *given, parts, out, pools)
    if parts > 1:
        out, pools = (each.view(len(s), parts, -1).sum(1) for each in (out, pools))
    return places.taken(out), pools


def _parts(s: Tensor) -> int:
    """Parts of each sample, so that all threads have work."""
    return -(-torch.get_num_threads() // len(s))


def _entries(s: Tensor) -> Tensor:
    return s.reshape(*s.shape[:2], -1)


@dataclass(frozen=True)
class Places:
    """Where the windows of a convolution lie in its padded input, laid out with channels last; a linear layer has one.

    Entry t of the output covers, for each i, the `run` values from bases[t] + offsets[i]. lower, sizes, padded : padding
    before, size, padded size of each dimension.
    """

    channels: int
    lower: tuple[int, ...]
    sizes: tuple[int, ...]
    padded: tuple[int, ...]
    bases: np.ndarray
    offsets: np.ndarray

    @property
    def size(self) -> int:
        return self.channels * int(np.prod(self.padded))

    def _inside(self, out: Tensor) -> Tensor:
        """The input's own part of (N, size), channels last."""
        view = out.view(len(out), *self.padded, self.channels)
        return view[(slice(None), *(slice(at, at + size) for at, size in zip(self.lower, self.sizes, strict=True)))]

    def laid(self, a: Tensor) -> Tensor:
        """a (N, C, ...) as (N, size)."""
        out = a.new_zeros(len(a), self.size)
        self._inside(out).copy_(a.movedim(1, -1))
        return out

    def taken(self, out: Tensor) -> Tensor:
        """(N, size) as (N, C, ...)."""
        return self._inside(out).movedim(-1, 1).contiguous()

    def rows(self, weight: Tensor) -> Tensor:
        """weight (K, C, ...) as (K, runs, run)."""
        return weight.detach().movedim(1, -1).reshape(len(weight), len(self.offsets), -1).contiguous()


def places_of(node: Node, weight: Tensor, a: Tensor, s: Tensor) -> Places:
    """stride, padding, dilation are read from the node; they are ints, lists of one or of all dimensions, or a word."""
    if node.op == "linear":
        return Places(a.shape[1], (), (), (), np.zeros(1, np.int64), np.zeros(1, np.int64))
    given = [tuple(arg) if isinstance(arg, list) else arg for arg in node.args[3:6]]
    stride, padding, dilation = given + [1, 0, 1][len(given) :]
    return _places(tuple(a.shape[1:]), tuple(s.shape[2:]), tuple(weight.shape[2:]), stride, padding, dilation)


@lru_cache(maxsize=256)
def _places(
    shape: tuple[int, ...], outputs: tuple[int, ...], kernel: tuple[int, ...], stride: object, padding: object,
    dilation: object,
) -> Places:  # fmt: skip
    channels, *sizes = shape
    steps, gaps = _each(stride, len(sizes)), _each(dilation, len(sizes))
    spans = [gap * (k - 1) for gap, k in zip(gaps, kernel, strict=True)]
    if padding == "same":
        lower, upper = [span // 2 for span in spans], [span - span // 2 for span in spans]
    else:
        lower = upper = [0] * len(sizes) if padding == "valid" else _each(padding, len(sizes))
    padded = [low + size + up for low, size, up in zip(lower, sizes, upper, strict=True)]
    pitch = [channels * int(np.prod(padded[d + 1 :])) for d in range(len(sizes))]
    taps = [*kernel[:-1], 1 if gaps[-1] == 1 else kernel[-1]]  # neighbours of the last dimension lie together
    return Places(
        channels, tuple(lower), tuple(sizes), tuple(padded),
        _grid(outputs, [p * step for p, step in zip(pitch, steps, strict=True)]),
        _grid(taps, [p * gap for p, gap in zip(pitch, gaps, strict=True)]),
    )  # fmt: skip


def _each(value: object, dimensions: int) -> list[int]:
    values: list[Any] = list(value) if isinstance(value, tuple) else [value]
    return values * dimensions if len(values) == 1 else values


def _grid(counts: tuple[int, ...] | list[int], pitch: list[int]) -> np.ndarray:
    """Sums of index * pitch over all indices, the last one fastest."""
    return np.array([sum(map(int.__mul__, at, pitch)) for at in product(*map(range, counts))], dtype=np.int64)
