"""The ledger of an explanation as plain numbers: means over the images, from the output down, and how far it closes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..lrp.explanation import Explanation

SUMS = {"sum_in": "sum_in", "sum_out": "sum_out", "bias": "absorbed_bias", "epsilon": "absorbed_epsilon"}


def ledger_rows(found: Explanation) -> dict[str, Any]:
    """layers : one row each, output first: sum_in, sum_out, bias, epsilon, stranded (with what was scaled away), dropped
    (share of the layer's mass), and `gap`, the largest |sum_in - all that it became| of any image as a share of the mass,
    sum |r|, that was handed down: rounding grows with the mass, and sums may cancel (SGLRP's start is 0). gap : the largest
    of them, that is how far the ledger closes.
    """
    layers = [_row(entry) for entry in reversed(found.entries)]
    return {"layers": layers, "gap": max((layer["gap"] for layer in layers), default=0.0)}


def _row(entry: Any) -> dict[str, Any]:
    of = {name: getattr(entry, name).double().cpu().numpy() for name in (*SUMS.values(), "stranded", "scaled")}
    dropped, mass = (float(getattr(entry, name).double().sum()) for name in ("dropped", "mass"))
    stranded = of["stranded"] + of["scaled"]
    left = of["sum_in"] - of["sum_out"] - of["absorbed_bias"] - of["absorbed_epsilon"] - stranded
    size = np.maximum(np.abs(of["sum_in"]), entry.mass.double().cpu().numpy())
    gap = np.divide(np.abs(left), size, out=np.zeros_like(left), where=size > 0)
    return {
        "layer": entry.layer,
        "op": entry.op,
        "rule": entry.rule,
        **{name: float(of[column].mean()) for name, column in SUMS.items()},
        "stranded": float(stranded.mean()),
        "dropped": dropped / mass if mass else 0.0,
        "gap": float(gap.max()),
    }
