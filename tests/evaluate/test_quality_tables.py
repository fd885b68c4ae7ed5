"""No number of docs/evaluation.md's answers is typed: they are what benchmarks/quality_tables.py writes from the JSON."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    return importlib.import_module("quality_tables")


def row(rma: list[float | None], difference: list[float | None], ratio: float) -> dict[str, Any]:
    judged = ("rma", "rra", "pointing", "aopc_shuffles")
    return {
        "values": dict.fromkeys(judged, rma),
        "differences": {other: dict.fromkeys(judged, difference) for other in ("deepshap", "ism")},
        "cost": {"ratio": ratio, "peak_mb": 1.0},
    }


def scenarios(*differences: list[float | None]) -> dict[str, Any]:
    peers = {name: row([0.5, 0.4, 0.6], [0.0, -0.1, 0.1], 300.0) for name in ("deepshap", "ism")}
    return {
        f"s{i}": {
            "rows": {"fast": row([0.4, 0.3, 0.5], found, 2.0), "slow": row([0.4, 0.3, 0.5], found, 40.0), **peers}
        }
        for i, found in enumerate(differences)
    }


def test_the_page_holds_what_the_json_says(tables: ModuleType) -> None:
    page = tables.PAGE.read_text(encoding="utf-8")
    written = page.split(tables.BEGIN)[1].split(tables.END)[0]
    assert written.strip() == tables.page(tables.read_json(tables.JSON, "result")).strip()


def test_verdicts_count_intervals(tables: ModuleType) -> None:
    found = scenarios([0.2, 0.1, 0.3], [0.1, -0.1, 0.3], [-0.2, -0.3, -0.1], [None, None, None])
    assert tables.verdicts(found, "fast", "ism", "rma") == "1 / 1 / 1"
    assert tables.not_worse(found, "fast", "ism") == [2, 2, 2, 2]


def test_only_methods_at_a_tenth_of_the_cost_are_listed(tables: ModuleType) -> None:
    written = tables.goal(scenarios([0.2, 0.1, 0.3]))
    assert "`fast`" in written
    assert "`slow`" not in written
    assert "`ism`" not in written


def test_a_sweep_marks_the_best(tables: ModuleType) -> None:
    line = {"base": {"values": {"rma": [0.3, 0, 1]}}}
    line |= {f"plrp:{p:g}": {"values": {"rma": [0.3 + p if p < 0.6 else 0.1, 0, 1]}} for p in tables.SHARES}
    assert tables.sweep({"s": {"rows": line}}, "plrp:{}", "base", "rma").endswith(
        "| s | 0.30 | 0.35 | 0.40 | 0.55 | **0.80** | 0.10 | 0.10 |"
    )
