"""Runs of quality.py as one JSON: the inputs of a scenario's seeds pooled, means with intervals, paired differences.

    python benchmarks/quality_joined.py results/quality/small/*.* -o benchmarks/quality.json

A number is [mean, low, high], 95 % bootstrap over the pooled inputs (`lrpgen.evaluate.bootstrap`): they say how sure the mean is
for these models, not for other models. Differences are to the base rule (`base`), the base cut at the input to the same zeros
and the same Gini index (`zeros`, `gini`), the method without its reference (`plain`), `deepshap` and `ism`, and the same
function with larger activations (`twin`).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lrpgen.evaluate import bootstrap
from lrpgen.evaluate.comparison import MEASURES
from lrpgen.evaluate.methods import read_method
from lrpgen.files import read_json, write_text
from lrpgen.provenance import versions

DIGITS = 4
TWIN = {"small": "sum"}  # the same function, inputs and seeds
# In differences and controls; values have every measure.
COMPARED = ("rma", "rra", "pointing", "aopc_shuffles", "insertion_shuffles", "ism")
Pooled = dict[tuple[str, str], pd.DataFrame]  # (method, control) -> measures of every input


def pooled(runs: list[Path]) -> Pooled:
    parts = defaultdict(list)
    for run in runs:
        table = pd.read_csv(run / "evaluation" / "values.tsv.gz", sep="\t", keep_default_na=False, na_values=[""])
        table["control"] = table["control"].fillna("")
        for key, part in table.groupby(["method", "control"], sort=False):
            parts[key].append(part)
    return {key: pd.concat(found, ignore_index=True) for key, found in parts.items()}


def against(method: str) -> dict[str, tuple[str, str]]:
    """What a method's values are paired with, where it was measured: name -> (method, control)."""
    found = {"zeros": (method, "zeros"), "gini": (method, "gini"), "deepshap": ("deepshap", ""), "ism": ("ism", "")}
    if method != "random" and (base := read_method(method).base):
        found["base"] = (base, "")
    if "@" in method:
        found["plain"] = (method.partition("@")[0], "")
    return {name: key for name, key in found.items() if key != (method, "")}


def scenario(runs: list[Path], twins: list[Path]) -> dict[str, Any]:
    """Everything of one scenario, its runs being its seeds. twins : runs of a model with the same function, if any."""
    tables = pooled(runs)
    same = pooled(twins)
    facts = [read_json(run / "scenario.json", "scenario") for run in runs]
    summaries = [read_json(run / "evaluation" / "summary.json", "summary") for run in runs]
    names = [method for method, control in tables if not control]
    rows: dict[str, Any] = {}
    for name in names:
        own = tables[name, ""]
        pairs = {word: tables[key] for word, key in against(name).items() if key in tables}
        pairs |= {"twin": same[name, ""]} if same else {}
        rows[name] = {
            "values": {measure: number(bootstrap.mean(own[measure])) for measure in MEASURES if measure in own},
            "controls": {
                word: {
                    measure: number(bootstrap.mean(pairs[word][measure])) for measure in (*COMPARED, "gini", "zeros")
                }
                for word in ("zeros", "gini")
                if word in pairs
            },
            "differences": {
                word: {measure: number(bootstrap.difference(own[measure], other[measure])) for measure in COMPARED}
                for word, other in pairs.items()
            },
            "cost": cost(summaries, name),
        }
    return {
        "text": facts[0]["text"],
        "quality": [fact["quality"] for fact in facts],
        "truth_share": [summary["setting"]["truth_share"] for summary in summaries],
        "inputs": sum(summary["setting"]["inputs"] for summary in summaries),
        "chosen": {rule: [fact["chosen"][rule]["share"] for fact in facts] for rule in facts[0]["chosen"]},
        "rows": rows,
    }


def twins(by_name: dict[str, list[Path]], name: str) -> list[Path]:
    seeds = {run.name.rpartition(".")[2] for run in by_name[name]}
    return [run for run in by_name.get(TWIN.get(name, ""), []) if run.name.rpartition(".")[2] in seeds]


def number(found: dict[str, Any]) -> list[float | None]:
    low, high = found["interval"] or (None, None)
    return [None if one is None or not np.isfinite(one) else round(one, DIGITS) for one in (found["mean"], low, high)]


def cost(summaries: list[dict[str, Any]], method: str) -> dict[str, float] | None:
    """Median over seeds of the time relative to gradient*input, and of the peak memory in MB."""
    found = [row["cost"] for summary in summaries for row in summary["rows"] if row["method"] == method and row["cost"]]
    if not found:
        return None
    return {key: round(statistics.median(one[key] for one in found), 1) for key in ("ratio", "peak_mb")}


def compact(value: Any, depth: int = 4) -> str:
    """JSON with a line for each method: deeper levels in one line."""
    if depth == 0 or not isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"))
    inner = ",\n".join(f"{json.dumps(key)}: {compact(one, depth - 1)}" for key, one in value.items())
    return "{\n" + inner + "\n}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--output", "-o", type=Path, required=True)
    arguments = parser.parse_args()
    by_name = defaultdict(list)
    for run in sorted(arguments.runs):
        by_name[run.name.rpartition(".")[0]].append(run)
    setting = read_json(arguments.runs[0] / "evaluation" / "summary.json", "summary")["setting"]
    result = {
        "machine": f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, no GPU used",
        "versions": versions(),
        "setting": {key: setting[key] for key in ("draws", "steps", "checks", "timed", "rounds")},
        "scenarios": {name: scenario(runs, twins(by_name, name)) for name, runs in by_name.items()},
    }
    write_text(arguments.output, compact(result) + "\n")


if __name__ == "__main__":
    main()
