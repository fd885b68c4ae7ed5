"""What `lrpgen evaluate` found: every method's measures with intervals, and what pruning gained over its controls."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..evaluate.tables import Reading
from ..files import read_json
from .numbers import number

SHORT = {
    "rma": "RMA", "rra": "RRA", "pointing": "pointing", "gini": "Gini", "entropy": "entropy", "zeros": "zeros",
    "aopc_shuffles": "deletion, shuffles", "aopc_zeros": "deletion, zeros", "insertion_shuffles": "insertion, shuffles",
    "insertion_zeros": "insertion, zeros", "aopc_mean": "flipping, mean colour", "aopc_blur": "flipping, blur",
    "insertion_mean": "insertion, mean colour", "insertion_blur": "insertion, blur",
    "ism": "ISM", "ism_kept": "ISM, kept bases", "completeness": "completeness",
    "reverse_complement": "reverse complement", "randomised_top": "last layer random", "randomised_all": "all layers random",
}  # fmt: skip
GROUPS = {"truth": "Against the truth", "faithfulness": "Faithfulness to the model", "sparsity": "Sparsity",
          "stability": "Stability", "sanity": "Sanity checks"}  # fmt: skip
JUDGED = (
    "rma",
    "rra",
    "pointing",
    "aopc_shuffles",
    "insertion_shuffles",
    "aopc_mean",
    "insertion_mean",
    "ism",
)  # what a verdict is given on
ROW = ("method", "base", "values", "controls", "differences")  # what a row needs


@dataclass(frozen=True)
class Evaluation:
    summary: dict[str, Any]
    folder: Path
    figures: list[Path]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.summary["rows"]

    @property
    def pruned(self) -> list[dict[str, Any]]:
        """Rows of pruned methods: those with a base rule and controls."""
        return [row for row in self.rows if row.get("base")]

    @property
    def judged(self) -> list[str]:
        """Measures that were taken and have a better end, of those a verdict is given on."""
        return [name for name in JUDGED if name in self.summary["measures"]]


def read_evaluation(folder: Path) -> Evaluation | None:
    """None when there is no summary.json. Raises `InputError` for one that is no evaluation."""
    path = folder / "summary.json"
    if not path.is_file():
        return None
    summary = read_json(path, "evaluation")
    rows = summary.get("rows") if isinstance(summary, dict) else None
    whole = isinstance(rows, list) and all(isinstance(row, dict) and set(ROW) <= set(row) for row in rows)
    if not whole or not {"measures", "setting"} <= set(summary):
        raise InputError(f"{path} is not what `lrpgen evaluate` writes; run it again")
    return Evaluation(summary, folder, sorted(folder.glob("*.svg")))


def groups(evaluation: Evaluation) -> dict[str, list[str]]:
    """Heading -> its measures, in the order of GROUPS."""
    measures = evaluation.summary["measures"]
    found = {title: [m for m in measures if measures[m]["group"] == group] for group, title in GROUPS.items()}
    return {title: names for title, names in found.items() if names}


def cell(one: Reading) -> tuple[str, str]:
    """(mean, interval) as people read them; the interval is empty where there is none."""
    if math.isnan(one.mean):
        return number(None), ""
    return number(one.mean), "" if math.isnan(one.low) else f"{number(one.low)} to {number(one.high)}"
