"""Two sequence logos over the same columns: a pattern above the known motif that it looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .logos import MARGIN, draw_logo, reverse_complement
from .style import new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def aligned(pattern: np.ndarray, target: np.ndarray, offset: int, reverse: bool) -> tuple[np.ndarray, np.ndarray]:
    """Both matrices (4, .) padded with empty columns to one width, so that columns that match stand together.

    Column 0 of `pattern` lies on column `offset` of `target`, which is reverse-complemented first where `reverse`.
    """
    turned = reverse_complement(target) if reverse else target
    before, after = max(offset, 0), max(-offset, 0)
    width = max(before + pattern.shape[1], after + turned.shape[1])
    return _padded(pattern, before, width), _padded(turned, after, width)


def pair_figure(
    pattern: np.ndarray,
    target: np.ndarray,
    *,
    offset: int,
    reverse: bool,
    names: tuple[str, str],
    title: str = "",
    palette: str = "cvd",
) -> Figure:
    """`pattern` above `target`, letter heights in bits, placed as `aligned` says; positions count the pattern's."""
    above, below = aligned(pattern, target, offset, reverse)
    width, first = above.shape[1], 1 - max(offset, 0)
    labels = (names[0], names[1] + (", reverse complement" if reverse else ""))
    with styled():
        figure = new_figure(max(0.26 * width, 3.2) + MARGIN, 3.4)
        axes = figure.subplots(2, 1, sharex=True, squeeze=True)
        for ax, bits, label in zip(axes, (above, below), labels, strict=True):
            draw_logo(ax, bits, first=first, palette=palette)
            ax.set_ylim(0, max(2.0, float(bits.sum(axis=0).max(initial=0))))
            ax.set_ylabel("bits")
            ax.set_title(label)
            ax.set_xlim(first - 0.5, first + width - 0.5)
        figure.suptitle(title, fontsize=9, x=0.01, ha="left")
        step = 5 if width <= 40 else 10
        axes[1].set_xticks([x for x in range(first, first + width) if x % step == 0 or x == 1])
        axes[1].set_xlabel(f"position in {names[0]}")
    return figure


def _padded(matrix: np.ndarray, before: int, width: int) -> np.ndarray:
    return np.pad(matrix, ((0, 0), (before, width - before - matrix.shape[1])))
