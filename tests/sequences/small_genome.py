"""A random genome of a few contigs and what goes with it, for tests that build windows from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def letters(random: np.random.Generator, length: int, gc: float = 0.5) -> str:
    shares = [(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]
    return "".join(random.choice(list("ACGT"), length, p=shares))


def mutate(random: np.random.Generator, sequence: str, share: float) -> str:
    """Each chosen base becomes one of the three others."""
    found = list(sequence)
    for at in np.flatnonzero(random.random(len(found)) < share):
        found[at] = random.choice([base for base in "ACGT" if base != found[at]])
    return "".join(found)


def write_fasta(path: Path, records: dict[str, str]) -> Path:
    path.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in records.items()))
    return path


def write_bed(path: Path, rows: list[tuple]) -> Path:
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path


def four_contigs(folder: Path, length: int = 8000) -> tuple[Path, Path, dict[str, str]]:
    """FASTA and BED (regions r0, r1 ... of 50 bp, every 200 bp) of contigs c1 to c4, and the sequences."""
    random = np.random.default_rng(8)
    records = {f"c{number}": letters(random, length) for number in range(1, 5)}
    places = [(name, at, at + 50) for name in records for at in range(100, length - 100, 200)]
    rows = [(*place, f"r{number}", 0, "+-"[number % 2]) for number, place in enumerate(places)]
    return write_fasta(folder / "g.fa", records), write_bed(folder / "r.bed", rows), records
