"""The relevance store for the page: mean logos, zero shares, the ledger's means and the top loci, packed small."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..relevance.store import Store, open_store
from ..sequences.splice import Frame, origins
from .ledger import Ledger, summarise
from .places import Origin, common_origin

TOP_PER_CLASS = 200
BLOCK = 2048  # sites read at a time: memory follows this, not the store
FULL_SCALE = 32767  # relevance travels as int16 with one scale per locus


@dataclass(frozen=True)
class ClassRelevance:
    """All explained sites of one class. `mean` (4, L): mean relevance per base letter and position.

    `origin`: where positions are counted from. `spread` (L,): standard deviation of relevance over the models of an
    ensemble, mean over sites; None for one model.
    `half`: median number of bases that hold half of a site's absolute relevance, over the test sites if there are any.
    """

    name: str
    sites: int
    by_split: dict[str, int]
    mean: np.ndarray | None
    spread: np.ndarray | None
    origin: Origin
    zero_share: float
    zero_share_test: float | None
    half: float
    mean_sum: float
    mean_logit: float


@dataclass(frozen=True)
class Explained:
    attrs: dict[str, Any]
    width: int
    sites: int
    sites_test: int
    zero_share: float
    zero_share_test: float | None
    half: float
    classes: list[ClassRelevance]
    ledger: Ledger | None
    loci: list[list[Any]]  # rows of LOCUS_FIELDS, best first within each class, classes taking turns


@dataclass(frozen=True)
class Sites:
    """Per explained site (N,): sum of relevance, share of exact zeros, bases that hold half of the relevance."""

    sums: np.ndarray
    zeros: np.ndarray
    half: np.ndarray


@dataclass
class Sums:
    """Summed over the sites of one class: relevance of each letter (4, L), spread over an ensemble (L,)."""

    letters: Any = None
    spread: Any = None


LOCUS_FIELDS = (
    "chrom", "start", "end", "strand", "name", "class", "split", "probability", "logit",
    "sum", "zeros", "half", "origin", "scale", "sequence", "relevance",
)  # fmt: skip


def read_explained(path: Path, activation: str = "softmax", frame: Frame | None = None) -> Explained | None:
    """Read the store at `path`; None when there is none or it holds no site.

    activation : turns outputs into predictions, as the model's card says. frame : where splice boundaries lie.
    """
    if not path.exists():
        return None
    with open_store(path) as store:
        return _read(store, activation, frame) if len(store) else None


def _read(store: Store, activation: str, frame: Frame | None) -> Explained:
    regions, target = store.regions, store.target
    sites, sums = _scan(store, target)
    output = store.output()
    logit = output[np.arange(len(target)), target]
    test = (regions["split"] == "test").to_numpy()
    start = origins(regions["name"].to_numpy(), frame)
    classes = []
    for k in np.unique(target):
        rows = target == k
        origin = common_origin(start[rows], store.width)
        classes.append(_one_class(str(store.classes[k]), rows, regions, sites, logit, sums[int(k)], origin))
    prediction = activate(output, activation)[np.arange(len(target)), target]
    return Explained(
        attrs=store.attrs,
        width=store.width,
        sites=len(target),
        sites_test=int(test.sum()),
        zero_share=float(sites.zeros.mean()),
        zero_share_test=float(sites.zeros[test].mean()) if test.any() else None,
        half=float(np.median(sites.half[test] if test.any() else sites.half)),
        classes=classes,
        ledger=summarise(store, test, logit, sites.sums),
        loci=_loci(store, regions, np.where(start < 0, store.width // 2, start), logit, prediction, sites),
    )


def _scan(store: Store, target: np.ndarray) -> tuple[Sites, dict[int, Sums]]:
    """Numbers of every site, and sums over the sites of each class."""
    sites = Sites(*(np.zeros(len(target)) for _ in range(3)))
    sums = {int(k): Sums() for k in np.unique(target)}
    for start in range(0, len(target), BLOCK):
        rows = slice(start, start + BLOCK)
        relevance = store.relevance(rows).astype(np.float64)
        sites.sums[rows], sites.zeros[rows], sites.half[rows] = (
            relevance.sum(1),
            (relevance == 0).mean(1),
            half(relevance),
        )
        onehot = store.onehot(rows) if store.has("onehot") else None
        spread = store.spread(rows).astype(np.float64) if store.has("spread") else None
        for k in np.unique(target[rows]):
            of_class, total = target[rows] == k, sums[int(k)]
            if onehot is not None:
                letters = np.einsum("ncl,nl->cl", onehot[of_class].astype(np.float64), relevance[of_class])
                total.letters = letters if total.letters is None else total.letters + letters
            if spread is not None:
                added = spread[of_class].sum(0)
                total.spread = added if total.spread is None else total.spread + added
    return sites, sums


def half(relevance: np.ndarray) -> np.ndarray:
    """(N, L) -> (N,): the fewest bases that together hold half of the absolute relevance; 0 where there is none."""
    running = np.cumsum(-np.sort(-np.abs(relevance), axis=1), axis=1)
    total = running[:, -1:]
    return np.where(total[:, 0] > 0, (running < total / 2).sum(1) + 1, 0)


def _one_class(
    name: str,
    rows: np.ndarray,
    regions: pd.DataFrame,
    sites: Sites,
    logit: np.ndarray,
    sums: Sums,
    origin: Origin,
) -> ClassRelevance:
    split = regions["split"].to_numpy()[rows]
    test = split == "test"
    return ClassRelevance(
        name=name,
        sites=int(rows.sum()),
        by_split={s: int((split == s).sum()) for s in ("train", "validation", "test")},
        mean=None if sums.letters is None else sums.letters / rows.sum(),
        spread=None if sums.spread is None else sums.spread / rows.sum(),
        origin=origin,
        zero_share=float(sites.zeros[rows].mean()),
        zero_share_test=float(sites.zeros[rows][test].mean()) if test.any() else None,
        half=float(np.median(sites.half[rows][test] if test.any() else sites.half[rows])),
        mean_sum=float(sites.sums[rows].mean()),
        mean_logit=float(logit[rows].mean()),
    )


def activate(output: np.ndarray, activation: str) -> np.ndarray:
    """(N, K) raw outputs -> predictions: softmax, sigmoid, exp or, for anything else, the outputs themselves."""
    if activation == "softmax":
        powers = np.exp(output - output.max(1, keepdims=True))
        return powers / powers.sum(1, keepdims=True)
    if activation == "sigmoid":
        return 0.5 * (1 + np.tanh(output / 2))  # no overflow
    return np.exp(output) if activation == "exp" else output


def _loci(
    store: Store, regions: pd.DataFrame, origin: np.ndarray, logit: np.ndarray, prediction: np.ndarray, sites: Sites
) -> list[list[Any]]:
    """The TOP_PER_CLASS sites of each class by logit; classes take turns, so that a cut leaves the best of each."""
    if not store.has("onehot"):
        return []
    target = store.target
    ranked = [
        rows[np.argsort(-logit[rows], kind="stable")]
        for rows in (np.flatnonzero(target == k) for k in np.unique(target))
    ]
    chosen = [int(rows[i]) for i in range(TOP_PER_CLASS) for rows in ranked if i < len(rows)]
    place = {site: i for i, site in enumerate(sorted(chosen))}  # HDF5 wants increasing indices
    relevance, onehot = store.relevance(sorted(chosen)), store.onehot(sorted(chosen))
    columns = {key: regions[key].to_numpy() for key in ("chrom", "start", "end", "strand", "name", "split")}
    rows = []
    for i in chosen:
        scale, packed = pack(relevance[place[i]])
        rows.append([
            str(columns["chrom"][i])[:80], int(columns["start"][i]), int(columns["end"][i]),
            str(columns["strand"][i]), str(columns["name"][i])[:80], str(store.classes[target[i]]),
            str(columns["split"][i]), round(float(prediction[i]), 5), round(float(logit[i]), 4),
            round(float(sites.sums[i]), 4), round(float(sites.zeros[i]), 4), int(sites.half[i]),
            int(origin[i]), scale, sequence(onehot[place[i]]), packed,
        ])  # fmt: skip
    return rows


def sequence(onehot: np.ndarray) -> str:
    """(4, L) one-hot -> letters; a zero column is N."""
    code = np.where(onehot.any(0), onehot.argmax(0), 4)
    return np.frombuffer(b"ACGTN", dtype="S1")[code].tobytes().decode()


def pack(relevance: np.ndarray) -> tuple[float, str]:
    """(L,) -> (scale, base64 of little-endian int16); value = int * scale. Only exact zeros become zero."""
    largest = float(np.abs(relevance).max()) if relevance.size else 0.0
    if largest == 0:
        return 0.0, base64.b64encode(np.zeros(relevance.size, "<i2").tobytes()).decode()
    scale = largest / FULL_SCALE
    whole = np.rint(relevance / scale)
    whole = np.where((whole == 0) & (relevance != 0), np.sign(relevance), whole)
    return float(f"{scale:.8g}"), base64.b64encode(whole.astype("<i2").tobytes()).decode()
