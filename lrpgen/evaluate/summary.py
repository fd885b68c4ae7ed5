"""Rows of a comparison as plain data: means over inputs with intervals, and paired differences.

A row's differences are to its base rule and its two controls, where it is pruned, and to REFERENCES where they were
compared too. NaN is left out and counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from . import bootstrap
from .attribution import Cost
from .comparison import MEASURES, Row, Values
from .tables import FORMAT, REFERENCES, VERSION


def summarise(rows: list[Row], setting: dict[str, Any], costs: dict[str, Cost], steps: int) -> dict[str, Any]:
    """What summary.json holds (docs/formats.md)."""
    by_name = {row.method.text: row.values for row in rows}
    measured = {name for row in rows for name in row.values}
    return {
        "format": FORMAT,
        "version": VERSION,
        "setting": setting,
        "measures": {name: measure._asdict() for name, measure in MEASURES.items() if name in measured},
        "rows": [_row(row, by_name, costs.get(row.method.text)) for row in rows],
        "curves": {
            "share": np.linspace(0, 1, steps + 1).round(6).tolist(),
            "rows": {
                row.method.text: {name: curve.round(5).tolist() for name, curve in row.curves.items()} for row in rows
            },
        },
    }


def _row(row: Row, by_name: dict[str, Values], cost: Cost | None) -> dict[str, Any]:
    method = row.method
    against = ({"base": by_name[method.base]} if method.base else {}) | row.controls
    against |= {name: by_name[name] for name in REFERENCES if name in by_name and name != method.text}
    return {
        "method": method.text,
        "name": method.name,
        "composite": method.composite,
        "share": method.prune.positive if method.prune and method.prune.loss is None else None,
        "reference": method.text.partition("@")[2],
        "base": method.base,
        "values": _means(row.values),
        "controls": {name: _means(values) for name, values in row.controls.items()},
        "differences": {name: _differences(row.values, values) for name, values in against.items()},
        "cost": cost._asdict() if cost else None,
    }


def _means(values: Values) -> dict[str, Any]:
    return {name: bootstrap.mean(values[name]) for name in _ordered(values)}


def _differences(values: Values, other: Values) -> dict[str, Any]:
    return {name: bootstrap.difference(values[name], other[name]) for name in _ordered(values) if name in other}


def _ordered(values: Values) -> Iterable[str]:
    return (name for name in MEASURES if name in values)
