"""Relevance of many sites as a heat map, a row each, below their mean; the class's output beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .sites import Sites
from .style import CYCLE, FAINT, LINE, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

BLUE, VERMILION = CYCLE[:2]
FULL = 0.99  # colours are full from this quantile of the |relevance| that is not zero on


def heatmap_figure(sites: Sites, *, title: str = "", align: str = "middle") -> Figure:
    """Blue is negative, white zero, vermilion positive; position 0 is the base right of the aligned place."""
    count, width = sites.values.shape
    limit = full_colour(sites.values)
    extent = (-sites.origin - 0.5, width - sites.origin - 0.5)
    at = np.arange(width) - sites.origin
    with styled():
        figure = new_figure(5.6, 5.2)
        (top, corner), (map_, side) = figure.subplots(
            2, 2, width_ratios=(1, 0.14), height_ratios=(0.24, 1), sharex="col", sharey="row"
        )
        corner.set_axis_off()
        top.axhline(0, color=FAINT, linewidth=0.6)
        top.plot(at, sites.values.mean(axis=0), color=LINE, linewidth=1)
        top.set_ylabel("mean")
        top.set_title(title)
        top.locator_params(axis="y", nbins=3)
        image = map_.imshow(
            sites.values, cmap=diverging(), vmin=-limit, vmax=limit, aspect="auto", extent=(*extent, count + 0.5, 0.5)
        )
        for ax in (top, map_):
            ax.axvline(-0.5, color=FAINT, linewidth=0.6, linestyle=":")
        place = "splice boundary" if align == "boundary" else "window's middle"
        map_.set(xlim=extent, xlabel=f"position from the {place} (bases)", ylabel=_sites(sites))
        side.plot(sites.output, np.arange(1, count + 1), color=FAINT, linewidth=0.6)
        side.set_xlabel("output")
        ends = [float(sites.output.min()), float(sites.output.max())]
        side.set_xticks(ends, [f"{value:.2g}" for value in ends], fontsize=6)
        side.tick_params(axis="y", length=0)
        bar = figure.colorbar(
            image, ax=[corner, side], label="relevance", extend="both", shrink=0.5, aspect=18, anchor=(0, 0)
        )
        bar.outline.set_linewidth(0)  # pyright: ignore[reportCallIssue]
    return figure


def diverging() -> Colormap:
    """Blue, white, vermilion: negative, zero, positive."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("relevance", [BLUE, "white", VERMILION])


def full_colour(values: np.ndarray) -> float:
    """The |relevance| from which on colours do not change; 1 where all is zero."""
    some = np.abs(values[values != 0])
    return float(np.quantile(some, FULL)) if some.size else 1.0


def _sites(sites: Sites) -> str:
    count = len(sites.values)
    return f"{count:,} sites" if count == sites.found else f"{count:,} of {sites.found:,} sites"
