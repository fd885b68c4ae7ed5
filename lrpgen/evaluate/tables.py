"""An evaluation's summary as tables: Markdown for people, rows for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import InputError

if TYPE_CHECKING:
    import pandas as pd

CONTROLS = ("zeros", "gini")
AGAINST = ("base", *CONTROLS, "deepshap", "ism")


class Reading(NamedTuple):
    """A mean over inputs and its 95 % interval; NaN where there is none."""

    mean: float
    low: float
    high: float


def reading(values: dict[str, Any] | None, measure: str) -> Reading:
    """What `values` (a row's values, one of its controls or differences) say of a measure, all NaN if they do not."""
    found = (values or {}).get(measure) or {}
    mean, interval = found.get("mean"), found.get("interval") or (math.nan, math.nan)
    return Reading(math.nan if mean is None else float(mean), float(interval[0]), float(interval[1]))


def markdown(
    summary: dict[str, Any], measures: Sequence[str], methods: Sequence[str] | None = None, sort: str | None = None
) -> str:
    """A Markdown table, a method a row, each cell the mean and its 95 % interval to three significant digits.

    In bold: the best mean of the rows shown, and every other whose interval overlaps the best one's. Overlap is a coarse
    reading, the paired differences in the summary are the sharper one. Measures without a better end have none in bold.

    Parameters
    ----------
    methods : the rows and their order; all of them in the summary's order without it.
    sort : measure that orders the rows, best first and those without a value last.

    Raises
    ------
    InputError : a measure or method that the summary does not have.
    """
    _known("measure", [*measures, *([sort] if sort else [])], summary["measures"])
    rows = {row["method"]: row for row in summary["rows"]}
    _known("method", methods or [], rows)
    shown = [rows[name] for name in methods] if methods is not None else list(rows.values())
    if sort:
        shown = sorted(shown, key=lambda row: _rank(summary, row, sort))
    cells = [[f"`{row['method']}`".replace("|", r"\|") for row in shown]]
    for measure in measures:
        found = [reading(row["values"], measure) for row in shown]
        best = _best(found, summary["measures"][measure]["better"])
        cells.append([f"**{_cell(one)}**" if bold else _cell(one) for one, bold in zip(found, best, strict=True)])
    lines = [["method", *measures], ["---", *("---:" for _ in measures)], *zip(*cells, strict=True)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def rows_table(summary: dict[str, Any]) -> pd.DataFrame:
    """One row per method and measure, as TSV files have it.

    Columns: method, measure, mean, low, high (95 % interval), inputs (used), nan (left out); the same three numbers of
    each control (`control_zeros`, `control_zeros_low`, ...) and of each paired difference (`difference_base`, ...).
    NaN where there is none.
    """
    import pandas as pd

    table = []
    for row in summary["rows"]:
        for measure, entry in row["values"].items():
            line = {"method": row["method"], "measure": measure, **reading(row["values"], measure)._asdict()}
            line |= {"inputs": entry["inputs"], "nan": entry["nan"]}
            for kind, others in (("control", CONTROLS), ("difference", AGAINST)):
                for other in others:
                    one = reading((row.get(f"{kind}s") or {}).get(other), measure)
                    line |= dict(zip(_columns(f"{kind}_{other}"), one, strict=True))
            table.append(line)
    threes = [f"control_{other}" for other in CONTROLS] + [f"difference_{other}" for other in AGAINST]
    columns = ["method", "measure", *Reading._fields, "inputs", "nan", *(c for name in threes for c in _columns(name))]
    return pd.DataFrame(table, columns=columns)


def _columns(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def _known(what: str, names: Sequence[str], there: dict[str, Any]) -> None:
    for name in names:
        if name not in there:
            raise InputError(f"this evaluation has no {what} {name!r}; choose from {', '.join(there)}")


def _rank(summary: dict[str, Any], row: dict[str, Any], measure: str) -> tuple[bool, float]:
    """Sorts the best first, NaN last; a measure without a better end from the largest down."""
    mean = reading(row["values"], measure).mean
    if math.isnan(mean):
        return True, 0.0
    return False, mean if summary["measures"][measure]["better"] == "lower" else -mean


def _best(found: list[Reading], better: str | None) -> list[bool]:
    """Which of these are best, or tied with the best because the intervals overlap."""
    sign = {"higher": 1, "lower": -1, None: 0}[better]
    there = [one for one in found if not math.isnan(one.mean)]
    if not sign or not there:
        return [False] * len(found)
    best = max(there, key=lambda one: sign * one.mean)
    low, high = _ends(best)
    return [not math.isnan(one.mean) and _ends(one)[0] <= high and _ends(one)[1] >= low for one in found]


def _ends(one: Reading) -> tuple[float, float]:
    """The interval; without one, the mean alone."""
    return (one.mean, one.mean) if math.isnan(one.low) else (one.low, one.high)


def _cell(one: Reading) -> str:
    if math.isnan(one.mean):
        return "-"
    return _digits(one.mean) + ("" if math.isnan(one.low) else f" [{_digits(one.low)}, {_digits(one.high)}]")


def _digits(value: float) -> str:
    """Three significant digits, trailing zeros kept; whole numbers from a thousand on."""
    return f"{value:.0f}" if abs(value) >= 999.5 else f"{value + 0.0:#.3g}".rstrip(".")
