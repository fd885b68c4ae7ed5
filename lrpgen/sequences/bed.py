"""BED: regions with every line checked, 0-based half-open."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd

from ..errors import InputError
from .fasta import unknown_contig
from .names import UNNAMED, Text
from .reading import lines

SKIPPED = ("#", "track", "browser")
BLOCK_COLUMNS = 12
SCAN_ROWS = 8192  # lines that `scan_bed` holds as Python objects


def read_bed(path: str | Path, contigs: Mapping[str, int] | None = None, *, blocks: bool = False) -> pd.DataFrame:
    """Regions of a BED file, in its order; plain or gzip. Comments, `track` and `browser` lines are skipped.

    Columns: chrom (str), start and end (int64), name (str, "." where absent), score (float32, 0 where absent or "."),
    strand ("+" or "-"; "." and absent mean "+"), line (int64). With `blocks` each line must be BED12 with a strand, and
    a column `blocks` holds its (start, end) tuples on the contig. Without, only the first six columns are read, so
    that narrowPeak and its like are fine. `contigs` (name -> length) adds the checks against a FASTA.

    Raises `InputError` with file and line for whatever a line has wrong, and for a file without regions.
    """
    path = Path(path)
    rows = []
    for number, line in lines(path, "BED"):
        if line.strip() and not line.startswith(SKIPPED):
            rows.append(_region(path, number, line, contigs, blocks))
    if not rows:
        raise _no_regions(path)
    names = ["chrom", "start", "end", "name", "score", "strand", "line", *(["blocks"] if blocks else [])]
    types = {"start": np.int64, "end": np.int64, "score": np.float32, "line": np.int64}
    return pd.DataFrame(rows, columns=names).astype(types)


@dataclass(frozen=True)
class Regions:
    """Regions of a BED file without an object for each. `table`: contig (number in the FASTA, int32), start and end
    (int64), score (float32), minus (bool), line (int64); `names` (N,) of `names.Text`, or None where all are "."."""

    table: pd.DataFrame
    names: np.ndarray | None


def scan_bed(path: str | Path, contigs: Mapping[str, int]) -> Regions:
    """The first six columns of a BED file of any size, some 50 bytes a region; checks and errors as in `read_bed`."""
    path = Path(path)
    number_of = {name: index for index, name in enumerate(contigs)}
    blocks: list[tuple[pd.DataFrame, np.ndarray]] = []
    rows: list[tuple] = []
    for number, line in lines(path, "BED"):
        if line.strip() and not line.startswith(SKIPPED):
            rows.append(_region(path, number, line, contigs, blocks=False))
            if len(rows) == SCAN_ROWS:
                blocks.append(_compact(rows, number_of))
                rows = []
    if rows:
        blocks.append(_compact(rows, number_of))
    if not blocks:
        raise _no_regions(path)
    names = np.concatenate([block[1] for block in blocks])
    table = pd.concat([block[0] for block in blocks], ignore_index=True)
    return Regions(table, None if (names == UNNAMED).all() else names)


def _compact(rows: list[tuple], number_of: Mapping[str, int]) -> tuple[pd.DataFrame, np.ndarray]:
    chrom, start, end, name, score, strand, line = zip(*rows, strict=True)
    columns = {
        "contig": np.array([number_of[one] for one in chrom], np.int32),
        "start": np.array(start, np.int64),
        "end": np.array(end, np.int64),
        "score": np.array(score, np.float32),
        "minus": np.array([one == "-" for one in strand]),
        "line": np.array(line, np.int64),
    }
    return pd.DataFrame(columns), np.array(name, dtype=Text)


def _no_regions(path: Path) -> InputError:
    return InputError(f"BED {path} has no regions (only blank or comment lines); add at least one")


def _region(path: Path, number: int, line: str, contigs: Mapping[str, int] | None, blocks: bool) -> tuple:
    place = f"{path}:{number}"
    fields = _fields(place, line, blocks)
    chrom, start, end = fields[0], _integer(place, "start", fields[1]), _integer(place, "end", fields[2])
    if start < 0:
        _bad(place, f"start {start} is negative", "BED counts from 0")
    if end <= start:
        _bad(place, f"end {end} is not after start {start}", "BED intervals are 0-based half-open")
    if contigs is not None and chrom not in contigs:
        raise InputError(f"{place}: {unknown_contig(chrom, contigs)}")
    if contigs is not None and end > contigs[chrom]:
        hint = "check that BED and FASTA are of one assembly"
        _bad(place, f"{chrom}:{start}-{end} goes past the end of the contig ({contigs[chrom]} bp)", hint)
    name = fields[3] if len(fields) > 3 and fields[3] else "."
    score = _score(place, fields[4]) if len(fields) > 4 else 0.0
    strand = _strand(place, fields[5] if len(fields) > 5 else ".", blocks)
    region = (chrom, start, end, name, score, strand, number)
    return (*region, _blocks(place, fields, start, end)) if blocks else region


def _fields(place: str, line: str, blocks: bool) -> list[str]:
    if "\t" not in line:
        _bad(place, "no tabs", "BED columns are separated by tabs, not spaces")
    fields = [field.strip() for field in line.split("\t")]
    if len(fields) < 3:
        _bad(place, f"{len(fields)} columns", "BED needs at least three: contig, start, end")
    if blocks and len(fields) < BLOCK_COLUMNS:
        hint = "splice sites need BED12, whose blocks are the exons"
        _bad(place, f"{len(fields)} columns", hint)
    return fields


def _bad(place: str, wrong: str, hint: str) -> NoReturn:
    raise InputError(f"{place}: {wrong}; {hint}")


def _integer(place: str, what: str, text: str) -> int:
    # int() alone would take "1_000" and digits of other scripts.
    if not (text.isascii() and text.removeprefix("-").isdigit()) or len(text) > 18:
        _bad(place, f"{what} {text!r} is not a whole number", "write plain digits")
    return int(text)


def _score(place: str, text: str) -> float:
    if text in (".", ""):
        return 0.0
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        _bad(place, f"score {text!r} is not a number", "write a number or .")
    return value


def _strand(place: str, text: str, needed: bool) -> str:
    if text not in ("+", "-", "."):
        _bad(place, f"strand {text!r} is not one of + - .", "it is the sixth column")
    if text == "." and needed:
        _bad(place, "no strand", "BED12 with exons needs + or - in the sixth column")
    return "+" if text == "." else text


def _blocks(place: str, fields: list[str], start: int, end: int) -> list[tuple[int, int]]:
    count = _integer(place, "block count", fields[9])
    sizes = [_integer(place, "block size", text) for text in fields[10].rstrip(",").split(",")]
    starts = [_integer(place, "block start", text) for text in fields[11].rstrip(",").split(",")]
    if not count == len(sizes) == len(starts):
        wrong = f"{count} blocks announced, {len(sizes)} sizes and {len(starts)} starts given"
        _bad(place, wrong, "the three must agree (columns 10 to 12)")
    blocks = [(start + at, start + at + size) for at, size in zip(starts, sizes, strict=True)]
    if blocks[0][0] != start or blocks[-1][1] != end:
        wrong = f"the blocks span {blocks[0][0]}-{blocks[-1][1]}, the region {start}-{end}"
        _bad(place, wrong, "the first block begins and the last one ends the region")
    for index, (first, last) in enumerate(blocks):
        if last <= first or (index and first < blocks[index - 1][1]):
            wrong = f"block {index + 1} ({first}-{last}) is empty or overlaps the one before it"
            _bad(place, wrong, "blocks are ascending and disjoint")
    return blocks
