"""What files say about a stretch of a contig, as items of `lanes`: genes of an annotation, intervals of a BED file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..motifs.enrichment.annotation import read_annotation
from ..sequences.bed import read_bed
from ..sequences.names import UNNAMED
from ..sequences.place import Place
from ..sequences.reading import lines
from .lanes import LOW, TALL, Item
from .style import CYCLE, FAINT, LINE

WHOLE = ("gene", "mRNA", "transcript", "region", "chromosome")  # drawn by their parts, where parts are known
CODING = "CDS"


def genes(path: Path, place: Place) -> list[Item]:
    """Transcripts (their exons low, coding parts tall) and other features of a GFF3, GTF or BED file that overlap.

    Raises `InputError` as `read_annotation` does.
    """
    table = read_annotation(path).features
    table = table[table["contig"] == place.contig]
    by_id = path.name.lower().removesuffix(".gz").removesuffix(".bgz").endswith((".gff", ".gff3"))
    parts: dict[str, list[Any]] = {}
    others, wholes = [], []
    for row in table.itertuples(index=False):
        feature: Any = row
        if feature.transcripts and feature.type not in WHOLE:
            for transcript in feature.transcripts:
                parts.setdefault(transcript, []).append(feature)
        elif feature.start < place.end and feature.end > place.start:
            (wholes if feature.type in WHOLE else others).append(feature)
    found = [_transcript(name.partition(":")[2] or name if by_id else of[0].name, of) for name, of in parts.items()]
    found = [item for item in found if item.start < place.end and item.end > place.start]
    singles = others if found or others else wholes
    return found + [_single(row.start, row.end, row.name, row.strand, LINE) for row in singles]


def _transcript(label: str, rows: list[Any]) -> Item:
    boxes = [(row.start, row.end, TALL if row.type == CODING else LOW) for row in rows]
    start, end = min(row.start for row in rows), max(row.end for row in rows)
    return Item(start, end, label, rows[0].strand, LINE, tuple(boxes))


def _single(start: int, end: int, name: str, strand: str, colour: str) -> Item:
    return Item(start, end, "" if name == UNNAMED else name, strand, colour, ((start, end, TALL),))


def intervals(paths: Sequence[Path], place: Place) -> list[list[Item]]:
    """Of each BED file (seqlets, hits, peaks) the intervals that overlap; a name has one colour in all of them.

    An empty file, as of `lrpgen hits` that found none, holds no interval. Raises `InputError` as `read_bed` does.
    """
    tables = [None if path.is_file() and not path.stat().st_size else read_bed(path) for path in paths]
    names = {name for table in tables if table is not None for name in table["name"]} - {UNNAMED}
    colour = {name: CYCLE[i % len(CYCLE)] for i, name in enumerate(sorted(names))} | {UNNAMED: FAINT}
    return [
        [] if table is None else _here(path, table, place, colour) for path, table in zip(paths, tables, strict=True)
    ]


def _here(path: Path, table: Any, place: Place, colour: dict[str, str]) -> list[Item]:
    here = table[(table["chrom"] == place.contig) & (table["start"] < place.end) & (table["end"] > place.start)]
    strand = _strands(path, set(here["line"]))
    rows = here.itertuples(index=False)
    return [_single(row.start, row.end, row.name, strand[row.line], colour[row.name]) for row in rows]


def _strands(path: Path, wanted: set[int]) -> dict[int, str]:
    """Line -> strand as written, "." where there is none (`read_bed` takes that for +)."""
    return {n: (line.split("\t") + ["."] * 6)[5].strip() for n, line in lines(path, "BED") if n in wanted}
