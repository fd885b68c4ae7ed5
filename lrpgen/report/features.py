"""Features of the genome browser, from BED files and predictions: each with a score that it can be ranked by."""

from __future__ import annotations

import csv
import heapq
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError
from ..sequences.bed import read_bed

# What is behind BED6 in the files of `lrpgen hits` and `lrpgen motifs`.
HIT = ("relevance", "similarity", "strength", "log-odds", "q", "sign", "window")
SEQLET = ("relevance", "p", "sign", "window", "q")


@dataclass(frozen=True)
class Feature:
    """[start, end) on `chrom`, 0-based; `score` 0 to 1000, None where there is none; `more` is shown when clicked."""

    chrom: str
    start: int
    end: int
    name: str
    score: float | None
    strand: str
    more: str = ""
    blocks: list[tuple[int, int]] = field(default_factory=list)


def strongest(rows: Iterable[Feature], most: int, contigs: Container[str]) -> tuple[list[Feature], int]:
    """The `most` rows on `contigs` with the highest score, in the order of the genome; and how many rows there were.

    Memory follows `most`, not the number of rows.
    """
    total = 0

    def counted() -> Iterator[Feature]:
        nonlocal total
        for row in rows:
            if row.chrom in contigs:
                total += 1
                yield row

    kept = heapq.nlargest(most, counted(), key=lambda f: f.score or 0)
    return sorted(kept, key=lambda f: (f.chrom, f.start, f.end)), total


def hits(path: Path) -> Iterator[Feature]:
    return _scored(path, HIT, "hits")


def seqlets(path: Path) -> Iterator[Feature]:
    return _scored(path, SEQLET, "motifs")


def annotation(path: Path, spliced: bool) -> Iterator[Feature]:
    """The regions the windows came from; with `spliced` a BED12 whose blocks are exons."""
    table = read_bed(path, blocks=spliced)
    blocks = table["blocks"] if spliced else [[]] * len(table)
    columns = (table[name].tolist() for name in ("chrom", "start", "end", "name", "strand"))
    for chrom, start, end, name, strand, parts in zip(*columns, blocks, strict=True):
        yield Feature(chrom, start, end, "" if name == "." else name, None, strand, blocks=list(parts))


def predictions(path: Path, target: str) -> Iterator[Feature]:
    """Windows by their prediction for `target`; none where it has no column. The score is 1000 times a probability."""
    with open(path, encoding="utf-8", newline="") as handle:
        table = csv.DictReader(handle, delimiter="\t")
        if target not in (table.fieldnames or ()):
            return
        for row in table:
            try:
                yield _window(row, float(row[target]))
            except (KeyError, TypeError, ValueError) as error:
                raise _damaged(path, table.line_num, error, "predict") from error


def _window(row: dict[str, str], value: float) -> Feature:
    score = 1000 * value if 0 <= value <= 1 else None
    more = ", ".join(f"{name} {row[name]}" for name in ("name", "label", "split") if row.get(name))
    return Feature(row["chrom"], int(row["start"]), int(row["end"]), f"{value:.3g}", score, row["strand"], more)


def _scored(path: Path, columns: tuple[str, ...], command: str) -> Iterator[Feature]:
    with open(path, encoding="utf-8") as handle:
        for number, line in enumerate(handle, start=1):
            try:
                chrom, start, end, name, score, strand, *rest = line.rstrip("\n").split("\t")
                more = ", ".join(f"{what} {value}" for what, value in zip(columns, rest, strict=False))
                yield Feature(chrom, int(start), int(end), name, float(score), strand, more)
            except ValueError as error:
                raise _damaged(path, number, error, command) from error


def _damaged(path: Path, line: int, error: Exception, command: str) -> InputError:
    return InputError(f"{path} line {line} is damaged ({error}); run `lrpgen {command}` again")
