"""Figures of quality: ROC, precision and recall, reliability, losses. Each is written as SVG and PNG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .style import CYCLE, FAINT, LINE, new_figure, save_all, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE, WIDE = 3.4, 5.0  # inches
DASHES = ("-", "--", ":", "-.")  # more classes than colours repeat these, dashed
LISTED = 12  # classes a legend names


def draw_quality(metrics: dict[str, Any], folder: Path, part: str = "test") -> list[str]:
    """Draw what the metrics JSON of `lrpgen predict` holds about `part` into `folder`; names of the figures drawn."""
    classes = metrics["splits"][part]["classes"]
    curves = {name: m for name, m in classes.items() if m.get("roc")}
    reliable = {name: m for name, m in classes.items() if m.get("reliability")}
    figures = {}
    if curves:
        figures |= {"roc": roc_figure(curves), "pr": pr_figure(curves)}
    if reliable:
        figures["reliability"] = reliability_figure(reliable)
    save_all(figures, folder)
    return list(figures)


def draw_history(history: dict[str, Any], folder: Path) -> None:
    """Draw the losses of `history` (JSON of `lrpgen train`) into `folder`."""
    save_all({"loss": loss_figure(history)}, folder)


def roc_figure(classes: dict[str, dict[str, Any]]) -> Figure:
    """True against false positive rate, each class against the rest."""
    with styled():
        figure, axes = _square("false positive rate", "true positive rate")
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8)
        for name, m, look in _looks(classes):
            axes.plot(m["roc"]["fpr"], m["roc"]["tpr"], label=f"{name} {m['auroc']:.3f}", **look)
        _legend(axes, "AUROC", classes)
    return figure


def pr_figure(classes: dict[str, dict[str, Any]]) -> Figure:
    """Precision against recall; a thin line at each base rate."""
    with styled():
        figure, axes = _square("recall", "precision")
        for name, m, look in _looks(classes):
            axes.plot(m["pr"]["recall"], m["pr"]["precision"], label=f"{name} {m['average_precision']:.3f}", **look)
            axes.axhline(m["base_rate"], color=look["color"], linewidth=0.6, alpha=0.6)
        _legend(axes, "average precision", classes)
    return figure


def reliability_figure(classes: dict[str, dict[str, Any]]) -> Figure:
    """Observed share against predicted probability, in bins; calibrated probabilities lie on the diagonal."""
    with styled():
        figure, axes = _square("predicted probability", "observed share")
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8)
        for name, m, look in _looks(classes):
            bins = m["reliability"]
            axes.plot(bins["predicted"], bins["observed"], "o", markersize=3, label=f"{name} {m['ece']:.3f}", **look)
        _legend(axes, "calibration error", classes)
    return figure


def loss_figure(history: dict[str, Any]) -> Figure:
    """Losses of the train and validation parts per epoch; a line at the epoch whose weights were kept."""
    epochs = [entry["epoch"] for entry in history["epochs"]]
    with styled():
        figure = new_figure(WIDE, SIDE)
        axes = figure.subplots()
        for key, colour in (("train_loss", FAINT), ("validation_loss", LINE)):
            axes.plot(epochs, [e[key] for e in history["epochs"]], color=colour, label=key.removesuffix("_loss"))
        axes.axvline(history["best_epoch"], color=FAINT, linewidth=0.8, linestyle=":")
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss")
        axes.legend(frameon=False)
    return figure


def _square(x: str, y: str) -> tuple[Figure, Axes]:
    figure = new_figure(SIDE, SIDE)
    axes = figure.subplots()
    axes.set(xlabel=x, ylabel=y, xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    return figure, axes


def _looks(classes: dict[str, dict[str, Any]]) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(name, metrics, colour and dash) of each class."""
    n = len(CYCLE)
    return [
        (name, m, {"color": CYCLE[i % n], "linestyle": DASHES[i // n % len(DASHES)], "linewidth": 1.2})
        for i, (name, m) in enumerate(classes.items())
    ]


def _legend(axes: Axes, title: str, classes: dict[str, Any]) -> None:
    handles, labels = axes.get_legend_handles_labels()
    more = f" ({LISTED} of {len(classes)} classes)" if len(classes) > LISTED else ""
    axes.legend(handles[:LISTED], labels[:LISTED], title=title + more, frameon=False, fontsize=7, title_fontsize=7)
