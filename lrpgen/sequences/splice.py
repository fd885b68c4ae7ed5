"""Splice sites from the blocks of BED12, and decoys: GT and AG dinucleotides that are no annotated site.

A site is a **boundary**: the genome coordinate b such that exon and intron meet between bases b-1 and b. Its window,
read 5'->3' on the site's strand, has n bases before the boundary: half its width (rounded down), or, for a model that
wants it elsewhere, so many bases of exon and intron (`Frame`). So a donor's GT has its G at index n, and an acceptor's
AG has its G (the last base of the intron) at index n - 1. Decoys are placed the same way. On '+' the window starts at
b - n; on '-' it ends at b + n.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from ..progress import progress
from .draw import EvenDraw
from .fasta import Genome
from .splits import PlaceSplit
from .spool import Spool

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


# What a window's name begins with -> the kind of its site; decoys are placed like the sites they stand in for.
KIND = {"donor": "donor", "acceptor": "acceptor", "decoy-GT": "donor", "decoy-AG": "acceptor"}


@dataclass(frozen=True)
class Frame:
    """Where the boundary lies in a window: `before` bases precede it, for each kind of site."""

    width: int
    before: dict[str, int]

    @classmethod
    def centred(cls, width: int) -> Frame:
        return cls(width, dict.fromkeys(KINDS, width // 2))

    @classmethod
    def of(cls, exon: int, intron: int) -> Frame:
        return cls(exon + intron, {"donor": exon, "acceptor": intron})

    def start(self, kind: str, boundary: np.ndarray, minus: np.ndarray | bool) -> np.ndarray:
        """Genome start of the window of each boundary (see the top of this file)."""
        before = self.before[kind]
        return np.where(minus, boundary + before - self.width, boundary - before)


def frame_of(source: str, summary: dict[str, Any], width: int) -> Frame | None:
    """The frame of splice-site windows, from the summary of `lrpgen windows`; None for other windows."""
    if source != "splice-sites":
        return None
    frame = summary.get("frame")
    return Frame.of(frame["exon"], frame["intron"]) if frame else Frame.centred(width)


def origins(names: np.ndarray, frame: Frame | None) -> np.ndarray:
    """int64 (N,): index of base +1 in each window; -1 where no boundary is known. names (N,)."""
    if frame is None:
        return np.full(len(names), -1)
    kinds = [KIND.get(str(name).split(":", 1)[0]) for name in names]
    return np.array([-1 if kind is None else frame.before[kind] for kind in kinds], dtype=np.int64)


def site_names(frame: pd.DataFrame, contigs: np.ndarray, decoy: int) -> list[str]:
    """`donor:CONTIG:POSITION:STRAND` (decoys: `decoy-GT:...`, `decoy-AG:...`) for each row.

    POSITION is the 0-based genome position of the G of the GT or AG. `frame`: contig (index into `contigs`), boundary,
    minus, kind (index into KINDS), label (`decoy` for decoys).
    """
    found = []
    columns = (frame[name].tolist() for name in ("kind", "contig", "boundary", "minus", "label"))
    for number, contig, boundary, minus, label in zip(*columns, strict=True):
        kind, strand = KINDS[number], "-" if minus else "+"
        head = f"decoy-{DINUCLEOTIDE[kind]}" if label == decoy else kind
        found.append(f"{head}:{contigs[contig]}:{position_of_g(kind, boundary, strand)}:{strand}")
    return found


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


def noncanonical(kinds: np.ndarray, rows: np.ndarray, spool: Spool, frame: Frame) -> dict[str, int]:
    """How many annotated sites of each kind lack GT or AG; `kinds` (n,) of the windows `rows` (n,) of the spool."""
    found: dict[str, int] = dict.fromkeys(KINDS, 0)
    for block, codes in spool.blocks(rows):
        mine = kinds[np.searchsorted(rows, block)]
        for number, (kind, shift, pair) in enumerate((("donor", 0, (G, T)), ("acceptor", -2, (A, G)))):
            at = frame.before[kind] + shift
            found[kind] += int((codes[mine == number, at : at + 2] != pair).any(axis=1).sum())
    return found


def draw_decoys(
    genome: Genome,
    annotated: pd.DataFrame,
    wanted: dict[tuple[int, str], int],
    frame: Frame,
    split: PlaceSplit,
    seed: int,
) -> pd.DataFrame:
    """Decoys (contig, boundary, minus, kind, part): `wanted[part, kind]` GTs (kind donor) and AGs (kind acceptor).

    Drawn evenly from both strands of the contigs that have `annotated` sites (elsewhere a GT may well be a site nobody
    annotated). No decoy's window is the window of an annotated site of either kind (the AG of an AG|GT donor would be
    one sequence with two labels), nor that of another decoy. Where a part has too few candidates, all are taken.
    """
    # An AG|GT can be drawn as both: spare acceptors take the place of those that go.
    draws = {
        (part, kind): EvenDraw(size + (wanted.get((part, "donor"), 0) if kind == "acceptor" else 0))
        for (part, kind), size in wanted.items()
    }
    parts = sorted({part for part, _ in wanted})
    random = np.random.default_rng([seed, 0])
    for contig, kind, minus, boundaries in _candidates(genome, annotated, frame, {kind for _, kind in wanted}):
        start = frame.start(kind, boundaries, minus)
        where = np.full(len(start), contig)
        found = split.parts(where, start, start + frame.width)
        keys = random.random(len(boundaries))
        for part in parts:
            here = found == part
            draws[part, kind].add(keys[here], where[here], boundaries[here], np.full(int(here.sum()), minus))
    tables = [pd.DataFrame({"contig": [], "boundary": [], "minus": [], "kind": [], "part": []})]
    for part in parts:
        tables += _taken({kind: draws[part, kind] for kind in KINDS if (part, kind) in draws}, wanted, part)
    types = {"contig": np.int32, "boundary": np.int64, "minus": bool, "kind": np.int8, "part": np.int8}
    return pd.concat(tables, ignore_index=True).astype(types)


def _taken(draws: dict[str, EvenDraw], wanted: dict[tuple[int, str], int], part: int) -> Iterator[pd.DataFrame]:
    """The decoys of a part, kind by kind, each place once."""
    seen = np.empty(0, dtype=np.int64)
    for kind, draw in draws.items():
        if not (drawn := draw.settle()):
            continue
        contig, boundary, minus = drawn
        place = (contig.astype(np.int64) << 41) | (boundary << 1) | minus
        fresh = np.flatnonzero(~np.isin(place, seen))[: wanted[part, kind]]
        seen = np.concatenate([seen, place[fresh]])
        columns = {"contig": contig[fresh], "boundary": boundary[fresh], "minus": minus[fresh]}
        yield pd.DataFrame(columns).assign(kind=KINDS.index(kind), part=part)


def _candidates(
    genome: Genome, annotated: pd.DataFrame, frame: Frame, kinds: set[str]
) -> Iterator[tuple[int, str, bool, np.ndarray]]:
    """(contig, kind, whether on '-', boundaries) whose windows are inside the contig and are no annotated site's."""
    known = {key: np.sort(group.to_numpy()) for key, group in annotated.groupby(["chrom", "strand"])["boundary"]}
    contigs = [chrom for chrom in genome.contigs if (chrom, "+") in known or (chrom, "-") in known]
    number = {name: index for index, name in enumerate(genome.contigs)}
    for chrom, first, codes in _scan(genome, contigs):
        for (kind, strand), (one, two, shift) in _PATTERNS.items():
            if kind not in kinds:
                continue
            boundaries = np.flatnonzero((codes[:-1] == one) & (codes[1:] == two)) + first + shift
            start = frame.start(kind, boundaries, strand == "-")
            fits = (start >= 0) & (start + frame.width <= genome.contigs[chrom])
            free = ~np.isin(boundaries, known.get((chrom, strand), np.empty(0, np.int64)))
            yield number[chrom], kind, strand == "-", boundaries[fits & free]


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
