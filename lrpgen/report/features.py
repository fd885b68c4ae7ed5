"""Features of the genome browser, from BED files and predictions: each with a score that it can be ranked by."""

from __future__ import annotations

import csv
import heapq
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError
from ..files import existing
from ..sequences.bed import read_bed

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


def strongest(rows: list[Feature], most: int) -> list[Feature]:
    """At most `most` rows, those with the highest score, in the order of the genome."""
    kept = heapq.nlargest(most, rows, key=lambda f: f.score or 0)
    return sorted(kept, key=lambda f: (f.chrom, f.start, f.end)) if most > 1 else kept


def hits(path: Path) -> list[Feature]:
    return _scored(path, HIT, "hits")


def seqlets(path: Path) -> list[Feature]:
    return _scored(path, SEQLET, "motifs")


def annotation(path: Path, spliced: bool) -> list[Feature]:
    """The regions the windows came from; with `spliced` a BED12 whose blocks are exons."""
    table = read_bed(path, blocks=spliced)
    blocks = table["blocks"] if spliced else [[]] * len(table)
    columns = (table[name].tolist() for name in ("chrom", "start", "end", "name", "strand"))
    return [
        Feature(chrom, start, end, "" if name == "." else name, None, strand, blocks=list(parts))
        for chrom, start, end, name, strand, parts in zip(*columns, blocks, strict=True)
    ]


def predictions(path: Path, targets: list[str]) -> dict[str, list[Feature]]:
    """Windows by their prediction for each of `targets` that has a column; the score is 1000 times a probability."""
    with open(path, encoding="utf-8", newline="") as handle:
        table = csv.DictReader(handle, delimiter="\t")
        names = table.fieldnames or []
        found: dict[str, list[Feature]] = {target: [] for target in targets if target in names}
        for number, row in enumerate(table, start=2):
            for target in found:
                try:
                    found[target].append(_window(row, float(row[target])))
                except (KeyError, TypeError, ValueError) as error:
                    raise InputError(
                        f"{path} line {number} is damaged ({error}); run `lrpgen predict` again"
                    ) from error
    return found


def _window(row: dict[str, str], value: float) -> Feature:
    score = 1000 * value if 0 <= value <= 1 else None
    more = ", ".join(f"{name} {row[name]}" for name in ("name", "label", "split") if row.get(name))
    return Feature(row["chrom"], int(row["start"]), int(row["end"]), f"{value:.3g}", score, row["strand"], more)


def _scored(path: Path, columns: tuple[str, ...], command: str) -> list[Feature]:
    """BED6 and `columns` behind it, as `lrpgen hits` and `lrpgen motifs` write them."""
    rows = []
    for number, line in enumerate(existing(path, "BED").read_text(encoding="utf-8").splitlines(), start=1):
        try:
            chrom, start, end, name, score, strand, *rest = line.split("\t")
            more = ", ".join(f"{what} {value}" for what, value in zip(columns, rest, strict=False))
            rows.append(Feature(chrom, int(start), int(end), name, float(score), strand, more))
        except ValueError as error:
            raise InputError(f"{path} line {number} is damaged ({error}); run `lrpgen {command}` again") from error
    return rows
