"""Figures of an evaluation: what is drawn of a made-up summary, and that no name lies on another."""

import math
from itertools import combinations

import numpy as np
import pytest

from lrpgen.plots.evaluation import curves_figure, differences_figure, draw_evaluation, sweep_figure
from lrpgen.plots.trade import family, trade_figure

TRUTH, SPARSITY = ("rma", "rra", "pointing"), ("gini", "entropy", "zeros")
FAITHFUL = ("aopc_shuffles", "aopc_zeros", "insertion_shuffles", "insertion_zeros", "ism", "ism_kept")
MEASURES = {
    **dict.fromkeys(TRUTH, "truth"),
    **dict.fromkeys(SPARSITY, "sparsity"),
    **dict.fromkeys(FAITHFUL, "faithfulness"),
}
SHARES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9)
REFERENCES = ("", "@uniform", "@composition", "@10")


def methods(rules=("epsilon", "epsilon_plus"), references=REFERENCES, shares=SHARES):
    """(name, composite, share, reference) of a whole comparison."""
    for name in ("random", "gradient", "gradient*input", "integrated_gradients", "deeplift", "deepshap", "ism"):
        yield name, "", None, ""
    for reference in references:
        for rule in rules:
            yield rule, rule, None, reference
            yield from (("plrp-lambda", rule, share, reference) for share in shares)
        yield from (("plrp-matrix", "epsilon", share, reference) for share in shares)
        yield "plrp-adaptive", "epsilon", None, reference


def values(random, level, truth=True):
    found = {}
    for measure, group in MEASURES.items():
        if truth or group != "truth":
            mean, half = float(np.clip(level + random.normal(0, 0.04), 0, 1)), float(random.uniform(0.01, 0.03))
            found[measure] = {"mean": mean, "interval": [mean - half, mean + half], "inputs": 200, "nan": 0}
    return found


def made_up(truth=True, **which):
    """A summary of random but plausible numbers: pruning helps a little, references more."""
    random = np.random.default_rng(0)
    rows, curves, share = [], {}, np.linspace(0, 1, 21)
    for name, composite, p, reference in methods(**which):
        text = ":".join([name, *([f"{p or 0.1:g}", composite] if name.startswith("plrp-") else [])]) + reference
        level = 0.15 if name == "random" else 0.4 + 0.1 * bool(reference) + 0.15 * (p or 0) + 0.02 * len(name) / 10
        base = composite + reference if name.startswith("plrp-") else None
        row = {"method": text, "name": name, "composite": composite, "share": p, "reference": reference, "base": base}
        row["values"] = values(random, level, truth)
        others = {"deepshap": -0.05, "ism": -0.1} | ({"base": 0.05, "zeros": 0.03, "gini": 0.02} if base else {})
        row["controls"] = {kind: values(random, level - 0.03, truth) for kind in ("zeros", "gini") if base}
        row["differences"] = {other: values(random, shift, truth) for other, shift in others.items()}
        ratio = float(random.lognormal(0.5, 1.0))
        row["cost"] = None if name == "random" else {"seconds": 0.01 * ratio, "ratio": ratio, "peak_mb": None}
        rows.append(row)
        fall = (6 * np.exp(-share * 8 * level)).tolist()
        curves[text] = {f"deletion_{by}": fall for by in ("shuffles", "zeros")}
        curves[text] |= {f"insertion_{by}": fall[::-1] for by in ("shuffles", "zeros")}
    measures = {
        m: {"better": None if g == "sparsity" else "higher", "group": g, "text": m} for m, g in MEASURES.items()
    }
    return {
        "format": "lrpgen-evaluation",
        "version": 1,
        "setting": {},
        "measures": {m: entry for m, entry in measures.items() if truth or entry["group"] != "truth"},
        "rows": rows,
        "curves": {"share": share.tolist(), "rows": curves},
    }
