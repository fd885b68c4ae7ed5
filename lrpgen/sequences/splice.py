"""Splice sites from the blocks of BED12, and decoys: GT and AG dinucleotides that are no annotated site.

A site is a **boundary**: the genome coordinate b such that exon and intron meet between bases b-1 and b. Its window of
width w, read 5'->3' on the site's strand, has the boundary between index w//2 - 1 and index w//2. So a donor's GT
has its G at index w//2, and an acceptor's AG has its G (the last base of the intron) at index w//2 - 1. Decoys are
placed the same way. On '+' the window starts at b - w//2; on '-' it ends at b + w//2.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from ..progress import progress
from .fasta import Genome
from .split import PARTS, PositionSplit

KINDS = ("donor", "acceptor")
DINUCLEOTIDE = {"donor": "GT", "acceptor": "AG"}
CHUNK = 1 << 20  # bases scanned at a time: memory stays flat on any genome
PROGRESS_FROM = 50_000_000  # bp; a shorter scan is over before anybody wonders
A, C, G, T = range(4)
# (kind, strand): the two forward-strand codes to look for, and where the boundary lies from the first of them.
_PATTERNS = {
    ("donor", "+"): (G, T, 0),
    ("donor", "-"): (A, C, 2),
    ("acceptor", "+"): (A, G, 2),
    ("acceptor", "-"): (C, T, 0),
}


def window_start(boundary: Any, strand: Any, width: int) -> np.ndarray:
    """Genome start of the window of each boundary (see the top of this file)."""
    return np.where(strand == "+", boundary - width // 2, boundary + width // 2 - width)


def site_names(frame: pd.DataFrame) -> list[str]:
    """`donor:CONTIG:POSITION:STRAND` (decoys: `decoy-GT:...`, `decoy-AG:...`) for each row.

    POSITION is the 0-based genome position of the G of the GT or AG. `frame`: chrom, boundary, strand, kind, label.
    """
    columns = (frame[name] for name in ("chrom", "boundary", "strand", "kind", "label"))
    return [
        f"{kind if kind == label else f'decoy-{DINUCLEOTIDE[kind]}'}:{chrom}:"
        f"{position_of_g(kind, boundary, strand)}:{strand}"
        for chrom, boundary, strand, kind, label in zip(*columns, strict=True)
    ]


def position_of_g(kind: str, boundary: int, strand: str) -> int:
    # The G follows the boundary in a donor and precedes it in an acceptor, in the strand's own direction.
    return int(boundary) if (kind == "donor") == (strand == "+") else int(boundary) - 1


def annotated_sites(regions: pd.DataFrame, path: Path) -> tuple[pd.DataFrame, int]:
    """Sites (chrom, boundary, strand, kind, contradicting), once each, and the number of introns.

    `regions` as `read_bed(..., blocks=True)` gives them; introns lie between consecutive blocks that do not touch. A
    boundary that is a donor in one region and an acceptor in another is `contradicting`: one sequence, two labels.
    Raises `InputError` naming `path` when no region has an intron.
    """
    introns: dict[tuple[str, int, int, str], None] = {}
    for chrom, strand, blocks in zip(regions["chrom"], regions["strand"], regions["blocks"], strict=True):
        for (_, left), (right, _) in itertools.pairwise(blocks):
            if right > left:
                introns[chrom, left, right, strand] = None
    if not introns:
        raise InputError(
            f"BED {path} has no introns (each region is one block): zero regions left; give spliced regions"
        )
    rows: dict[tuple[str, int, str, str], None] = {}
    for chrom, left, right, strand in introns:
        donor, acceptor = (left, right) if strand == "+" else (right, left)
        rows[chrom, donor, strand, "donor"] = None
        rows[chrom, acceptor, strand, "acceptor"] = None
    sites = pd.DataFrame(list(rows), columns=["chrom", "boundary", "strand", "kind"])
    twice = sites.duplicated(["chrom", "boundary", "strand"], keep=False)
    return sites.assign(contradicting=twice), len(introns)


def noncanonical(kinds: np.ndarray, onehot: np.ndarray) -> dict[str, int]:
    """How many annotated sites of each kind lack GT or AG; `kinds` (N,) and `onehot` (N, 4, L) of their windows."""
    middle = onehot.shape[2] // 2
    columns = {"donor": (middle, (G, T)), "acceptor": (middle - 2, (A, G))}
    found = {}
    for kind, (at, (first, second)) in columns.items():
        rows = onehot[kinds == kind]
        found[kind] = int(((rows[:, first, at] == 0) | (rows[:, second, at + 1] == 0)).sum())
    return found


@dataclass
class _Draw:
    """The `size` candidates with the smallest random keys so far: an even sample without a list of all of them.

    A candidate is (key, contig number, boundary, whether on '-'), one column each.
    """

    size: int
    limit: float = np.inf
    columns: list[tuple[np.ndarray, ...]] = field(default_factory=list)
    waiting: int = 0

    def add(self, keys: np.ndarray, contig: int, boundaries: np.ndarray, minus: bool) -> None:
        near = keys < self.limit
        count = int(near.sum())
        self.columns.append((keys[near], np.full(count, contig), boundaries[near], np.full(count, minus)))
        self.waiting += count
        if self.waiting > max(self.size, CHUNK):
            self.settle()

    def settle(self) -> tuple[np.ndarray, ...]:
        """The sample so far, in the order of its keys."""
        if not self.columns:
            return np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, bool)
        merged = tuple(np.concatenate(column) for column in zip(*self.columns, strict=True))
        order = np.argsort(merged[0], kind="stable")[: self.size]
        kept = tuple(column[order] for column in merged)
        self.columns, self.waiting = [kept], 0
        if len(order) == self.size:
            self.limit = kept[0][-1] if self.size else -np.inf
        return kept


def draw_decoys(
    genome: Genome,
    annotated: pd.DataFrame,
    wanted: dict[tuple[str, str], int],
    width: int,
    split: PositionSplit,
    seed: int,
) -> pd.DataFrame:
    """Decoys (chrom, boundary, strand, kind, split): `wanted[part, kind]` GTs (kind donor) and AGs (kind acceptor).

    Drawn evenly from both strands of the contigs that have `annotated` sites (elsewhere a GT may well be a site nobody
    annotated). No decoy's window is the window of an annotated site of either kind (the AG of an AG|GT donor would be
    one sequence with two labels), nor that of another decoy. Where a part has too few candidates, all are taken.
    """
    # An AG|GT can be drawn as both: spare acceptors take the place of those that go.
    spare = {"donor": 0, "acceptor": 1}
    draws = {(part, kind): _Draw(size + spare[kind] * wanted[part, "donor"]) for (part, kind), size in wanted.items()}
    names = list(genome.contigs)
    number = {name: index for index, name in enumerate(names)}
    random = np.random.default_rng([seed, 0])
    for chrom, kind, strand, boundaries in _candidates(genome, annotated, width):
        start = window_start(boundaries, np.array(strand), width)
        parts = split.parts(start, start + width)
        keys = random.random(len(boundaries))
        for code, part in enumerate(PARTS):
            here = parts == code
            draws[part, kind].add(keys[here], number[chrom], boundaries[here], strand == "-")
    rows = []
    for part in PARTS:
        taken: set[tuple[int, int, bool]] = set()
        for kind in KINDS:
            drawn = zip(*(column.tolist() for column in draws[part, kind].settle()[1:]), strict=True)
            fresh = [row for row in drawn if row not in taken][: wanted[part, kind]]
            taken.update(fresh)
            rows += [(names[chrom], boundary, "-" if minus else "+", kind, part) for chrom, boundary, minus in fresh]
    return pd.DataFrame(rows, columns=["chrom", "boundary", "strand", "kind", "split"])


def _candidates(genome: Genome, annotated: pd.DataFrame, width: int) -> Iterator[tuple[str, str, str, np.ndarray]]:
    """(chrom, kind, strand, boundaries) whose windows are inside the contig and are no annotated site's."""
    known = {key: np.sort(group.to_numpy()) for key, group in annotated.groupby(["chrom", "strand"])["boundary"]}
    contigs = [chrom for chrom in genome.contigs if (chrom, "+") in known or (chrom, "-") in known]
    for chrom, first, codes in _scan(genome, contigs):
        for (kind, strand), (one, two, shift) in _PATTERNS.items():
            boundaries = np.flatnonzero((codes[:-1] == one) & (codes[1:] == two)) + first + shift
            start = window_start(boundaries, np.array(strand), width)
            inside = (start >= 0) & (start + width <= genome.contigs[chrom])
            free = ~np.isin(boundaries, known.get((chrom, strand), np.empty(0, np.int64)))
            yield chrom, kind, strand, boundaries[inside & free]


def _scan(genome: Genome, contigs: Iterable[str]) -> Iterator[tuple[str, int, np.ndarray]]:
    """(contig, start, letters as codes) in chunks that share one base: each dinucleotide is seen once."""
    contigs = list(contigs)
    total = sum(genome.contigs[chrom] for chrom in contigs)
    if total < PROGRESS_FROM:
        yield from _chunks(genome, contigs)
        return
    with progress("looking for decoys", total, "bp") as advance:
        for chrom, start, codes in _chunks(genome, contigs):
            yield chrom, start, codes
            advance(min(CHUNK, genome.contigs[chrom] - start))


def _chunks(genome: Genome, contigs: Iterable[str]) -> Iterator[tuple[str, int, np.ndarray]]:
    for chrom in contigs:
        length = genome.contigs[chrom]
        for start in range(0, length, CHUNK):
            yield chrom, start, genome.codes(chrom, start, min(start + CHUNK + 1, length))
