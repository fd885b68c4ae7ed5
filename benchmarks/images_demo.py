"""What `make demo-images` found (`make bench-images`), in one JSON and in the tables of docs/images.md.

    python benchmarks/images_demo.py [RESULTS] [--output benchmarks/images_demo.json] [--docs docs/images.md]

Reads RESULTS/SAMPLE/{history.json, explained/summary.json, evaluation/summary.json} and the times of the workflow's jobs
(benchmark_runs/SAMPLE/*.tsv); computes nothing anew.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

from lrpgen.evaluate.tables import reading
from lrpgen.files import read_json, write_json, write_text
from lrpgen.report.numbers import number

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
MEASURES = ("rma", "rra", "pointing", "aopc_mean", "aopc_blur", "gini", "completeness", "randomised_top")
HEADINGS = {
    "rma": "RMA", "rra": "RRA", "pointing": "pointing", "aopc_mean": "AOPC, mean colour", "aopc_blur": "AOPC, blur",
    "gini": "Gini", "completeness": "completeness error", "randomised_top": "last layer random",
}  # fmt: skip


def collect(results: Path, runs: Path) -> dict[str, Any]:
    """Sample -> its numbers, of every folder with explained images."""
    found = {}
    for path in sorted(results.glob("*/explained/summary.json")):
        folder = path.parents[1]
        explained = read_json(path, "summary of explained images")
        found[folder.name] = {
            "test": _part(folder / "history.json", "test"),
            "setting": explained["setting"],
            "largest_ledger_gap": {name: ledger["gap"] for name, ledger in explained["ledgers"].items()},
            "evaluation": _evaluation(folder / "evaluation" / "summary.json"),
            "seconds": {tsv.stem: _seconds(tsv) for tsv in sorted((runs / folder.name).glob("*.tsv"))},
        }
    return found


def _part(path: Path, key: str) -> Any:
    return read_json(path, "history").get(key) if path.is_file() else None


def _seconds(path: Path) -> float:
    with open(path, newline="") as handle:
        return float(next(csv.DictReader(handle, delimiter="\t"))["s"])


def _evaluation(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    summary = read_json(path, "evaluation")
    rows = {
        row["method"]: {
            "values": {m: reading(row["values"], m)._asdict() for m in MEASURES if m in row["values"]},
            "to_base": {m: reading(row["differences"].get("base"), m)._asdict() for m in MEASURES[:5]},
            "to_gini_control": {m: reading(row["differences"].get("gini"), m)._asdict() for m in MEASURES[:5]},
            "ratio": (row["cost"] or {}).get("ratio"),
        }
        for row in summary["rows"]
    }
    return {"setting": summary["setting"], "rows": _plain(rows)}


def _plain(value: Any) -> Any:
    """JSON without NaN."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return None if isinstance(value, float) and value != value else value


def tables(found: dict[str, Any]) -> str:
    """A table a sample, in Markdown."""
    parts = []
    for name, one in found.items():
        evaluation = one["evaluation"]
        if not evaluation:
            continue
        setting, test = evaluation["setting"], one["test"]
        right = f"test accuracy {test['accuracy']:.3f} on {test['images']} images; " if test else ""
        masked = f", masks cover {setting['truth_share']:.1%} of an image" if setting["truth_share"] else ""
        seconds = sum(one["seconds"].values())
        took = f"; all jobs together took {seconds:.0f} s" if seconds else ""
        parts.append(f"### {name}\n\n{right}{setting['inputs']} images evaluated{masked}{took}.\n")
        shown = [m for m in MEASURES if any(m in row["values"] for row in evaluation["rows"].values())]
        parts.append("| method | " + " | ".join(HEADINGS[m] for m in shown) + " | time |")
        parts.append("| --- |" + " ---: |" * (len(shown) + 1))
        for method, row in evaluation["rows"].items():
            cells = [_cell(row["values"].get(m)) for m in shown]
            parts.append(f"| `{method}` | " + " | ".join(cells) + f" | {_ratio(row['ratio'])} |")
        parts.append("")
    return "\n".join(parts)


def _cell(one: dict[str, float] | None) -> str:
    return "" if not one or one["mean"] is None else number(one["mean"], 2)


def _ratio(value: float | None) -> str:
    return "" if value is None else number(value, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="?", type=Path, default=Path("results"))
    parser.add_argument("--runs", type=Path, default=Path("benchmark_runs"), help="times of the workflow's jobs")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/images_demo.json"))
    parser.add_argument("--docs", type=Path, default=Path("docs/images.md"))
    given = parser.parse_args()
    found = collect(given.results, given.runs)
    write_json(given.output, found)
    text = given.docs.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    write_text(given.docs, f"{before}{BEGIN}\n{tables(found)}{END}{after}")


if __name__ == "__main__":
    main()
