"""A small genome with motifs planted at known places on both strands, and the relevance store that fits it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lrpgen.motifs.frames import Frame
from lrpgen.motifs.patterns import Pattern, Reads
from lrpgen.relevance import store

WIDTH = 400  # wide enough that 95 % of the bases can be zero with both motifs whole
POSITIVE, NEGATIVE = "GATTACAGCC", "CCTTGGAGTT"  # neither looks like its own or the other's reverse complement
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def reverse_complement(sequence: str) -> str:
    return sequence.translate(COMPLEMENT)[::-1]


@dataclass
class Planted:
    """genome: contig -> sequence; places: motif -> {(contig, start, end, strand)}; and what a store holds."""

    genome: dict[str, str]
    regions: pd.DataFrame
    onehot: np.ndarray
    relevance: np.ndarray
    multipliers: np.ndarray
    places: dict[str, set[tuple[str, int, int, str]]] = field(default_factory=dict)

    def fetch(self, chrom: str, start: int, end: int, strand: str) -> str:
        sequence = self.genome[chrom][start:end]
        return reverse_complement(sequence) if strand == "-" else sequence


def encode(sequence: str) -> np.ndarray:
    return (np.array(list(sequence)) == np.array(list("ACGT"))[:, None]).astype(np.int8)


def plant(windows: int, zeros: float, seed: int = 0) -> Planted:
    """`windows` windows on two contigs and both strands; each holds POSITIVE once, two of three also NEGATIVE.

    A motif lies on either strand of its window. Its bases have relevance of about 1 or -1; of the other bases
    only so many keep their noise that a share of `zeros` is exactly zero.
    """
    random = np.random.default_rng(seed)
    length = (windows // 2 + 1) * WIDTH + 7
    contigs = {name: list(random.choice(list("ACGT"), size=length)) for name in ("chrA", "chrB")}
    relevance = random.normal(0, 0.02, (windows, WIDTH))
    signal = np.zeros((windows, WIDTH), dtype=bool)
    places: dict[str, set[tuple[str, int, int, str]]] = {POSITIVE: set(), NEGATIVE: set()}
    rows = []
    for i in range(windows):
        chrom, first = ("chrA", "chrB")[i % 2], (i // 2) * WIDTH + 7
        strand = "+-"[random.integers(2)]
        rows.append((chrom, first, first + WIDTH, f"w{i}", 0.0, strand, "site", "test"))
        for motif, sign, low, kept in ((POSITIVE, 1, 8, True), (NEGATIVE, -1, 208, i % 3 < 2)):
            if not kept:
                continue
            start = first + low + int(random.integers(150))
            direction = "+-"[random.integers(2)]
            contigs[chrom][start : start + 10] = motif if direction == "+" else reverse_complement(motif)
            places[motif].add((chrom, start, start + 10, direction))
            at = start - first if strand == "+" else first + WIDTH - start - 10
            relevance[i, at : at + 10] = sign * (1 + random.normal(0, 0.05, 10))
            signal[i, at : at + 10] = True
    quiet = np.where(signal, np.inf, np.abs(relevance))
    relevance[quiet <= np.sort(quiet, axis=None)[round(zeros * quiet.size) - 1]] = 0
    genome = {name: "".join(bases) for name, bases in contigs.items()}
    regions = pd.DataFrame(rows, columns=list(store.REGION_COLUMNS))
    sequences = [
        genome[c][s:e] if strand == "+" else reverse_complement(genome[c][s:e])
        for c, s, e, strand in zip(regions["chrom"], regions["start"], regions["end"], regions["strand"], strict=True)
    ]
    onehot = np.stack([encode(sequence) for sequence in sequences])
    multipliers = np.where(onehot == 1, relevance[:, None], -0.2 * relevance[:, None])
    return Planted(genome, regions, onehot, relevance, multipliers, places)


def write(path: Path, data: Planted, *, multipliers: bool = True, target: int = 1, **attrs: Any) -> Path:
    """A store with classes other, site and none; every window explains class `target`."""
    n = len(data.regions)
    attrs = {
        "classes": ["other", "site", "none"],
        "width": WIDTH,
        "model_sha256": "m",
        "method": {},
        "source": {},
        **attrs,
    }
    with store.create(path, attrs) as writer:
        writer.append(
            store.Batch(
                regions=data.regions,
                relevance=data.relevance,
                output=np.zeros((n, 3)),
                target=np.full(n, target),
                ledger={column: np.zeros((n, 1)) for column in store.LEDGER_COLUMNS},
                onehot=data.onehot,
                multipliers=data.multipliers if multipliers else None,
            )
        )
        writer.layers({column: ["conv"] for column in store.LEDGER_NAMES})
    return path


def read_bed(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text().splitlines()]


def pattern_of(name: str, sign: str, pfm: np.ndarray, cwm: np.ndarray, hypothetical: np.ndarray) -> Pattern:
    """A pattern whose reads add up to these (4, W) matrices; every second place reads along the other strand."""
    sites, width = int(pfm[:, 0].sum()), pfm.shape[1]
    letters = np.stack([np.repeat(np.arange(4), column) for column in np.asarray(pfm, dtype=int).T], axis=1)
    onehot = (letters[:, None] == np.arange(4)[:, None]).astype(np.int8)
    places = Frame(np.arange(sites), np.full(sites, 5), np.arange(sites) % 2 == 1, width)
    return Pattern(name, sign, places, Reads(onehot, np.tile(cwm, (sites, 1, 1)), np.tile(hypothetical, (sites, 1, 1))))
