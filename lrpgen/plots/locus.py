"""A stretch of a contig, stacked: predictions, relevance as letters, genes, seqlets and hits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import InputError
from ..sequences.place import Place
from .intervals import genes, intervals
from .lanes import LANE, Item, draw_lanes, height, hidden, stacked
from .logos import draw_logo
from .style import CYCLE, FAINT, LINE, colours, new_figure, styled
from .tracks import Track, letters, of_bigwig, of_store

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDEST = 2_000_000  # bases of a figure
LETTERED = 200  # more bases than this are drawn as an area: letters could not be read
COLUMNS = 2000  # of an area; wider stretches show the smallest and the largest value of each
NOTHING = ": nothing here"
NARROW, WIDE, PER_BASE = 7.0, 14.0, 0.075  # inches


@dataclass(frozen=True)
class Sources:
    """Files that a figure of a locus is made of.

    relevance : a store of `lrpgen explain`, or a bigWig; with `genome` a bigWig has letters too. target : class whose
        windows of a store count. predictions : bigWigs. annotation : GFF3, GTF, BED. beds : seqlets, hits, peaks.
    """

    relevance: Path | None = None
    genome: Path | None = None
    target: str | None = None
    predictions: tuple[Path, ...] = ()
    annotation: Path | None = None
    beds: tuple[Path, ...] = ()


class Panel(NamedTuple):
    """title, height in inches, and what draws it."""

    title: str
    tall: float
    draw: Callable[[Axes], None]


def locus_figure(place: Place, sources: Sources, *, palette: str = "cvd") -> Figure:
    """Whatever `sources` has, from the top: predictions, relevance, annotation, beds. Letters read along the + strand.

    Raises `InputError` where there is nothing to draw, and as the readers do.
    """
    colours(palette)
    inches = float(np.clip(PER_BASE * place.width, NARROW, WIDE))
    with styled():
        panels = _panels(place, sources, inches, palette)
        if not panels:
            raise InputError(
                "there is nothing to draw; give --relevance, --prediction, --annotation or --bed (or several)"
            )
        figure = new_figure(inches, sum(panel.tall + 0.3 for panel in panels) + 0.4)
        ratios = [panel.tall for panel in panels]
        axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
        for ax, panel in zip(axes, panels, strict=True):
            panel.draw(ax)
            ax.set_title(panel.title)
            if ax is not axes[-1]:
                ax.tick_params(axis="x", length=0)
                ax.spines["bottom"].set_visible(False)
        axes[-1].set_xlim(place.start + 0.5, place.end + 0.5)
        axes[-1].xaxis.set_major_formatter("{x:,.0f}")
        axes[-1].locator_params(axis="x", nbins=6, integer=True)
        axes[-1].set_xlabel(f"position on {place.contig} (bp)")
    return figure


def _panels(place: Place, sources: Sources, inches: float, palette: str) -> list[Panel]:
    panels = []
    for i, path in enumerate(sources.predictions):
        values = of_bigwig(path, place)
        panels.append(_numbers(f"prediction, {path.stem}", 0.8, values, _area(values, place, CYCLE[i % len(CYCLE)])))
    if sources.relevance is not None:
        track = _relevance(sources.relevance, sources, place)
        of = f" of {sources.target}" if sources.target else f", {sources.relevance.stem}"
        panels.append(_numbers(f"relevance{of}", 1.5, track.values, _letters(track, place, palette)))
    if sources.annotation is not None:
        panels.append(_lanes(sources.annotation, genes(sources.annotation, place), place, inches))
    found = intervals(sources.beds, place)
    panels += [_lanes(path, items, place, inches) for path, items in zip(sources.beds, found, strict=True)]
    return panels


def _numbers(title: str, tall: float, values: np.ndarray, draw: Callable[[Axes], None]) -> Panel:
    """A panel of values; a low and empty one where nothing is known."""
    if np.isnan(values).all():
        return Panel(title + NOTHING, LANE / 2, _blank)
    return Panel(title, tall, draw)


def _blank(axes: Axes) -> None:
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _relevance(path: Path, sources: Sources, place: Place) -> Track:
    if path.suffix.lower() not in (".bw", ".bigwig"):
        return of_store(path, place, sources.target, sources.genome)
    if sources.target is not None:
        raise InputError(f"{path} is a bigWig, which is of one class; --target is for relevance stores")
    return Track(of_bigwig(path, place), None if sources.genome is None else letters(sources.genome, place))


def _letters(track: Track, place: Place, palette: str) -> Callable[[Axes], None]:
    if track.onehot is None or place.width > LETTERED:
        return _area(track.values, place, LINE)
    stacks = track.onehot * np.nan_to_num(track.values)

    def draw(axes: Axes) -> None:
        draw_logo(axes, stacks, first=place.start + 1, palette=palette)
        axes.spines["left"].set(edgecolor=FAINT, linewidth=0.8)  # as those of the other panels

    return draw


def _area(values: np.ndarray, place: Place, colour: str) -> Callable[[Axes], None]:
    """From zero to the value of each base; from the smallest to the largest of each column in wide places."""
    low, high, edges = binned(values)

    def draw(axes: Axes) -> None:
        x = edges + place.start + 0.5
        for bound in (low, high):
            axes.fill_between(x, np.append(bound, bound[-1]), step="post", color=colour, linewidth=0)
        axes.axhline(0, color=FAINT, linewidth=0.6)
        axes.locator_params(axis="y", nbins=4)

    return draw


def binned(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Smallest and largest value of at most COLUMNS columns (n,), not above and not below 0, and their edges (n + 1,).

    NaN where nothing in the column is known.
    """
    edges = np.unique(np.linspace(0, len(values), min(len(values), COLUMNS) + 1).astype(int))
    low = np.fmin.reduceat(values, edges[:-1])
    high = np.fmax.reduceat(values, edges[:-1])
    return np.minimum(low, 0), np.maximum(high, 0), edges


def _lanes(path: Path, items: Sequence[Item], place: Place, inches: float) -> Panel:
    lanes = stacked(items, place, inches)
    more = hidden(lanes)

    def draw(axes: Axes) -> None:
        draw_lanes(axes, lanes, place, inches)

    note = "" if items else NOTHING
    return Panel(path.stem + note + (f", {more:,} more" if more else ""), height(lanes), draw)
