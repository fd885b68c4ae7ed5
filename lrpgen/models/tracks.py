"""bigWig tracks of predictions for tiles: the bases around a tile's centre have the tile's prediction."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from ..bigwig import BigWig, writing_bigwig
from ..errors import InputError
from .store import Card

MOST = 100  # files open at a time, each with three threads
STRANDS = {"+": "plus", "-": "minus"}


class Tracks:
    """Open files fed with tiles in genome order. Make one with `open_tracks`.

    Each tile's value stands for `stride` bases around the tile's centre. The last tile of a contig may be nearer to the
    one before it, which then keeps its bases. Memory: the last base written of each contig and strand.
    """

    def __init__(self, contigs: dict[str, int], width: int, stride: int) -> None:
        self.files: dict[tuple[str, int], BigWig] = {}  # by strand and class index
        self.contigs, self._centre, self._stride = contigs, width // 2, stride
        self._end: dict[tuple[str, str], int] = {}

    def add(self, regions: pd.DataFrame, values: np.ndarray) -> None:
        """values (n, K) of the tiles `regions` (n rows)."""
        places = zip(regions["chrom"], regions["strand"], regions["start"], strict=True)
        starts, ends = np.array([self._span(*place) for place in places], dtype=np.int64).T
        chroms, strands = regions["chrom"].to_numpy(), regions["strand"].to_numpy()
        for (strand, k), file in self.files.items():
            for chrom in dict.fromkeys(chroms):
                rows = (chroms == chrom) & (strands == strand) & (starts < ends)
                file.add(chrom, starts[rows], ends[rows], values[rows, k])

    def _span(self, chrom: str, strand: str, start: int) -> tuple[int, int]:
        first = start + self._centre - self._stride // 2
        end = min(first + self._stride, self.contigs[chrom])
        first = max(first, self._end.get((chrom, strand), 0))
        self._end[chrom, strand] = end
        return first, end


def open_tracks(
    stack: ExitStack,
    prefix: Path,
    card: Card,
    labels: list[str] | None,
    contigs: dict[str, int],
    stride: int,
    one_strand: bool,
) -> Tracks:
    """`PREFIX.<class>.<plus|minus>.bw`, or `PREFIX.<class>.bw` for one strand; they are in place when `stack` closes.

    labels : classes with a track; None = all, but the last (the background) where classes are exclusive.

    Raises
    ------
    InputError : unknown class, or more tracks than files may be open.
    """
    chosen = labels or (card.classes[:-1] if card.task == "classes" else card.classes)
    if unknown := [name for name in chosen if name not in card.classes]:
        raise InputError(f"class {unknown[0]!r} is none of the model's ({', '.join(card.classes)}); choose among them")
    words = {"+": ""} if one_strand else {strand: f".{word}" for strand, word in STRANDS.items()}
    if len(chosen) * len(words) > MOST:
        raise InputError(f"{len(chosen)} classes make more than {MOST} tracks; choose some with --labels")
    tracks = Tracks(contigs, card.width, stride)
    for name in chosen:
        for strand, word in words.items():
            path = prefix.with_name(f"{prefix.name}.{name.replace('/', '_')}{word}.bw")
            tracks.files[strand, card.classes.index(name)] = stack.enter_context(writing_bigwig(path, contigs))
    return tracks
