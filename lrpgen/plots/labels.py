"""Names beside points, none on top of another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .style import FAINT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox

RADII = (7, 13, 20, 28, 38, 50, 64, 80, 100, 125)  # points from a point to its name, nearest first
ANGLES = 16
SIZE = 6.5  # points
MARK = 2.5  # points around a point's middle that a name should leave free
COVERED, CROSSED = 12, 80  # points further that a name goes rather than cover a mark, or have a line cross something


def place_labels(axes: Axes, named: Sequence[tuple[str, float, float]], others: Sequence[tuple[float, float]]) -> None:
    """Write each (name, x, y) of `named` near its point, with a thin line to it.

    Names stay inside the axes, never touch each other or a point that has a name, and cover few lines and few of
    `others`; nearer places are better. A name without a place is not written. Call it last: it lays the figure out.
    """
    from matplotlib.text import Text

    figure = axes.get_figure(root=True)
    assert figure is not None
    if not named:
        return
    figure.draw_without_rendering()
    point = figure.dpi / 72
    frame = axes.get_window_extent().padded(-2 * point)
    middles = axes.transData.transform([(x, y) for _, x, y in named])
    marks = axes.transData.transform(np.reshape(others, (-1, 2)))
    taken: list[tuple[Bbox, Path]] = []
    for (name, x, y), middle in zip(named, middles, strict=True):
        text = _written(axes, name, (x, y))
        size = np.array(Text.get_window_extent(text).size)  # the annotation's own includes its line
        best = None
        for radius, box, line in _places(middle, size, point):
            inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
            wide = box.padded(MARK * point)
            if inside and not wide.count_contains(middles) and not box.count_overlaps([other for other, _ in taken]):
                crossed = sum(_cross(box, line, *other) for other in taken)
                cost = radius + COVERED * wide.count_contains(marks) + CROSSED * crossed
                best = min(best or (cost, box, line), (cost, box, line), key=lambda found: found[0])
        if best is None:
            text.remove()
            continue
        _, box, line = best
        text.set_position(tuple((box.get_points().mean(axis=0) - middle) / point))
        taken.append((box, line))


def _written(axes: Axes, name: str, xy: tuple[float, float]) -> Annotation:
    line = {"arrowstyle": "-", "color": FAINT, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2, "relpos": (0.5, 0.5)}
    place = {"xytext": (0, 0), "textcoords": "offset points", "ha": "center", "va": "center"}
    return axes.annotate(name, xy, fontsize=SIZE, arrowprops=line, zorder=5, **place)


def _places(middle: np.ndarray, size: np.ndarray, point: float) -> Iterator[tuple[float, Bbox, Path]]:
    """Where a name of `size` pixels may go: how far off in points, its box, and the line to its middle.

    The line begins at the edge of the mark, so that points in one place can all have a name.
    """
    from matplotlib.path import Path
    from matplotlib.transforms import Bbox

    for radius in RADII:
        for turn in np.arange(ANGLES) * 2 * math.pi / ANGLES:
            way = np.array([math.cos(turn), math.sin(turn)])
            centre = middle + way * (radius * point + size / 2)
            edge = middle + MARK * point * (centre - middle) / np.linalg.norm(centre - middle)
            yield radius, Bbox([centre - size / 2, centre + size / 2]).padded(point), Path([edge, centre])


def _cross(box: Bbox, line: Path, other_box: Bbox, other_line: Path) -> bool:
    """Whether the line of one name meets the other name or its line."""
    return line.intersects_path(other_line) or line.intersects_bbox(other_box) or other_line.intersects_bbox(box)
