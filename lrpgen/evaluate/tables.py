"""An evaluation's summary as it is written and read: its format, one number of it, all of it as rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

FORMAT, VERSION = "lrpgen-evaluation", 1
CONTROLS = ("zeros", "gini")
REFERENCES = ("gradient*input", "deepshap", "ism")  # methods that every other one is set against
AGAINST = ("base", *CONTROLS, *REFERENCES)


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
