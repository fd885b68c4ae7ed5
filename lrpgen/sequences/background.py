"""Negatives from the genome itself: stretches without a region, whose GC content is that of the regions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..errors import InputError
from .draw import EvenDraw
from .fasta import Genome
from .onehot import UNKNOWN
from .splits import PlaceSplit
from .spool import Spool

GC_BINS = 50  # of 2 % each
FARTHEST = 2  # bins from its own in which a region may find its negative
SPAN = 1 << 20  # bases scanned at a time
C, G = 1, 2


def gc_bins(spool: Spool) -> np.ndarray:
    """int16 (N,): the bin of each window's share of G and C among its known bases."""
    found = np.empty(len(spool), dtype=np.int16)
    for rows, codes in spool.blocks(np.arange(len(spool))):
        found[rows] = _bins(codes)
    return found


def _bins(codes: np.ndarray) -> np.ndarray:
    gc, known = ((codes == C) | (codes == G)).sum(axis=1), (codes != UNKNOWN).sum(axis=1)
    return np.minimum(gc * GC_BINS // np.maximum(known, 1), GC_BINS - 1).astype(np.int16)


def matched_loci(
    genome: Genome,
    positives: pd.DataFrame,
    bins: np.ndarray,
    taken: pd.DataFrame,
    split: PlaceSplit,
    per_positive: int,
    width: int,
    seed: int,
) -> pd.DataFrame:
    """Loci (contig, start, end, minus, part) of `width` bp, `per_positive` for each positive of its part and GC bin.

    Drawn evenly from tiles (a grid that begins at a random base of each contig) of the contigs that hold positives. No
    locus overlaps a region of `taken` (contig, start, end) or holds an N; a strand is drawn as often as positives lie
    on it. Where a bin has too few tiles, those left over in bins up to 4 % away serve, the nearest first; a part may
    still end with fewer loci than wanted. Raises `InputError` when there is none at all.
    """
    part = positives["part"].to_numpy()
    wanted = {
        int(one): per_positive * np.bincount(bins[part == one], minlength=GC_BINS).astype(np.int64)
        for one in np.unique(part)
    }
    draws = {
        (one, number): EvenDraw(_room(counts, number)) for one, counts in wanted.items() for number in range(GC_BINS)
    }
    random = np.random.default_rng([seed, 3])
    for contig, start, found in _tiles(genome, positives, taken, width, random):
        keys, where = random.random(len(start)), split.parts(contig, start, start + width)
        for one in wanted:
            for number in np.unique(found[where == one]):
                here = (where == one) & (found == number)
                draws[one, int(number)].add(keys[here], contig[here], start[here])
    tables = [_chosen(draws, counts, one) for one, counts in wanted.items()]
    table = pd.concat(tables, ignore_index=True)
    if table.empty:
        raise InputError(
            "no locus outside the regions matches their GC content, so there are no negatives; "
            "use --negatives-from shuffle or file, or a smaller --width"
        )
    minus = random.random(len(table)) < positives["minus"].to_numpy().mean()
    return table.assign(end=table["start"] + width, minus=minus)


def _room(counts: np.ndarray, number: int) -> int:
    """Loci worth keeping in a bin: its own, and those that bins nearby may come to lack."""
    return int(counts[max(0, number - FARTHEST) : number + FARTHEST + 1].sum())


def _chosen(draws: dict[tuple[int, int], EvenDraw], counts: np.ndarray, part: int) -> pd.DataFrame:
    left = {
        number: draws[part, number].settle() or (np.empty(0, np.int32), np.empty(0, np.int64))
        for number in range(GC_BINS)
    }
    missing, taken = counts.copy(), []
    for distance in range(FARTHEST + 1):
        for number in np.flatnonzero(missing):
            for near in dict.fromkeys((int(number) - distance, int(number) + distance)):
                if near in left and missing[number]:
                    contig, start = left[near]
                    size = int(missing[number])
                    taken.append((contig[:size], start[:size]))
                    left[near] = (contig[size:], start[size:])
                    missing[number] -= len(start[:size])
    contig, start = (np.concatenate(column) for column in zip(*taken, strict=True)) if taken else left[0]
    return pd.DataFrame({"contig": contig, "start": start, "part": np.full(len(start), part, np.int8)})


def _tiles(
    genome: Genome, positives: pd.DataFrame, taken: pd.DataFrame, width: int, random: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(contig, start, GC bin) of tiles without N and without a region, a span at a time."""
    names = list(genome.contigs)
    for contig in np.unique(positives["contig"]).tolist():
        length, offset = genome.contigs[names[contig]], int(random.integers(width))
        begin, reach = _occupied(taken, contig)
        count = max(1, SPAN // width)
        for first in range(offset, length - width + 1, count * width):
            start = np.arange(first, min(first + count * width, length - width + 1), width)
            codes = genome.codes(names[contig], first, int(start[-1]) + width).reshape(len(start), width)
            # The last region that begins before the tile's end reaches (with those before it) into the tile, or not.
            before = np.searchsorted(begin, start + width, side="left")
            free = (reach[before] <= start) & (codes != UNKNOWN).all(axis=1)
            yield np.full(int(free.sum()), contig, np.int32), start[free], _bins(codes[free])


def _occupied(taken: pd.DataFrame, contig: int) -> tuple[np.ndarray, np.ndarray]:
    """Starts of a contig's regions, ascending, and how far the first i of them reach, for i from 0."""
    mine = (taken["contig"] == contig).to_numpy()
    start, end = (taken[name].to_numpy()[mine] for name in ("start", "end"))
    order = np.argsort(start)
    return start[order], np.concatenate([[0], np.maximum.accumulate(end[order])])
