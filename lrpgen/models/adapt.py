"""Any network behind one door: input (N, 4, L), rows A C G T, whatever order of bases and axes the network wants.

Only values move (index, permute, unsqueeze), so relevance passes through unchanged.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..errors import InputError

BASES = "ACGT"
DEFAULT_LAYOUT = "NCL"


class Adapted(nn.Module):
    """`inner` with input (N, 4, L) in rows A C G T.

    Parameters
    ----------
    inner : takes (N, ...) axes in the order of `layout`, bases in the order of `channels`.
    channels : the four bases in the order `inner` wants, such as `ATGC`.
    layout : a string of N, C, L and 1 (an axis of length 1), such as `NLC` or `N1LC`.

    Raises
    ------
    InputError : channels or layout are no such strings.
    """

    order: Tensor

    def __init__(self, inner: nn.Module, channels: str = BASES, layout: str = DEFAULT_LAYOUT) -> None:
        super().__init__()
        check_channels(channels)
        check_layout(layout)
        self.inner = inner
        self.channels, self.layout = channels, layout
        self.register_buffer("order", torch.tensor([BASES.index(base) for base in channels]), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.channels != BASES:
            x = x.index_select(1, self.order)
        if self.layout.replace("1", "") == "NLC":
            x = x.transpose(1, 2)
        for axis, letter in enumerate(self.layout):
            if letter == "1":
                x = x.unsqueeze(axis)
        return self.inner(x)


def adapted(inner: nn.Module, channels: str, layout: str) -> nn.Module:
    """`inner` itself where it already takes (N, 4, L) in rows A C G T, else `Adapted`."""
    return inner if (channels, layout) == (BASES, DEFAULT_LAYOUT) else Adapted(inner, channels, layout)


def check_channels(channels: str) -> None:
    if sorted(channels) != sorted(BASES):
        raise InputError(f"channels {channels!r} must hold each of A, C, G, T once, such as ACGT or ATGC")


def check_layout(layout: str) -> None:
    if layout.replace("1", "") not in ("NCL", "NLC") or not layout.startswith("N"):
        raise InputError(f"layout {layout!r} must be N, then C and L in the model's order, and 1 for dummy axes (NLC1)")


def guessed_layout(shape: tuple[int | None, ...]) -> str | None:
    """The layout of an input of `shape` (without N) where that is certain: one axis of length 4, one that is not 1.

    >>> guessed_layout((53, 4)), guessed_layout((4, 1, 600)), guessed_layout((4, 4))
    ('NLC', 'NC1L', None)
    """
    letters = ["C" if size == 4 else "1" if size == 1 else "L" for size in shape]
    return "N" + "".join(letters) if letters.count("C") == 1 and letters.count("L") == 1 else None


def length_of(shape: tuple[int | None, ...], layout: str) -> int | None:
    """Window length of an input of `shape` (without N) in `layout`; None where the model takes any.

    Raises `InputError` when shape and layout contradict each other.
    """
    check_layout(layout)
    fits = len(shape) == len(layout) - 1 and all(
        letter == "L" or size in (None, {"C": 4, "1": 1}[letter])
        for letter, size in zip(layout[1:], shape, strict=True)
    )
    if not fits:
        raise InputError(
            f"layout {layout} does not fit an input of shape (N, {', '.join(map(str, shape))}); correct it"
        )
    return shape[layout.index("L") - 1]
