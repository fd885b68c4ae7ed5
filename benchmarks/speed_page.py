"""The tables and the figure of docs/performance.md, from benchmarks/speed.json; `speed.py` calls it, and it runs alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from speed_methods import BASE, OWN, PEERS, PIECES, SLOW

from lrpgen.files import atomic
from lrpgen.plots.style import CYCLE, INK, save_as, styled

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- written by benchmarks/speed_page.py -->", "<!-- end of what is written -->"
IMAGES = ("resnet18", "vgg16")
Figures = dict[str, Any]


def table(rows: list[Figures], methods: tuple[str, ...], key: str) -> str:
    """One line for each row that has these methods, one column for each method."""
    lines = ["| network | size | batch | " + " | ".join(methods) + " |", "| --- |" + " --- |" * (2 + len(methods))]
    for row in rows:
        found = [_cell(row["methods"].get(name, {}), key) for name in methods]
        if any(found):
            lines.append(" | ".join([f"| {row['net']}", f"{row['size']:,}", str(row["batch"]), *found]) + " |")
    return "\n".join(lines)


def _cell(method: Figures, key: str) -> str:
    if "refused" in method:
        return "refused"
    if key not in method:
        return ""
    if key not in ("ratio", "peak_ratio"):
        return f"{method[key]:,.{2 if method[key] < 100 else 0}f}"
    spread = f" ({method['smallest']:.2f}-{method['largest']:.2f})" if key == "ratio" and method["rounds"] > 1 else ""
    return f"{method[key]:.2f}{spread}"


def page(result: Figures) -> str:
    rows = result["rows"]
    return "\n\n".join([
        f"Machine: {result['machine']}. Median over rounds and range of time / gradient * input:",
        table(rows, (PIECES, *OWN), "ratio"),
        "Other libraries in the same rounds (the slow ones once):",
        table(rows, (*PEERS, *SLOW), "ratio"),
        "Peak memory / gradient * input:",
        table(rows, tuple(OWN), "peak_ratio"),
        "Milliseconds, all windows of the batch together:",
        table([_milliseconds(row) for row in rows], (BASE, *OWN), "milliseconds"),
        "Microseconds for each 1,000 bases, or pixels; where cost is linear, those of one network are alike:",
        table([_milliseconds(row) for row in rows], (BASE, *OWN), "each"),
    ])  # fmt: skip


def _milliseconds(row: Figures) -> Figures:
    """The row with times of its own, and per 1,000 places of the input in microseconds."""
    places = row["batch"] * row["size"] ** (2 if row["net"] in IMAGES else 1)
    methods = {name: _timed(row["methods"][name]["seconds"], places) for name in (BASE, *OWN)}
    return {**row, "methods": methods}


def _timed(seconds: float, places: int) -> Figures:
    return {"milliseconds": seconds * 1e3, "each": seconds * 1e9 / places}


def draw(rows: list[Figures], path: Path) -> None:
    """Ratios to gradient * input of lrpgen's methods, one group of points for each row."""
    from matplotlib.figure import Figure

    with styled():
        figure = Figure(figsize=(8, 0.5 * len(rows) + 1.2), layout="constrained")
        ax = figure.subplots()
        for i, (name, colour) in enumerate(zip(OWN, CYCLE, strict=True)):
            of = [each["methods"][name] for each in rows]
            at = [number + 0.12 * (i - 2.5) for number in range(len(rows))]
            ax.hlines(at, [m["smallest"] for m in of], [m["largest"] for m in of], color=colour, lw=1)
            ax.plot([m["ratio"] for m in of], at, "o", ms=3.5, color=colour, label=name)
        ax.axvline(1.0, color=INK, lw=0.8)
        ax.set_yticks(range(len(rows)), [f"{each['net']} {each['size']:,}, batch {each['batch']}" for each in rows])
        ax.invert_yaxis()
        ax.set(xlabel="time / gradient * input (median of the rounds, and their range)", xlim=(0, None))
        ax.legend(frameon=False, fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
        save_as(figure, path)


def write(result: Figures, path: Path, figure: Path) -> None:
    before, _, rest = path.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    with atomic(path) as tmp:
        tmp.write_text(f"{before}{BEGIN}\n{page(result)}\n{END}{after}")
    draw(result["rows"], figure)


if __name__ == "__main__":
    found = json.loads((ROOT / "benchmarks" / "speed.json").read_text())
    write(found, ROOT / "docs" / "performance.md", ROOT / "docs" / "figures" / "speed.svg")
