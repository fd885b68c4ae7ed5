"""The relevance store for the pages: mean logos, zero shares, the ledger's means and the top loci, packed small."""

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

MOST_LOCI = 20_000  # rows of the table
MOST_BYTES = 24_000_000  # of letters and packed relevance in the files beside the page
BLOCK = 2048  # sites read at a time: memory follows this, not the store
NAME = 80  # characters of a name that travel
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
    bases: list[list[Any]]  # of each locus: sequence, scale, relevance (see `pack`)
    sites_by_name: pd.DataFrame  # start, end, strand, origin (index of base +1, or the middle) and logit of every site


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
    "sum", "zeros", "half", "origin",
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
    origin = np.where(start < 0, store.width // 2, start)
    chosen = best(target, logit, min(MOST_LOCI, MOST_BYTES // (4 * store.width))) if store.has("onehot") else []
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
        loci=_loci(store, regions.iloc[chosen], origin[chosen], logit[chosen], prediction[chosen], sites, chosen),
        bases=_bases(store, chosen),
        sites_by_name=regions[["start", "end", "strand"]]
        .assign(origin=origin, logit=logit, target=[str(store.classes[k]) for k in target])
        .set_index(regions["name"].astype(str)),
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


def best(target: np.ndarray, logit: np.ndarray, most: int) -> list[int]:
    """At most `most` sites, the highest logits of each class; classes take turns, so that a cut leaves the best of each."""
    ranked = [
        rows[np.argsort(-logit[rows], kind="stable")]
        for rows in (np.flatnonzero(target == k) for k in np.unique(target))
    ]
    turn = np.concatenate([np.arange(len(rows)) for rows in ranked])
    return np.concatenate(ranked)[np.argsort(turn, kind="stable")][:most].tolist()


def _loci(
    store: Store,
    regions: pd.DataFrame,
    origin: np.ndarray,
    logit: np.ndarray,
    prediction: np.ndarray,
    sites: Sites,
    chosen: list[int],
) -> list[list[Any]]:
    """A row of LOCUS_FIELDS for each chosen site; all arguments but the last two are theirs alone."""
    target = store.target[chosen]
    columns = (regions[key].to_numpy() for key in ("chrom", "start", "end", "strand", "name", "split"))
    return [
        [
            str(chrom)[:NAME], int(start), int(end), str(strand), str(name)[:NAME], str(store.classes[target[i]]),
            str(split), round(float(prediction[i]), 5), round(float(logit[i]), 4), round(float(sites.sums[site]), 4),
            round(float(sites.zeros[site]), 4), int(sites.half[site]), int(origin[i]),
        ]
        for i, (site, chrom, start, end, strand, name, split) in enumerate(zip(chosen, *columns, strict=True))
    ]  # fmt: skip


def _bases(store: Store, chosen: list[int]) -> list[list[Any]]:
    """[sequence, scale, relevance] of each chosen site."""
    found = []
    for start in range(0, len(chosen), BLOCK):
        rows = np.array(chosen[start : start + BLOCK])
        onehot, relevance = store.onehot(rows), store.relevance(rows)
        found += [[sequence(letters), *pack(values)] for letters, values in zip(onehot, relevance, strict=True)]
    return found


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
