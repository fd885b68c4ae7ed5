"""Figures of an evaluation, drawn from its summary.json alone."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from ..evaluate.tables import FORMAT, reading
from ..files import read_json
from .style import CYCLE, FAINT, new_figure, save_all, styled
from .trade import faithful, trade_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELS = {
    "rma": "relevance mass accuracy",
    "rra": "relevance rank accuracy",
    "pointing": "pointing game",
    "aopc_shuffles": "AOPC, shuffles",
    "aopc_mean": "AOPC, mean colour",
    "ism": "rank correlation with ISM",
    "gini": "Gini index",
}
SWEPT = tuple(LABELS)
COMPARED = ("rma", "rra", "pointing", "aopc_shuffles", "aopc_mean")
PRUNED = {"plrp-lambda": CYCLE[0], "plrp-matrix": CYCLE[1]}  # what a share is dropped by
MOST_SWEEPS = 8  # two composites with four references each, as in `evaluate.methods.compared`
CURVES = {
    "deletion_shuffles": ("deletion, by shuffles", "share replaced"),
    "insertion_shuffles": ("insertion, into shuffles", "share inserted"),
    "deletion_zeros": ("deletion, by zeros", "share replaced"),
    "insertion_zeros": ("insertion, into zeros", "share inserted"),
    "deletion_mean": ("pixel flipping, mean colour", "share replaced"),
    "insertion_mean": ("insertion, into the mean colour", "share inserted"),
    "deletion_blur": ("pixel flipping, blurred", "share replaced"),
    "insertion_blur": ("insertion, into the blurred image", "share inserted"),
}
SHARE = 0.25  # of the pruned method whose curves are drawn
FIGURES = ("sweep", "trade", "curves", "differences")
Rows = list[dict[str, Any]]


def read_summary(folder: Path) -> dict[str, Any]:
    """summary.json of a folder of `lrpgen evaluate`; raises `InputError` for another one."""
    path = folder / "summary.json"
    summary = read_json(path, "summary of an evaluation")
    if not isinstance(summary, dict) or summary.get("format") != FORMAT:
        raise InputError(f"{path} is not of `lrpgen evaluate`; give the folder that it wrote")
    return summary


def one_figure(summary: dict[str, Any], figure: str, which: str | None = None) -> Figure:
    """One of FIGURES. which : base of a sweep, composite of differences; None = the first there is.

    Raises `InputError` for unknown words, and where the evaluation has nothing to draw.
    """
    choices = {
        "sweep": list(_swept(summary["rows"])),
        "differences": _pruned_composites(summary),
        "trade": [],
        "curves": [],
    }
    if figure not in FIGURES:
        raise InputError(f"there is no figure {figure!r}; choose one of {', '.join(FIGURES)}")
    known = choices[figure]
    if which is not None and which not in known:
        raise InputError(f"figure {figure} has no choice {which!r}; it has {', '.join(known) or 'none'}")
    chosen = which if which is not None else next(iter(known), "")
    found = {
        "sweep": lambda: sweep_figure(summary, chosen),
        "differences": lambda: differences_figure(summary, chosen),
        "trade": lambda: trade_figure(summary),
        "curves": lambda: curves_figure(summary),
    }[figure]()
    if found is None:
        raise InputError(f"the evaluation has nothing that a figure {figure} shows; evaluate more --methods")
    return found


def draw_evaluation(summary: dict[str, Any], folder: Path) -> list[str]:
    """Draw what the summary of `lrpgen evaluate` holds into `folder`; names of the figures drawn.

    `sweep_<composite and reference>` for each that was pruned by two shares or more, eight at most, `trade`, `curves`,
    and `differences_<composite>`.
    """
    figures = {
        f"sweep_{_slug(base)}": sweep_figure(summary, base) for base in list(_swept(summary["rows"]))[:MOST_SWEEPS]
    }
    figures |= {"trade": trade_figure(summary), "curves": curves_figure(summary)}
    composites = _pruned_composites(summary)
    figures |= {f"differences_{_slug(name)}": differences_figure(summary, name) for name in composites}
    drawn = {name: figure for name, figure in figures.items() if figure is not None}
    save_all(drawn, folder)
    return list(drawn)


def sweep_figure(summary: dict[str, Any], base: str) -> Figure | None:
    """Each measure against the share of the relevance that pruning drops, from `base` (such as epsilon@10) at 0.

    Dashed in the same colour: the base, cut at the input to the same Gini index. Bands: 95 % intervals, those of the
    controls left out. None where no measure was taken.
    """
    rows = _swept(summary["rows"]).get(base, [])
    start = next((row for row in summary["rows"] if row["method"] == base), None)
    measures = _measured(SWEPT, [row["values"] for row in rows])
    if not measures:
        return None
    with styled():
        across = min(3, len(measures))
        figure = new_figure(2.7 * across, 2.3 * math.ceil(len(measures) / across) + 0.5)
        panels = list(figure.subplots(math.ceil(len(measures) / across), across, squeeze=False).flat)
        for ax, measure in zip(panels, measures, strict=False):
            for name, colour in PRUNED.items():
                _sweep(ax, [row for row in rows if row["name"] == name], start, measure, colour)
            ax.set_title(_title(summary, measure))
            ax.set(xlim=(-0.03, 1.0), xticks=(0, 0.25, 0.5, 0.75, 1), xticklabels=("0", "0.25", "0.5", "0.75", "1"))
        for ax in panels[len(measures) :]:
            ax.set_axis_off()
        figure.supxlabel("p, share of the relevance dropped in each layer", fontsize=9)
        _sweep_legend(figure, base, {row["name"] for row in rows})
    return figure


def curves_figure(summary: dict[str, Any]) -> Figure | None:
    """Mean score as positions are replaced or inserted, the most relevant first, for up to six methods.

    A random order, epsilon (without it the first LRP rule), its pruned method at p = 0.25 that has the larger AOPC,
    deepshap, ism and integrated gradients, as far as they are there. None without curves.
    """
    curves = summary.get("curves") or {"share": [], "rows": {}}
    rows = [row for row in summary["rows"] if curves["rows"].get(row["method"])]
    shown = _curves_shown(rows, faithful(summary))
    kinds = [kind for kind in CURVES if any(curves["rows"][method].get(kind) for method in shown)]
    if not kinds:
        return None
    with styled():
        across = min(2, len(kinds))
        figure = new_figure(3.4 * across, 2.5 * math.ceil(len(kinds) / across) + 0.6)
        panels = figure.subplots(math.ceil(len(kinds) / across), across, squeeze=False)
        for ax, kind in zip(panels.flat, kinds, strict=False):
            for method, (colour, dash) in shown.items():
                values = curves["rows"][method].get(kind)
                if values:
                    ax.plot(curves["share"], values, color=colour, linestyle=dash, linewidth=1.3, label=method)
            ax.set_title(CURVES[kind][0])
            ax.set(xlabel=CURVES[kind][1], xlim=(0, 1))
        for ax in panels[:, 0]:
            ax.set_ylabel("score")
        for ax in list(panels.flat)[len(kinds) :]:
            ax.set_axis_off()
        handles, labels = panels.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=3, frameon=False, fontsize=8)
    return figure


def differences_figure(summary: dict[str, Any], composite: str) -> Figure | None:
    """Paired differences of each pruned method of `composite` to its base and to the Gini-matched control.

    A method a line, references in groups, a measure a panel, all of which are better the higher; 95 % intervals. None
    where there is no difference.
    """
    against = {
        "base": ("to the base", CYCLE[0], "o", 0.17),
        "gini": ("to the Gini-matched control", CYCLE[1], "s", -0.17),
    }
    rows = [row for row in summary["rows"] if row["composite"] == composite and row["name"].startswith("plrp-")]
    entries = [(row.get("differences") or {}).get(other) or {} for row in rows for other in against]
    measures = _measured(COMPARED, entries)
    if not measures:
        return None
    places, heads = _lines(rows)
    with styled():
        depth = len(rows) + len(heads)
        figure = new_figure(1.9 + 1.75 * max(2, len(measures)), 0.19 * depth + 1.0)
        axes = figure.subplots(1, len(measures), sharey=True, squeeze=False)[0]
        for ax, measure in zip(axes, measures, strict=True):
            ax.axvline(0, color=FAINT, linewidth=0.8)
            for other, look in against.items():
                _forest(ax, rows, places, other, measure, look)
            ax.set_title(LABELS[measure], fontsize=8)
            ax.tick_params(axis="y", length=0)
            ax.tick_params(axis="x", labelsize=8)
            ax.locator_params(axis="x", nbins=4)
        axes[0].set_ylim(depth - 0.4, -0.6)
        axes[0].set_yticks([*heads.values(), *places], [*heads, *map(_pruning, rows)], fontsize=7.5)
        for text in axes[0].get_yticklabels()[: len(heads)]:
            text.set_fontweight("bold")
        figure.supxlabel("paired difference; right of zero the pruned method is better", fontsize=9)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=2, frameon=False)
    return figure


def _pruned_composites(summary: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(row["composite"] for row in summary["rows"] if row["name"].startswith("plrp-")))


def _slug(text: str) -> str:
    """A file name: composites may hold *, = and commas."""
    return re.sub(r"[^\w.@()-]+", "_", text)


def _swept(rows: Rows) -> dict[str, Rows]:
    """Base (such as epsilon@10) -> its rows pruned by a share, where one way of pruning has two shares or more."""
    groups: dict[str, Rows] = {}
    for row in rows:
        if row["name"] in PRUNED and row["share"] is not None:
            groups.setdefault(row["base"], []).append(row)
    return {
        base: found
        for base, found in groups.items()
        if any(len({row["share"] for row in found if row["name"] == name}) > 1 for name in PRUNED)
    }


def _measured(names: tuple[str, ...], entries: list[dict[str, Any]]) -> list[str]:
    """Those of `names` that any of the entries has a value of."""
    return [name for name in names if any(not math.isnan(reading(values, name).mean) for values in entries)]


def _title(summary: dict[str, Any], measure: str) -> str:
    better = summary["measures"][measure]["better"]
    return LABELS[measure] + (f"\n({better} is better)" if better else "\n ")


def _sweep(axes: Axes, rows: Rows, start: dict[str, Any] | None, measure: str, colour: str) -> None:
    rows = sorted(rows, key=lambda row: row["share"])
    if not rows:
        return
    first = [(0.0, start["values"])] if start else []
    pruned = first + [(row["share"], row["values"]) for row in rows]
    cut = first + [(row["share"], (row.get("controls") or {}).get("gini")) for row in rows]
    x, found = [share for share, _ in pruned], [reading(values, measure) for _, values in pruned]
    axes.fill_between(x, [one.low for one in found], [one.high for one in found], color=colour, alpha=0.15, linewidth=0)
    axes.plot(x, [one.mean for one in found], "-o", color=colour, markersize=3, linewidth=1.3)
    axes.plot(x, [reading(values, measure).mean for _, values in cut], "--", color=colour, linewidth=1.0)


def _sweep_legend(figure: Figure, base: str, names: set[str]) -> None:
    from matplotlib.lines import Line2D

    there = [(name, colour) for name, colour in PRUNED.items() if name in names]
    handles = [Line2D([], [], color=c, marker="o", markersize=3, label=f"{name}, {base}") for name, c in there]
    handles += [Line2D([], [], color=c, linestyle="--", label=f"{base}, cut to the same Gini index") for _, c in there]
    figure.legend(handles=handles, loc="outside upper left", ncols=2, frameon=False)


def _curves_shown(rows: Rows, asked: str) -> dict[str, tuple[str, str]]:
    """Method -> colour and dash."""
    there = [row["method"] for row in rows]
    rules = [row["method"] for row in rows if row["composite"] and not row["name"].startswith("plrp-")]
    rule = "epsilon" if "epsilon" in there else next(iter(rules), None)
    pruned = [row for row in rows if row["name"] in PRUNED and row["base"] == rule and row["share"] == SHARE]
    aopc = {row["method"]: reading(row["values"], asked).mean for row in pruned}
    best = max(aopc, key=lambda method: np.nan_to_num(aopc[method], nan=-np.inf), default=None)
    looks = {
        "random": (FAINT, ":"),
        rule: (CYCLE[0], "-"),
        best: (CYCLE[1], "-"),
        "deepshap": (CYCLE[2], "--"),
        "ism": (CYCLE[3], "--"),
        "integrated_gradients": (CYCLE[4], "-."),
    }
    return {method: look for method, look in looks.items() if method in there}


def _lines(rows: Rows) -> tuple[list[float], dict[str, float]]:
    """Line of each row, and of the head of each group of rows with one composite and reference."""
    groups = dict.fromkeys(row["base"] for row in rows)
    places, heads, line = [math.nan] * len(rows), {}, 0
    for head in groups:
        heads[head] = float(line)
        for i, row in enumerate(rows):
            if row["base"] == head:
                line += 1
                places[i] = float(line)
        line += 1
    return places, heads


def _pruning(row: dict[str, Any]) -> str:
    """lambda 0.25 of plrp-lambda:0.25:epsilon@10."""
    return f"{row['name'].removeprefix('plrp-')} {row['method'].split(':')[1].split('@')[0]}"


def _forest(
    axes: Axes, rows: Rows, places: list[float], other: str, measure: str, look: tuple[str, str, str, float]
) -> None:
    label, colour, marker, up = look
    found = [reading((row.get("differences") or {}).get(other), measure) for row in rows]
    y = [place - up for place in places]
    axes.hlines(y, [one.low for one in found], [one.high for one in found], color=colour, linewidth=1.0)
    axes.plot(
        [one.mean for one in found],
        y,
        marker,
        color=colour,
        markersize=3.5,
        markeredgecolor="white",
        markeredgewidth=0.3,
        label=label,
    )
