"""Quality in rows and words: the model's figures with their intervals, and the simple baselines beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .collect import Results
from .numbers import number, percent, score
from .setting import setting

TABLE_MOST = 20  # outputs the table lists; a multi-label model may have hundreds
RANKING = (("auroc", "AUROC"), ("average_precision", "Average precision"), ("base_rate", "Base rate"),
           ("brier", "Brier score"), ("ece", "Calibration error"))  # fmt: skip
VALUES = (("pearson", "Pearson"), ("spearman", "Spearman"), ("mse", "Mean squared error"))
BASELINES = {"kmers": "k-mer baseline", "positions": "position baseline"}
LEADING = {"classes": "average_precision", "labels": "average_precision", "values": "pearson"}  # what models compete in


@dataclass(frozen=True)
class Row:
    """One line of the quality table: `cells` are (figure, its interval or "")."""

    what: str
    windows: int
    positives: int | None
    cells: list[tuple[str, str]]


def columns(task: str) -> tuple[tuple[str, str], ...]:
    """(key in the metrics, heading) of each figure of a task."""
    return VALUES if task == "values" else RANKING


def figures(entry: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Figures by output of one part of the metrics, whatever the task."""
    entry = entry or {}
    return entry.get("outputs") or entry.get("classes") or {}


def parts(results: Results) -> dict[str, dict[str, Any]]:
    """Parts of the metrics that hold windows."""
    splits = (results.metrics or {}).get("splits", {})
    return {name: part for name, part in splits.items() if part.get("windows")}


def tested(results: Results) -> dict[str, dict[str, Any]]:
    """Figures of the test part by output; those that were explained come first."""
    found = figures(parts(results).get("test"))
    explained = [c.name for c in results.explained.classes] if results.explained else []
    first = [name for name in explained if name in found] if len(found) > TABLE_MOST else []
    return {name: found[name] for name in dict.fromkeys([*first, *found])}


def baselines(results: Results) -> dict[str, dict[str, Any]]:
    """Baseline -> the test part of its metrics; empty without `lrpgen baseline`."""
    models = ((results.metrics or {}).get("baseline") or {}).get("models", {})
    return {name: model.get("splits", {}).get("test", {}) for name, model in models.items()}


def table(results: Results) -> dict[str, list[Row]]:
    """By output: the model on the test part and on the validation part, and each baseline on the test part."""
    held, beside = parts(results), baselines(results)
    keys = [key for key, _ in columns(setting(results).task)]
    what = "test" if setting(results).parts else "model"
    sources = [(what, held.get("test", {})), ("validation", held.get("validation", {}))]
    sources += [(BASELINES.get(name, f"{name} baseline"), part) for name, part in beside.items()]
    found = {}
    for name in list(tested(results))[:TABLE_MOST]:
        found[name] = [_row(label, part, figures(part)[name], keys) for label, part in sources if name in figures(part)]
    return found


def _row(what: str, part: dict[str, Any], m: dict[str, Any], keys: list[str]) -> Row:
    cells = [(figure(key, m.get(key)), interval(m, key)) for key in keys]
    return Row(what, part.get("windows", 0), m.get("positives"), cells)


def figure(key: str, value: float | None, digits: int = 3) -> str:
    """A figure as people read it: errors in their own units by significant digits, all else by decimals."""
    return number(value) if key == "mse" else score(value, digits)


def interval(m: dict[str, Any], key: str, digits: int = 3) -> str:
    """'0.969 to 0.984', or nothing where the metrics hold no interval."""
    ends = m.get(f"{key}_interval")
    return " to ".join(figure(key, end, digits) for end in ends) if ends else ""


def level(results: Results) -> str:
    """'95 %': how sure intervals are."""
    return percent(((results.metrics or {}).get("interval") or {}).get("level", 0.95))


def interval_sentence(results: Results) -> str:
    """How intervals were made; empty without any."""
    made = (results.metrics or {}).get("interval")
    if not made:
        return ""
    how = f"{made.get('method', 'method not recorded')}, {made.get('resamples', 0):,} resamples"
    return (
        f"Intervals hold {level(results)} ({how}); they take windows as independent, so where windows overlap or are "
        "related the truth is wider."
    )


def overall_sentence(results: Results) -> str:
    """Figures over all exclusive classes at once; empty for other tasks and older metrics."""
    overall = parts(results).get("test", {}).get("overall", {})
    if "accuracy" not in overall:
        return ""
    said = [f"{name} {figure(key, overall.get(key))}{_bracket(overall, key)}" for key, name in
            (("accuracy", "accuracy"), ("brier", "Brier score"), ("ece", "calibration error"))]  # fmt: skip
    return f"Over all classes at once: {', '.join(said)}."


def _bracket(m: dict[str, Any], key: str) -> str:
    return f" ({found})" if (found := interval(m, key)) else ""


@dataclass(frozen=True)
class Rival:
    """The best baseline of one output, where the model is not better than it beyond the model's own interval."""

    baseline: str
    figure: str
    own: str
    other: str


def rival(results: Results, name: str) -> Rival | None:
    """A baseline that `name`'s model does not clearly beat; None where it does or there is no baseline."""
    key = LEADING[setting(results).task]
    mine = tested(results).get(name, {})
    beside = {b: figures(part).get(name, {}).get(key) for b, part in baselines(results).items()}
    found = {b: value for b, value in beside.items() if value is not None}
    if mine.get(key) is None or not found:
        return None
    best = max(found, key=lambda b: found[b])
    low = (mine.get(f"{key}_interval") or [mine[key]])[0]
    if low > found[best]:
        return None
    ends = interval(mine, key)
    own = figure(key, mine[key]) + (f" ({level(results)} interval {ends})" if ends else "")
    heading = dict(columns(setting(results).task))[key]
    return Rival(
        BASELINES.get(best, best), heading if key == "pearson" else heading.lower(), own, figure(key, found[best])
    )
