"""Every method of an evaluation as a point: what it finds against what the model says of it, and against its time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from ..evaluate.tables import reading
from .labels import place_labels
from .style import CYCLE, FAINT, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FAITHFUL = {"aopc_shuffles": "AOPC, replaced by shuffles", "aopc_mean": "AOPC, replaced by the mean colour"}
BLUE, VERMILION, GREEN, ORANGE, _, SKY = CYCLE
LOOKS = {  # family -> colour, marker: told apart by shape too
    "gradient": (SKY, "v"),
    "DeepLIFT, IG": (GREEN, "s"),
    "ISM": (ORANGE, "D"),
    "LRP": (BLUE, "o"),
    "PLRP": (VERMILION, "^"),
    "control (random, Gini-matched)": (FAINT, "x"),
}
CONTROL = list(LOOKS)[-1]
FAMILIES = {
    "gradient": "gradient",
    "gradient*input": "gradient",
    "integrated_gradients": "DeepLIFT, IG",
    "deeplift": "DeepLIFT, IG",
    "deepshap": "DeepLIFT, IG",
    "ism": "ISM",
    "random": CONTROL,
}
ALWAYS_NAMED = ("epsilon", "deepshap", "ism")


class Point(NamedTuple):
    """A method in a panel. better : what makes it its family's best."""

    method: str
    family: str
    x: float
    y: float
    better: float


def family(name: str) -> str:
    """The family of a method by its name: one of `LOOKS`."""
    return FAMILIES.get(name) or ("PLRP" if name.startswith("plrp-") else "LRP")


def faithful(summary: dict[str, Any]) -> str:
    """The measure of faithfulness that figures show: AOPC by shuffles, for images by the mean colour."""
    return next((name for name in FAITHFUL if name in summary["measures"]), next(iter(FAITHFUL)))


def trade_figure(summary: dict[str, Any]) -> Figure | None:
    """Against AOPC (`faithful`), and against the time in units of gradient*input: relevance mass accuracy.

    Without a truth the Gini index takes its place. Named are each family's best (by mass accuracy; without a truth by
    AOPC), epsilon, deepshap and ism. The Gini-matched controls of pruned methods are crosses without a name. Intervals are
    left out here; the other figures and the table have them. None where no method has both values of a panel.
    """
    truth = any(not math.isnan(reading(row["values"], "rma").mean) for row in summary["rows"])
    measure, label = ("rma", "relevance mass accuracy") if truth else ("gini", "Gini index")
    panels = [
        ("faithful", FAITHFUL[faithful(summary)], _faithful(summary, measure)),
        ("cost", "time / time of gradient*input", _cost(summary, measure)),
    ]
    panels = [panel for panel in panels if panel[2]]
    if not panels:
        return None
    with styled():
        figure = new_figure(4.6 * len(panels), 4.4)
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for ax, (what, x_label, points) in zip(axes, panels, strict=True):
            _scatter(ax, points)
            ax.set_xlabel(x_label)
            if what == "cost":
                ax.set_xscale("log")
                ax.xaxis.set_major_formatter("{x:g}")
        axes[0].set_ylabel(label)
        _legend(figure, [point for *_, points in panels for point in points])
        for ax, (*_, points) in zip(axes, panels, strict=True):
            named = _named(points)
            place_labels(ax, [(p.method, p.x, p.y) for p in named], [(p.x, p.y) for p in points if p not in named])
    return figure


def _faithful(summary: dict[str, Any], measure: str) -> list[Point]:
    """Methods, then controls, with a value of both measures."""
    points, asked = [], faithful(summary)
    for row in summary["rows"]:
        gini = (row.get("controls") or {}).get("gini")
        for method, kind, values in ((row["method"], family(row["name"]), row["values"]), ("", CONTROL, gini)):
            x, y = reading(values, asked).mean, reading(values, measure).mean
            points.append(Point(method, kind, x, y, y if measure == "rma" else x))
    return _finite(points)


def _cost(summary: dict[str, Any], measure: str) -> list[Point]:
    points, asked = [], faithful(summary)
    for row in summary["rows"]:
        y = reading(row["values"], measure).mean
        better = y if measure == "rma" else reading(row["values"], asked).mean
        points.append(
            Point(row["method"], family(row["name"]), (row["cost"] or {}).get("ratio") or math.nan, y, better)
        )
    return _finite(points)


def _finite(points: list[Point]) -> list[Point]:
    return [point for point in points if math.isfinite(point.x) and math.isfinite(point.y)]


def _named(points: list[Point]) -> list[Point]:
    """Each family's best first, so that it has its pick of the places, then those that are always named."""
    bests = []
    for kind in LOOKS:
        there = [p for p in points if p.family == kind and p.method and not math.isnan(p.better)]
        bests += [max(there, key=lambda p: p.better)] if there else []
    return bests + [p for p in points if p.method in ALWAYS_NAMED and p not in bests]


def _scatter(axes: Axes, points: list[Point]) -> None:
    for kind, (colour, marker) in LOOKS.items():
        there = [p for p in points if p.family == kind]
        look: dict[str, Any] = {"s": 12, "zorder": 1} if kind == CONTROL else {"s": 26, "edgecolors": "white"}
        axes.scatter([p.x for p in there], [p.y for p in there], c=colour, marker=marker, linewidths=0.7, **look)
    axes.margins(0.08)


def _legend(figure: Figure, points: list[Point]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="", color=colour, marker=marker, markersize=3.5 if kind == CONTROL else 5, label=kind)
        for kind, (colour, marker) in LOOKS.items()
        if any(p.family == kind for p in points)
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), frameon=False, handletextpad=0.1)
