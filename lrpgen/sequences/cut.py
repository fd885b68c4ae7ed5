"""Windows of a genome: which of them fit into their contig, and their letters, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from .fasta import Genome
from .names import Text
from .splits import ACROSS, UNLISTED
from .spool import Spool, block_rows, other_strand

OVER_END, SHORT_CONTIG = "over the contig's end", "contig shorter than the width"
ACROSS_SPLIT, NO_PART = "across the split", "in no part of the split"
LISTED_CONTIGS = 25  # contigs named in the summary


def inside(table: pd.DataFrame, genome: Genome, width: int) -> tuple[pd.DataFrame, dict[str, int]]:
    """Rows whose window is inside its contig, and counts of the rest. Raises `InputError` if none is."""
    names, lengths = list(genome.contigs), np.array(list(genome.contigs.values()))
    contig, start, end = (table[name].to_numpy() for name in ("contig", "start", "end"))
    if table.empty:
        raise InputError(
            f"zero regions left in {genome.path}: each site is a donor and an acceptor at once; check the BED"
        )
    length = lengths[contig]
    short = length < width
    fits = ~short & (start >= 0) & (end <= length)
    if short.all():
        raise InputError(
            f"--width {width} is larger than contig {names[contig[0]]!r} ({length[0]} bp), so zero regions are left; "
            "use a smaller width"
        )
    if not fits.any():
        raise InputError(f"zero regions left: every window of {width} bp leaves its contig; use a smaller --width")
    return rows_of(table, fits), {SHORT_CONTIG: int(short.sum()), OVER_END: int((~fits & ~short).sum())}


def in_parts(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Rows that belong to a part (or will), and counts of the rest."""
    part = table["part"].to_numpy()
    counts = {ACROSS_SPLIT: int((part == ACROSS).sum()), NO_PART: int((part == UNLISTED).sum())}
    if len(part) and counts[NO_PART] == len(part):
        raise InputError("zero regions left: the split names none of their contigs or names; check the file of folds")
    return rows_of(table, (part != ACROSS) & (part != UNLISTED)), counts


def rows_of(table: pd.DataFrame, mask: np.ndarray) -> pd.DataFrame:
    return table.loc[mask].reset_index(drop=True)


def in_genome_order(table: pd.DataFrame) -> pd.DataFrame:
    order = np.lexsort([table[name].to_numpy() for name in ("minus", "start", "contig")])
    return table.iloc[order].reset_index(drop=True)


def contig_names(genome: Genome) -> np.ndarray:
    return np.array(list(genome.contigs), dtype=Text)


def contigs_used(genome: Genome, table: pd.DataFrame) -> dict[str, int]:
    used = set(np.unique(table["contig"]).tolist())
    items = [item for number, item in enumerate(genome.contigs.items()) if number in used]
    return dict(items[:LISTED_CONTIGS])


def place_names(table: pd.DataFrame, contigs: np.ndarray) -> list[str]:
    """`CONTIG:START-END:STRAND` of each row."""
    columns = (table[name].tolist() for name in ("contig", "start", "end", "minus"))
    return [f"{contigs[c]}:{s}-{e}:{'-' if m else '+'}" for c, s, e, m in zip(*columns, strict=True)]


def spool_windows(genome: Genome, table: pd.DataFrame, spool: Spool) -> None:
    """Append the letters of each row, 5'->3' of its strand; the table should be in genome order."""
    names, size = list(genome.contigs), block_rows(spool.width)
    contig, start, minus = (table[name].to_numpy() for name in ("contig", "start", "minus"))
    for at in range(0, len(table), size):
        block = slice(at, at + size)
        codes = np.empty((len(start[block]), spool.width), dtype=np.uint8)
        for rows, found in _runs(genome, names, contig[block], start[block], spool.width):
            codes[rows] = found
        turned = minus[block]
        codes[turned] = other_strand(codes[turned])
        spool.append(codes)


def _runs(
    genome: Genome, names: list[str], contig: np.ndarray, start: np.ndarray, width: int
) -> Iterator[tuple[np.ndarray, Any]]:
    """(rows, their codes) of windows that overlap or touch: each stretch is read once, and nothing between them."""
    order = np.lexsort([start, contig])
    gaps = (np.diff(start[order]) > width) | (np.diff(contig[order]) != 0)
    for rows in np.split(order, np.flatnonzero(gaps) + 1):
        first, last = int(start[rows[0]]), int(start[rows[-1]])
        letters = genome.codes(names[contig[rows[0]]], first, last + width)
        yield rows, np.lib.stride_tricks.sliding_window_view(letters, width)[start[rows] - first]
