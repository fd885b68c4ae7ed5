"""The ledger in numbers for the page: where the class score went, layer by layer, and how far the account closes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..relevance.store import Store


@dataclass(frozen=True)
class Layer:
    """Means over the sites counted: sum_in = sum_out + bias + epsilon + stranded, up to `gap`, the largest of any site.

    `dropped`: share of the relevance mass pruned here and handed to what was kept. `zeros`: share of exact zeros among
    the layer's inputs.
    """

    name: str
    op: str
    rule: str
    sum_in: float
    sum_out: float
    bias: float
    epsilon: float
    stranded: float
    dropped: float
    zeros: float
    gap: float


@dataclass(frozen=True)
class Ledger:
    """`split` says which sites were counted: "test", or "all" when no test site was explained.

    `layers` from output to input, the way relevance flows. `gap` is the largest
    |score - relevance - bias - epsilon - stranded| / |score| of any counted site, `gap_median` the usual one. `dropped`
    is a share of the mass at the pruned layers only.
    """

    split: str
    sites: int
    layers: list[Layer]
    score: float
    relevance: float
    bias: float
    epsilon: float
    stranded: float
    dropped: float
    gap: float
    gap_median: float


def summarise(store: Store, test: np.ndarray, logit: np.ndarray, sums: np.ndarray) -> Ledger | None:
    """Average the ledger over the test sites (over all when there is none); None when the store has no ledger.

    test (N,) bool, logit (N,) the explained output, sums (N,) the relevance summed over bases.
    """
    if not store.has("ledger/layer") or not store.has("ledger/sum_in"):
        return None
    rows = test if test.any() else np.ones_like(test)
    columns = {
        key: store.ledger(key)[rows].astype(np.float64)
        for key in (
            "sum_in",
            "sum_out",
            "absorbed_bias",
            "absorbed_epsilon",
            "stranded",
            "scaled",
            "dropped",
            "mass",
            "zeros",
        )
    }
    columns["stranded"] = columns["stranded"] + columns.pop("scaled")  # neither reached the bases
    names = store.ledger_names()
    layers = [_layer(names, columns, i) for i in reversed(range(len(names["layer"])))]  # stored from input to output
    start = store.start() if store.has("start") else logit
    score, relevance = start[rows].astype(np.float64), sums[rows]
    bias, epsilon, stranded = (columns[key].sum(1) for key in ("absorbed_bias", "absorbed_epsilon", "stranded"))
    gaps = np.abs(score - relevance - bias - epsilon - stranded) / np.maximum(np.abs(score), 1e-12)
    return Ledger(
        split="test" if test.any() else "all",
        sites=int(rows.sum()),
        layers=layers,
        score=float(score.mean()),
        relevance=float(relevance.mean()),
        bias=float(bias.mean()),
        epsilon=float(epsilon.mean()),
        stranded=float(stranded.mean()),
        dropped=_ratio(columns["dropped"].sum(), columns["mass"][:, columns["dropped"].any(0)].sum()),
        gap=float(gaps.max()),
        gap_median=float(np.median(gaps)),
    )


def _layer(names: dict[str, list[str]], columns: dict[str, np.ndarray], i: int) -> Layer:
    of = {key: values[:, i] for key, values in columns.items()}
    left = of["sum_in"] - of["sum_out"] - of["absorbed_bias"] - of["absorbed_epsilon"] - of["stranded"]
    return Layer(
        name=names["layer"][i],
        op=names["op"][i],
        rule=names["rule"][i],
        sum_in=float(of["sum_in"].mean()),
        sum_out=float(of["sum_out"].mean()),
        bias=float(of["absorbed_bias"].mean()),
        epsilon=float(of["absorbed_epsilon"].mean()),
        stranded=float(of["stranded"].mean()),
        dropped=_ratio(of["dropped"].sum(), of["mass"].sum()),
        zeros=float(of["zeros"].mean()),
        gap=float(np.abs(left).max()),
    )


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
