"""Logos of first-layer filters, height = information, colour = relevance; and how the filters rank in each class.

Hundreds of logos are drawn in one go: letters are outlines made once, scaled into one collection per logo (logomaker makes
an artist for every letter, which takes some 20 times as long).
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from .style import FAINT, new_figure, save, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MAP = "RdBu_r"  # red = positive, blue = negative: told apart with every common colour vision deficiency
PALE = 0.15  # share of the map left out around its white middle, where a letter could not be seen
SHOWN = 30  # filters in the ranking figure at most
THIN = 0.01  # letters lower than this, in bits, are not drawn


class LogoDrawer:
    """Draws logos one after the other; use in a `with` block."""

    def __enter__(self) -> LogoDrawer:
        self._letters = [_outline(base) for base in "ACGT"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._letters = []

    def draw(self, bits: np.ndarray, relevance: np.ndarray, stem: Path, *, title: str = "") -> None:
        """`stem`.svg and .png. bits (4, W): heights. relevance (4, W), signed: colours; 0 is grey."""
        save(self.figure(bits, relevance, title=title), stem)

    def figure(self, bits: np.ndarray, relevance: np.ndarray, *, title: str = "") -> Figure:
        """The largest letter of a column on top; the colour bar is symmetric about 0, from this filter's own values."""
        from matplotlib.collections import PathCollection

        width = bits.shape[1]
        seen = bits >= THIN
        limit = float(np.abs(relevance[seen]).max(initial=0)) or 1.0
        with styled():
            figure = new_figure(max(0.26 * width, 2.6) + 1.6, 2.0)
            ax: Any = figure.subplots()
            paths, colours = [], []
            norm, colour_map = _scale(limit)
            for column in range(width):
                floor = 0.0
                for base in np.argsort(bits[:, column], kind="stable"):
                    if seen[base, column]:
                        height = float(bits[base, column])
                        paths.append(_placed(self._letters[base], column + 1, floor, height))
                        colours.append(colour_map(norm(relevance[base, column])))
                        floor += height
            ax.add_collection(PathCollection(paths, facecolors=colours, edgecolors=FAINT, linewidths=0.2))
            ax.set_xlim(0.5, width + 0.5)
            ax.set_ylim(0, max(2.0, float(bits.sum(axis=0).max(initial=0))))
            ax.set_xticks([x for x in range(1, width + 1) if x == 1 or x % 5 == 0])
            ax.set_xlabel("position in the filter")
            ax.set_ylabel("bits")
            ax.set_title(title)
            _colour_bar(figure, ax, norm, colour_map)
        return figure


def ranking_figure(table: pd.DataFrame, groups: list[str]) -> Figure:
    """Mean relevance of the strongest filters in each class, as a signed heat map. `table`: rows of filters.tsv."""
    values = table[[f"relevance.{group}" for group in groups]].to_numpy(float)
    strength = np.nan_to_num(np.abs(values)).max(axis=1)
    rows = np.argsort(-strength, kind="stable")[:SHOWN]
    rows = rows[np.argsort(-np.nan_to_num(values[rows, 0]), kind="stable")]
    labels = [f"{table['filter'].iloc[i]}  {table['consensus'].iloc[i]}" for i in rows]
    limit = float(strength.max(initial=0)) or 1.0
    from matplotlib.colors import Normalize

    with styled():
        figure = new_figure(3.4 + 0.6 * len(groups), 1.2 + 0.2 * len(rows))
        ax: Any = figure.subplots()
        image = ax.imshow(values[rows], cmap=MAP, norm=Normalize(-limit, limit), aspect="auto")
        ax.set_xticks(range(len(groups)), groups)
        ax.set_yticks(range(len(rows)), labels, family="DejaVu Sans Mono", fontsize=7)
        ax.tick_params(length=0)
        ax.set_xlabel("windows of class")
        figure.colorbar(image, ax=ax, label="mean relevance of a window", shrink=0.8)
        for side in ax.spines.values():
            side.set_visible(False)
    return figure


def _outline(base: str) -> Any:
    """The letter's outline in the unit square."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path as Outline
    from matplotlib.textpath import TextPath

    path = TextPath((0, 0), base, size=1, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    box = path.get_extents()
    return Outline((path.vertices - box.min) / box.size, path.codes)


def _placed(outline: Any, column: int, floor: float, height: float) -> Any:
    from matplotlib.path import Path as Outline

    return Outline(outline.vertices * (0.9, height) + (column - 0.45, floor), outline.codes)


def _scale(limit: float) -> tuple[Any, Any]:
    """Norm and map: -limit..limit over the diverging map, without its palest part; exactly 0 is grey."""
    import matplotlib
    from matplotlib.colors import ListedColormap, Normalize

    half = 128
    low = np.linspace(0, 0.5 - PALE / 2, half)
    whole = matplotlib.colormaps[MAP]
    shades = np.vstack([whole(low), [[0.75, 0.75, 0.75, 1.0]], whole(1 - low[::-1])])
    return Normalize(-limit, limit), ListedColormap(shades)


def _colour_bar(figure: Any, ax: Any, norm: Any, colour_map: Any) -> None:
    from matplotlib.cm import ScalarMappable

    bar = figure.colorbar(ScalarMappable(norm, colour_map), ax=ax, label="mean relevance\nof a site", aspect=10)
    bar.outline.set_edgecolor(FAINT)
    ends = (-norm.vmax, 0, norm.vmax)
    bar.set_ticks(ends, labels=[f"{end:.2g}" for end in ends])
