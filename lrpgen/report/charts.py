"""The pages' charts built from the collected numbers: quality curves, training history, pattern logos."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from .collect import Results
from .figures import Frame, Line, bars, chart, logo, padded
from .filters import Filter
from .instances import Instances
from .numbers import count, number, offset, score
from .patterns import Pattern
from .quality import tested
from .sentences import join

SCORES = {"average_precision": "average precision", "pearson": "Pearson correlation"}  # what chooses the epoch
STYLES = 6  # class colours in the style sheet; further classes start over with them


def class_styles(results: Results) -> dict[str, str]:
    """Class name -> CSS class of its colour and dash, in the order of the class list."""
    names = list(results.windows.classes) if results.windows else []
    names += [c.name for c in results.explained.classes] if results.explained else []
    names += list(tested(results))
    return {name: f"c{i % STYLES}" for i, name in enumerate(dict.fromkeys(names))}


def quality_charts(results: Results) -> dict[str, Any]:
    """{"roc", "pr", "reliability", "names"} of the test part, each output against the rest; empty without curves.

    At most STYLES outputs are drawn, as many as there are colours.
    """
    drawn = {name: m for name, m in tested(results).items() if m.get("roc") and m.get("pr")}
    drawn = dict(list(drawn.items())[:STYLES])
    if not drawn:
        return {}
    styles = class_styles(results)
    roc = [Line(m["roc"]["fpr"], m["roc"]["tpr"], styles[name]) for name, m in drawn.items()]
    pr = [Line(m["pr"]["recall"], m["pr"]["precision"], styles[name], m["base_rate"]) for name, m in drawn.items()]
    auroc = join([f"{name} AUROC {score(m['auroc'])}" for name, m in drawn.items()])
    average = join(
        [
            f"{name} average precision {score(m['average_precision'])}, base rate {score(m['base_rate'])}"
            for name, m in drawn.items()
        ]
    )
    found: dict[str, Any] = {
        "roc": chart(roc, Frame(), "false positive rate", "true positive rate", f"ROC curves: {auroc}.", diagonal=True),
        "pr": chart(pr, Frame(), "recall", "precision", f"Precision-recall curves: {average}."),
        "names": list(drawn),
    }
    if reliable := {name: m for name, m in drawn.items() if m.get("reliability")}:
        found["reliability"] = _reliability(reliable, styles)
    return found


def _reliability(classes: dict[str, dict[str, Any]], styles: dict[str, str]) -> Markup:
    """Observed share against predicted probability in bins, a dot each; calibrated ones lie on the diagonal."""
    lines = [
        Line(m["reliability"]["predicted"], m["reliability"]["observed"], styles[name], dots=True)
        for name, m in classes.items()
    ]
    label = join([f"{name} calibration error {score(m.get('ece'))}" for name, m in classes.items()])
    return chart(lines, Frame(), "predicted probability", "observed share", f"Reliability: {label}.", diagonal=True)


def training_charts(history: dict[str, Any] | None) -> dict[str, Any]:
    """{"loss", "score", "measure", "best"}: losses and the validation score per epoch; empty without history."""
    epochs = (history or {}).get("epochs") or []
    if not epochs or history is None:
        return {}
    x = [float(e["epoch"]) for e in epochs]
    best = next((i for i, e in enumerate(epochs) if e["epoch"] == history.get("best_epoch")), None)
    train, validation = [_column(epochs, key) for key in ("train_loss", "validation_loss")]
    found: dict[str, Any] = {"best": epochs[best] if best is not None else None, "epochs": len(epochs)}
    if train and validation:
        frame = Frame(height=220, x=(min(x), max(x)), y=padded(train + validation))
        lines = [Line(x, train, "train"), Line(x, validation, "validation", mark=best)]
        ends = [
            f"{name} from {number(y[0])} to {number(y[-1])}"
            for name, y in (("train", train), ("validation", validation))
        ]
        label = f"Loss per epoch: {join(ends)}."
        found["loss"] = chart(lines, frame, "epoch", "loss", label)
    for key, name in SCORES.items():
        if values := _column(epochs, f"validation_{key}"):
            frame = Frame(height=220, x=(min(x), max(x)), y=padded(values))
            label = f"Validation {name} per epoch, best {number(max(values))}."
            found["score"] = chart([Line(x, values, "validation", mark=best)], frame, "epoch", name, label)
            found["measure"] = name
            found["kept"] = None if best is None else values[best]
            break
    return found


def _column(epochs: list[dict[str, Any]], key: str) -> list[float]:
    """Values of `key` over all epochs; empty when one lacks it."""
    values = [e.get(key) for e in epochs]
    return [] if any(v is None for v in values) else [float(v) for v in values if v is not None]


def pattern_logo(pattern: Pattern) -> dict[str, Markup]:
    """{"forward", "reverse"}: the pattern's contribution weights as logos; empty when patterns.h5 lacks them."""
    if pattern.cwm is None:
        return {}
    return {
        "forward": logo(pattern.cwm, f"Pattern {pattern.name}: {pattern.consensus}", "pattern"),
        "reverse": logo(pattern.cwm[::-1, ::-1], f"Pattern {pattern.name}, reverse complement", "pattern"),
    }


def filter_logo(one: Filter) -> Markup:
    """Information of a filter's sites, letters in bits."""
    assert one.bits is not None
    return logo(one.bits, f"Filter {one.name}: {one.consensus}, {number(one.information)} bits", "pattern small")


BINS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)  # bases of a column of the histogram
COLUMNS = 60  # at most


def places_chart(instances: Instances, name: str, what: str) -> Markup:
    """Where the middles of a pattern's seqlets lie, counted from the origin `what`."""
    before, after = instances.reach
    step = next((b for b in BINS if (before + after) / b <= COLUMNS), BINS[-1])
    first, last = -(-before // step), -(-after // step)  # whole columns on either side of the origin
    counts = np.bincount(instances.places // step + first, minlength=first + last)
    low, middle, high = (round(float(q)) for q in np.quantile(instances.places, (0.25, 0.5, 0.75)))
    label = (
        f"Middles of {count(len(instances.places))} seqlets of {name}: median {offset(middle, 0)}, half of them from "
        f"{offset(low, 0)} to {offset(high, 0)} ({what})."
    )
    return bars(counts, (-first * step, last * step), label)


def picture(path: Path, text: str, most: int = 150_000) -> Markup | None:
    """The SVG file at `path` as an <img> with `text` instead of it; None above `most` bytes of the page."""
    data = base64.b64encode(path.read_bytes()).decode()
    if len(data) > most:
        return None
    return Markup('<img class="picture" src="data:image/svg+xml;base64,{}" alt="{}">').format(Markup(data), text)
