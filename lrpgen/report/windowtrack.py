"""Relevance of explained windows laid along the genome, for the genome browser: a bigWig for each class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..bigwig import writing_bigwig
from ..relevance.store import Store
from ..relevance.tracks import FLUSH, Pile, centre_weights, runs

BASES = 800_000  # of windows in one track; a bigWig has up to 8 bytes for each


def strongest_windows(store: Store, target: str, contigs: dict[str, int]) -> np.ndarray:
    """Rows (n,), ascending, on `contigs` that explain `target`; of more than BASES bases those with the highest output."""
    rows = store.explained(target)
    rows = rows[np.isin(store.column("chrom", rows), list(contigs))]
    scores = store.output(rows)[:, store.classes.index(target)]
    return np.sort(rows[np.argsort(-scores, kind="stable")][: max(1, BASES // store.width)])


def write_window_track(store: Store, rows: np.ndarray, contigs: dict[str, int], path: Path) -> None:
    """Write the relevance of `rows` (n > 0) to `path`. `contigs`: name to length in bp.

    Where windows overlap: the centre-weighted mean, as in genome tracks (`relevance.tracks`).
    """
    with writing_bigwig(path, contigs) as file:
        for chrom, start, values in _pieces(store, rows, contigs):
            file.add(chrom, *runs(values, start))


def stretches(store: Store, rows: np.ndarray) -> dict[str, list[tuple[int, int]]]:
    """By contig: the bases of `rows` as intervals that do not touch, in order."""
    found: dict[str, list[tuple[int, int]]] = {}
    columns = (store.column(name, rows).tolist() for name in ("chrom", "start", "end"))
    for chrom, start, end in sorted(zip(*columns, strict=True)):
        there = found.setdefault(chrom, [])
        if there and start <= there[-1][1]:
            start, end = there[-1][0], max(end, there.pop()[1])
        there.append((start, end))
    return found


def _pieces(store: Store, rows: np.ndarray, contigs: dict[str, int]) -> Iterator[tuple[str, int, np.ndarray]]:
    """(contig, start, mean relevance with NaN where there is none), each base once, in the order of `contigs`."""
    chroms, starts, strands = (store.column(name, rows) for name in ("chrom", "start", "strand"))
    relevance, weights = store.relevance(rows), centre_weights(store.width)
    for chrom, length in contigs.items():
        there = np.flatnonzero(chroms == chrom)
        pile = Pile()
        for i in there[np.argsort(starts[there], kind="stable")]:
            start = int(starts[i])
            if start - pile.start >= FLUSH:  # before the window is added: a gap then takes no memory
                yield chrom, pile.start, pile.flush(start)["relevance"]
            pile.add(start, relevance[i, ::-1] if strands[i] == "-" else relevance[i], weights)
        yield chrom, pile.start, pile.flush(length)["relevance"]
