"""Relevance of explained windows laid along the genome, for the genome browser: a bigWig of one class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..bigwig import writing_bigwig
from ..relevance.store import Store
from ..relevance.tracks import FLUSH, Pile, centre_weights, runs

BASES = 800_000  # of windows in one track; a bigWig has up to 8 bytes for each


def write_window_track(store: Store, target: str, contigs: dict[str, int], path: Path) -> int:
    """Write the relevance of the windows that explain `target` to `path`; returns their number, 0 = nothing written.

    Where windows overlap: the centre-weighted mean, as in genome tracks (`relevance.tracks`). `contigs` (name to length
    in bp): others are left out. Of more than BASES bases of windows those with the highest output are kept.
    """
    rows = store.explained(target)
    rows = rows[np.isin(store.column("chrom", rows), list(contigs))]
    scores = store.output(rows)[:, store.classes.index(target)]
    rows = np.sort(rows[np.argsort(-scores, kind="stable")][: max(1, BASES // store.width)])
    if not len(rows):
        return 0
    with writing_bigwig(path, contigs) as file:
        for chrom, start, values in _pieces(store, rows, contigs):
            file.add(chrom, *runs(values, start))
    return len(rows)


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
