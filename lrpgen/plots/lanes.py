"""Intervals of a stretch of a contig, drawn as boxes in lanes so that neither boxes nor their labels meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..sequences.place import Place
from .style import FAINT, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LANES = 12
LANE = 0.27  # inches
TEXT, LETTER = 7.0, 0.065  # points, and about the width of a letter in inches
TALL, LOW = 0.44, 0.22  # of a lane: coding parts, other parts


class Item(NamedTuple):
    """0-based half-open. parts : (start, end, height of the box) of what is a box; a line runs along the rest."""

    start: int
    end: int
    label: str
    strand: str
    colour: str
    parts: tuple[tuple[int, int, float], ...]


def stacked(items: Sequence[Item], place: Place, inches: float) -> list[list[Item]]:
    """Items in lanes, from the left, each in the first lane with room for it and its label on a figure so wide."""
    lanes: list[list[Item]] = []
    ends: list[float] = []
    room = {item: _room(item, place, inches) for item in items}
    for item in sorted(items, key=lambda one: (room[one], one.label)):
        start, end = room[item]
        at = next((i for i, taken in enumerate(ends) if taken <= start), len(ends))
        if at == len(ends):
            ends.append(end)
            lanes.append([])
        lanes[at].append(item)
        ends[at] = end
    return lanes


def height(lanes: Sequence[Sequence[Item]]) -> float:
    """Inches that `draw_lanes` needs."""
    return LANE * (max(min(len(lanes), MOST_LANES), 0.3) + 0.05)


def _room(item: Item, place: Place, inches: float) -> tuple[float, float]:
    """From where to where an item and its label reach; labels begin with their item, but never leave the place."""
    text = place.width / inches * LETTER * (len(_text(item)) + 1)
    start = max(min(max(item.start, place.start), place.end - text), place.start)
    return start, max(min(item.end, place.end), start + text)


def hidden(lanes: Sequence[Sequence[Item]]) -> int:
    """How many items have no room."""
    return sum(map(len, lanes[MOST_LANES:]))


def draw_lanes(axes: Axes, lanes: Sequence[Sequence[Item]], place: Place, inches: float) -> None:
    """Draw at most MOST_LANES on a figure so wide; x counts from 1."""
    shown = lanes[:MOST_LANES]
    for row, lane in enumerate(shown):
        for item in lane:
            _draw(axes, item, row, place)
            axes.text(
                _room(item, place, inches)[0] + 0.5, row + 0.28, _text(item), fontsize=TEXT, color=INK, va="bottom"
            )
    axes.set_ylim(max(len(shown), 0.3) - 0.1, -0.15)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _draw(axes: Axes, item: Item, row: int, place: Place) -> None:
    middle = row + 0.55
    start, end = max(item.start, place.start) + 0.5, min(item.end, place.end) + 0.5
    if len(item.parts) != 1 or item.parts[0][:2] != (item.start, item.end):
        axes.plot([start, end], [middle, middle], color=FAINT, linewidth=0.8, zorder=1)
        _chevrons(axes, item, start, end, middle, place)
    for first, last, tall in item.parts:
        first, last = max(first, place.start), min(last, place.end)
        if first < last:
            axes.barh(middle, last - first, left=first + 0.5, height=tall, color=item.colour, linewidth=0, zorder=2)


def _chevrons(axes: Axes, item: Item, start: float, end: float, middle: float, place: Place) -> None:
    """Which way a gene is read, every twentieth of the figure."""
    step = place.width / 20
    places = [place.start + step * (k + 0.5) for k in range(20)]
    there = [x for x in places if start < x < end]
    if item.strand in ("+", "-") and there:
        marker = ">" if item.strand == "+" else "<"
        axes.plot(there, [middle] * len(there), marker, color=FAINT, markersize=2.5, linewidth=0, zorder=1)


def _text(item: Item) -> str:
    return f"{item.label} {item.strand}" if item.strand in ("+", "-") else item.label
