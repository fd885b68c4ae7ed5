"""Annotated features from GFF3, GTF or BED, plain or gzip, each line checked; 0-based half-open.

Of the public readers gffutils builds a database, pyranges and bioframe read without naming the line that is wrong; what is
needed here fits on a page.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from urllib.parse import unquote

import pandas as pd

from ...errors import InputError
from ...sequences.bed import BLOCK_COLUMNS, SKIPPED, read_bed
from ...sequences.reading import lines

STRANDS = ("+", "-", ".")
INTERVAL = "interval"  # the type of a BED line without blocks
RENAMED = {  # names of the same feature in different files -> the Sequence Ontology's
    "five_prime_utr": "five_prime_UTR",
    "5UTR": "five_prime_UTR",
    "three_prime_utr": "three_prime_UTR",
    "3UTR": "three_prime_UTR",
}
GTF_ATTRIBUTE = re.compile(r'\s*([^\s;"]+)\s+(?:"([^"]*)"|([^\s";]+))\s*(?:;\s*|$)')
EITHER_UTR = "UTR"  # GENCODE's GTF does not say which; `derive` finds out from exons and CDS


class Feature(NamedTuple):
    """`transcripts`: what an exon, CDS or untranslated region is part of."""

    contig: str
    start: int
    end: int
    strand: str
    type: str
    name: str
    transcripts: tuple[str, ...]
    line: int


@dataclass
class Annotation:
    """features : one row per `Feature`. lengths : contig lengths where the file says them (`##sequence-region`)."""

    path: Path
    features: pd.DataFrame
    lengths: dict[str, int] = field(default_factory=dict)


def read_annotation(path: str | Path) -> Annotation:
    """Read a file by its name: .gff3, .gff, .gtf, .bed, each also .gz. BED12 lines are genes, their blocks exons.

    Raises `InputError` with file and line for whatever a line has wrong, for other names and for a file without features.
    """
    path = Path(path)
    kind = path.name.lower().removesuffix(".gz").removesuffix(".bgz").rpartition(".")[2]
    lengths: dict[str, int] = {}
    if kind == "bed":
        found = list(_bed(path))
    elif kind in ("gff3", "gff", "gtf"):
        found = list(_gff(path, _gtf_attributes if kind == "gtf" else _gff3_attributes, lengths))
    else:
        raise InputError(f"annotation {path} is not named .gff3, .gff, .gtf or .bed (.gz); rename or convert it")
    if not found:
        raise InputError(f"annotation {path} holds no features (only blank or comment lines); check the file")
    return Annotation(path, pd.DataFrame(found, columns=list(Feature._fields)), lengths)


def _gff(path: Path, attributes: Callable[[str, str], dict[str, str]], lengths: dict[str, int]) -> Iterator[Feature]:
    for number, line in lines(path, "annotation"):
        place = f"{path}:{number}"
        if line.startswith("##FASTA"):
            return
        if line.startswith("##sequence-region"):
            words = line.split()
            if len(words) == 4 and words[3].isdigit():
                lengths[words[1]] = int(words[3])
        if not line.strip() or line.startswith("#"):
            continue
        columns = line.split("\t")
        if len(columns) != 9:
            _bad(place, f"{len(columns)} columns", "GFF3 and GTF have nine, separated by tabs")
        start, end = _integer(place, "start", columns[3]), _integer(place, "end", columns[4])
        if not 1 <= start <= end:
            _bad(place, f"the feature spans {start}-{end}", "GFF3 and GTF count from 1, the end included")
        strand = "." if columns[6] == "?" else columns[6]
        if strand not in STRANDS:
            _bad(place, f"strand {columns[6]!r} is not one of + - . ?", "it is the seventh column")
        notes = attributes(place, columns[8])
        kind = RENAMED.get(columns[2], columns[2])
        name = next(
            (notes[key] for key in ("Name", "gene_name", "ID", "transcript_id", "gene_id") if key in notes), "."
        )
        # A GTF transcript names itself; in GFF3 parts name their transcript as parent.
        parents = notes["Parent"].split(",") if "Parent" in notes else [notes.get("transcript_id", "")]
        transcripts = tuple(_text(parent) for parent in parents if parent)
        yield Feature(_text(columns[0]), start - 1, end, strand, _text(kind), _text(name), transcripts, number)


def _text(quoted: str) -> str:
    """Decoded, and each text held once: a human annotation has millions of lines."""
    return sys.intern(unquote(quoted))


def _gff3_attributes(place: str, text: str) -> dict[str, str]:
    found = {}
    for part in text.strip().strip(";").split(";"):
        key, equals, value = part.strip().partition("=")
        if not equals and part.strip() not in ("", "."):
            _bad(place, f"attribute {part.strip()!r} is not key=value", "a GTF file should be named .gtf")
        found[key] = value
    return found


def _gtf_attributes(place: str, text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at, text = 0, text.strip()
    while at < len(text) and text != ".":
        match = GTF_ATTRIBUTE.match(text, at)
        if match is None:
            _bad(place, f'attribute {text[at:].strip()!r} is not key "value"', "a GFF3 file should be named .gff3")
        found.setdefault(match[1], match[2] or match[3] or "")  # keys such as `tag` may repeat
        at = match.end()
    return found


def _bed(path: Path) -> Iterator[Feature]:
    columns = {
        number: line.split("\t")
        for number, line in lines(path, "annotation")
        if line.strip() and not line.startswith(SKIPPED)
    }
    blocks = bool(columns) and len(next(iter(columns.values()))) >= BLOCK_COLUMNS
    rows: Any = read_bed(path, blocks=blocks).itertuples(index=False)
    for row in rows:
        fields = columns[row.line]
        strand = fields[5].strip() if len(fields) > 5 else "."  # read_bed takes none for +
        base = (row.chrom, row.start, row.end, strand)
        if not blocks:
            yield Feature(*base, INTERVAL, row.name, (), row.line)
            continue
        transcript = (f"{row.name}:{row.line}",)  # names may repeat
        yield Feature(*base, "gene", row.name, (), row.line)
        first, last = _integer_pair(f"{path}:{row.line}", fields[6], fields[7])
        for start, end in row.blocks:
            yield Feature(row.chrom, start, end, strand, "exon", row.name, transcript, row.line)
            if max(start, first) < min(end, last):
                part = (row.chrom, max(start, first), min(end, last), strand)
                yield Feature(*part, "CDS", row.name, transcript, row.line)


def _integer_pair(place: str, first: str, last: str) -> tuple[int, int]:
    return _integer(place, "thick start", first.strip()), _integer(place, "thick end", last.strip())


def _integer(place: str, what: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        _bad(place, f"{what} {text!r} is not a whole number", "write plain digits")
    return int(text)


def _bad(place: str, wrong: str, hint: str) -> NoReturn:
    raise InputError(f"{place}: {wrong}; {hint}")
