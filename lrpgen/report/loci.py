"""The relevance store for the page: mean logos, zero shares, the ledger's means and the top loci, packed small."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..relevance.store import Store, open_store
from .ledger import Ledger, summarise

TOP_PER_CLASS = 200
BLOCK = 2048  # sites read at a time: memory follows this, not the store
FULL_SCALE = 32767  # relevance travels as int16 with one scale per locus


@dataclass(frozen=True)
class ClassRelevance:
    """All explained sites of one class. `mean` (4, L): mean relevance per base letter and position.

    `half`: median number of bases that hold half of a site's absolute relevance, over the test sites if there are any.
    """

    name: str
    sites: int
    by_split: dict[str, int]
    mean: np.ndarray | None
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


LOCUS_FIELDS = (
    "chrom", "start", "end", "strand", "name", "class", "split", "probability", "logit",
    "sum", "zeros", "half", "scale", "sequence", "relevance",
)  # fmt: skip


def read_explained(path: Path) -> Explained | None:
    """Read the store at `path`; None when there is none or it holds no site."""
    if not path.exists():
        return None
    with open_store(path) as store:
        return _read(store) if len(store) else None


def _read(store: Store) -> Explained:
    regions, target = store.regions, store.target
    sites, letters = _scan(store, target)
    output = store.output()
    logit = output[np.arange(len(target)), target]
    test = (regions["split"] == "test").to_numpy()
    classes = [
        _one_class(str(store.classes[k]), target == k, regions, sites, logit, letters.get(int(k)))
        for k in np.unique(target)
    ]
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
        loci=_loci(store, regions, target, logit, softmax(output), sites),
    )


def _scan(store: Store, target: np.ndarray) -> tuple[Sites, dict[int, np.ndarray]]:
    """Numbers of every site, and per class the summed relevance of each letter (4, L)."""
    sites = Sites(*(np.zeros(len(target)) for _ in range(3)))
    letters: dict[int, np.ndarray] = {}
    for start in range(0, len(target), BLOCK):
        rows = slice(start, start + BLOCK)
        relevance = store.relevance(rows).astype(np.float64)
        sites.sums[rows], sites.zeros[rows], sites.half[rows] = (
            relevance.sum(1),
            (relevance == 0).mean(1),
            half(relevance),
        )
        if not store.has("onehot"):
            continue
        onehot = store.onehot(rows)
        for k in np.unique(target[rows]):
            of_class = target[rows] == k
            total = np.einsum("ncl,nl->cl", onehot[of_class].astype(np.float64), relevance[of_class])
            letters[int(k)] = letters.get(int(k), 0) + total
    return sites, letters


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
    letters: np.ndarray | None,
) -> ClassRelevance:
    split = regions["split"].to_numpy()[rows]
    test = split == "test"
    return ClassRelevance(
        name=name,
        sites=int(rows.sum()),
        by_split={s: int((split == s).sum()) for s in ("train", "validation", "test")},
        mean=None if letters is None else letters / rows.sum(),
        zero_share=float(sites.zeros[rows].mean()),
        zero_share_test=float(sites.zeros[rows][test].mean()) if test.any() else None,
        half=float(np.median(sites.half[rows][test] if test.any() else sites.half[rows])),
        mean_sum=float(sites.sums[rows].mean()),
        mean_logit=float(logit[rows].mean()),
    )


def softmax(output: np.ndarray) -> np.ndarray:
    """(N, K) logits -> probabilities."""
    powers = np.exp(output - output.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def _loci(
    store: Store,
    regions: pd.DataFrame,
    target: np.ndarray,
    logit: np.ndarray,
    probability: np.ndarray,
    sites: Sites,
) -> list[list[Any]]:
    """The TOP_PER_CLASS sites of each class by logit; classes take turns, so that a cut leaves the best of each."""
    if not store.has("onehot"):
        return []
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
            str(columns["split"][i]), round(float(probability[i, target[i]]), 5), round(float(logit[i]), 4),
            round(float(sites.sums[i]), 4), round(float(sites.zeros[i]), 4), int(sites.half[i]),
            scale, sequence(onehot[place[i]]), packed,
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
