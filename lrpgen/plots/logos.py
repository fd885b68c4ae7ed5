"""Sequence logos (logomaker): of patterns, and of the mean relevance of a class. Matrices are (4, W), rows A C G T."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .style import FAINT, LINE, colours, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CENTRE = 30  # bases either side of the window's middle that are drawn as letters
VISIBLE = 0.02  # letters lower than this share of the highest stack are not drawn: unseen, and most of the file
MARGIN = 1.3  # inches beside the letters: axis labels


def reverse_complement(matrix: np.ndarray) -> np.ndarray:
    """`matrix` (4, W) read along the other strand."""
    return matrix[::-1, ::-1]


def pattern_figure(cwm: np.ndarray, bits: np.ndarray, *, title: str = "", palette: str = "cvd") -> Figure:
    """CWM above, information content below: `cwm` relevance per base, `bits` = PPM times each column's bits."""
    width = cwm.shape[1]
    with styled():
        figure = new_figure(max(0.26 * width, 2.2) + MARGIN, 3.0)
        top, bottom = figure.subplots(2, 1, sharex=True, squeeze=True)
        draw_logo(top, cwm, first=1, palette=palette)
        draw_logo(bottom, bits, first=1, palette=palette)
        top.set_title(title)
        top.set_ylabel("relevance")
        bottom.set_ylabel("bits")
        bottom.set_ylim(0, max(2.0, float(bits.sum(axis=0).max(initial=0))))
        bottom.set_xlabel("position in the pattern")
        bottom.set_xticks(_ticks(1, width))
        bottom.set_xlim(0.5, width + 0.5)
    return figure


def mean_figure(mean: np.ndarray, *, title: str = "", palette: str = "cvd") -> Figure:
    """Profile over the whole window above, letters of its middle (CENTRE bases either side) below.

    `mean` (4, L): mean over windows of one-hot times relevance. Position 0 is the base right of the middle, L // 2.
    """
    length = mean.shape[1]
    middle = length // 2
    left, right = max(middle - CENTRE, 0), min(middle + CENTRE, length)
    with styled():
        figure = new_figure(max(0.16 * (right - left), 3.0) + MARGIN, 4.0)
        top, bottom = figure.subplots(2, 1, squeeze=True)
        profile = mean.sum(axis=0)
        at = np.arange(length) - middle
        top.axvspan(left - middle - 0.5, right - middle - 0.5, color="#eeeeee", linewidth=0)
        top.axhline(0, color=FAINT, linewidth=0.6)
        top.plot(at, profile, color=LINE, linewidth=1)
        top.set_xlim(-middle - 0.5, length - middle - 0.5)
        top.set_ylabel("mean relevance")
        top.set_title(title)
        draw_logo(bottom, mean[:, left:right], first=left - middle, palette=palette)
        bottom.set_ylabel("mean relevance")
        bottom.set_xlabel("position from the window's middle (bases)")
        bottom.set_xlim(left - middle - 0.5, right - middle - 0.5)
        bottom.set_xticks(_ticks(left - middle, right - left))
    return figure


def draw_logo(ax: Any, matrix: np.ndarray, *, first: int = 0, palette: str = "cvd") -> None:
    """Letters of `matrix` (4, W) on matplotlib axes `ax`, the first column at x = `first`; negative ones hang down."""
    import logomaker
    import pandas as pd

    values = np.asarray(matrix, dtype=np.float64).T
    highest = np.abs(values).sum(axis=1).max(initial=0)
    values = np.where(np.abs(values) < VISIBLE * highest, 0, values)
    ax.axhline(0, color=FAINT, linewidth=0.6)
    if not values.any():  # logomaker would warn about an axis without height
        ax.set_ylim(0, 1)
        return
    table = pd.DataFrame(values, columns=list("ACGT"), index=np.arange(first, first + len(values)))
    logomaker.Logo(
        table,
        ax=ax,
        color_scheme=colours(palette),
        font_name="DejaVu Sans",
        font_weight="bold",
        flip_below=True,
        vpad=0.02,
        width=0.95,
        baseline_width=0,
        show_spines=False,
    )
    ax.spines["left"].set_visible(True)
    ax.set_ylim(*_limits(values))


def _limits(values: np.ndarray) -> tuple[float, float]:
    """Room for the highest and the deepest stack."""
    high = float(np.maximum(values, 0).sum(axis=1).max(initial=0))
    low = float(np.minimum(values, 0).sum(axis=1).min(initial=0))
    return low * 1.05, high * 1.05


def _ticks(first: int, count: int) -> list[int]:
    step = 5 if count <= 40 else 10
    return [x for x in range(first, first + count) if x % step == 0 or (x == first == 1)]
