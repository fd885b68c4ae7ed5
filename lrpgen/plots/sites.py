"""Relevance of many windows of a class, cut around one place in each: the middle, or where exon and intron meet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..errors import InputError
from ..relevance.store import Store, open_store
from ..sequences.splice import KINDS

ALIGNED = ("middle", "boundary")
ORDERS = ("output", "cluster", "position")
STREAM = 11  # of the seed: which windows are drawn
BLOCK = 1 << 22  # bases read at a time
SITE = re.compile(rf"(?P<kind>{'|'.join(KINDS)}):.+:(?P<at>[0-9]{{1,15}}):(?P<strand>[+-])")


class Sites(NamedTuple):
    """values (n, W) 5'->3', column `origin` is the base right of the aligned place. output (n,) of the class.

    found : windows of the class, of which n are here.
    """

    values: np.ndarray
    output: np.ndarray
    origin: int
    found: int


def read_sites(
    path: Path,
    target: str,
    *,
    align: str = "middle",
    flank: int = 50,
    most: int = 2000,
    sort: str = "output",
    seed: int = 1,
) -> Sites:
    """At most `most` windows, drawn by the seed, in order: by output (highest first), by cluster, by position.

    flank : bases either side, as far as every window has them. Raises `InputError` for unknown words, an unknown class,
    one without windows, and windows whose names say no boundary.
    """
    for word, known, what in ((align, ALIGNED, "alignment"), (sort, ORDERS, "order")):
        if word not in known:
            raise InputError(f"there is no {what} {word!r}; choose one of {', '.join(known)}")
    with open_store(path) as store:
        rows = store.explained(target)
        found = len(rows)
        if found > most:
            rows = np.sort(np.random.default_rng([seed, STREAM]).choice(rows, most, replace=False))
        regions = store.regions_slice(rows)
        at = _places(store, regions, align)
        left, right = min(flank, int(at.min())), min(flank, int((store.width - at).min()))
        values = _cut(store, rows, at - left, left + right)
        output = store.output(rows)[:, store.classes.index(target)]
    order = _order(sort, values, output, regions)
    return Sites(values[order], output[order], left, found)


def _places(store: Store, regions: pd.DataFrame, align: str) -> np.ndarray:
    """(n,) index of the base right of the place that windows are aligned on."""
    if align == "middle":
        return np.full(len(regions), store.width // 2)
    at = boundaries(regions)
    if (missing := (at < 0) | (at > store.width)).any():
        name = regions["name"].to_numpy()[np.argmax(missing)]
        raise InputError(
            f"{store.path}: {int(missing.sum()):,} of {len(at):,} windows, such as {name!r}, are no splice sites by name; "
            "align on the middle"
        )
    return at


def boundaries(regions: pd.DataFrame) -> np.ndarray:
    """int64 (n,): index in the window of the base after the splice boundary; -1 where the name is none of a site.

    `lrpgen windows` names a site KIND:CONTIG:POSITION:STRAND, POSITION being the G of its GT or AG: the first base of the
    intron of a donor, the last one of an acceptor.
    """
    found = []
    for name, start, end in zip(regions["name"], regions["start"], regions["end"], strict=True):
        site = SITE.fullmatch(str(name))
        if site is None:
            found.append(-1)
            continue
        of_g = int(site["at"]) - start if site["strand"] == "+" else end - 1 - int(site["at"])
        found.append(of_g if site["kind"] == "donor" else of_g + 1)
    return np.array(found, dtype=np.int64)


def _cut(store: Store, rows: np.ndarray, start: np.ndarray, width: int) -> np.ndarray:
    """float32 (n, width): of each row the columns from its own start on."""
    values = np.empty((len(rows), width), np.float32)
    done = 0
    for part in store.blocks(rows, BLOCK):
        mine = slice(done, done + len(part))
        values[mine] = np.take_along_axis(store.relevance(part), start[mine, None] + np.arange(width), axis=1)
        done += len(part)
    return values


def _order(sort: str, values: np.ndarray, output: np.ndarray, regions: pd.DataFrame) -> np.ndarray:
    if sort == "output":
        return np.argsort(-output, kind="stable")
    if sort == "position":
        return np.lexsort([regions["start"].to_numpy(), regions["chrom"].to_numpy().astype(str)])
    return clustered(values)


def clustered(values: np.ndarray) -> np.ndarray:
    """Order of rows (n, W) in which alike ones are neighbours: leaves of Ward's tree, each row scaled to a largest
    |relevance| of 1. Ours."""
    from scipy.cluster.hierarchy import leaves_list, linkage

    if len(values) < 3:
        return np.arange(len(values))
    scaled = values / np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-30)
    return leaves_list(linkage(scaled, "ward"))
