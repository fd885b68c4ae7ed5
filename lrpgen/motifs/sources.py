"""What hits are looked for in, block by block: the windows a store explains, or a relevance track over its genome."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from ..errors import InputError
from ..progress import progress
from ..relevance.store import Store
from ..sequences import Genome
from .contigs import check_contigs
from .enrichment.signal import BigWig
from .seqlets import check_finite

BASES = 1 << 18  # read and scanned at a time
PIECE = 1 << 11  # bases of a track that are shuffled together: composition and relevance stay those of the place


@dataclass(frozen=True)
class Block:
    """Stretches of L bases, each 5'->3': onehot int8 (n, 4, L) and relevance (n, L), 0 where none is known.

    regions : chrom, start, end, strand and name of each. known (n, L): bases with a letter and a value; the nulls leave
    the others where they are. length (n,): columns before the padding. owned (n,): places that start before this column
    belong to the stretch, later ones to its neighbour.
    """

    onehot: np.ndarray
    relevance: np.ndarray
    regions: pd.DataFrame
    known: np.ndarray
    length: np.ndarray
    owned: np.ndarray

    def inside(self, width: int) -> np.ndarray:
        """(n, L - width + 1): starts of places of that width that lie in the stretch and belong to it."""
        starts = np.arange(self.relevance.shape[1] - width + 1)
        return starts < np.minimum(self.owned, self.length - width + 1)[:, None]


class Source(Protocol):
    """bases : about how many there are. facts : what a summary says of them."""

    bases: int
    facts: dict[str, Any]

    def blocks(self, word: str) -> Iterator[Block]: ...


class Windows:
    """The windows of `store` that explain class `target`.

    Raises `InputError` for an unknown class or one without windows, and (from `blocks`) relevance that is not finite.
    """

    def __init__(self, store: Store, target: str) -> None:
        self._store, self._rows = store, store.explained(target)
        self.bases = len(self._rows) * store.width
        self.facts = {"target": target, "windows": len(self._rows)}

    def blocks(self, word: str) -> Iterator[Block]:
        with progress(word, len(self._rows), "windows") as advance:
            for rows in self._store.blocks(self._rows, BASES):
                yield self._block(rows)
                advance(len(rows))

    def _block(self, rows: np.ndarray) -> Block:
        relevance, onehot = self._store.relevance(rows), self._store.onehot(rows)
        regions = self._store.regions_slice(rows)
        check_finite(relevance, regions["name"].tolist(), "relevance")
        whole = np.full(len(rows), relevance.shape[1])
        return Block(onehot, relevance, regions, np.any(onehot, axis=1), whole, whole)


class Track:
    """A bigWig over the FASTA it was made from, in pieces that share as many bases as the widest pattern needs.

    Memory does not grow with the genome. Raises `InputError` for files that are something else, contigs of the track
    that the FASTA does not have or has with another length, and (from `blocks`) values that are not finite.
    """

    def __init__(self, track: Path, genome: Path, widest: int) -> None:
        self._track, self._genome, self._shared = BigWig(track), Genome(genome), max(widest - 1, 0)
        check_contigs(track, self._track.contigs, genome, self._genome.contigs)
        self.bases = self._track.bases
        if not self.bases:
            raise InputError(f"{track} has no values; make it with `lrpgen tracks`")
        self.facts = {"track": track.name, "contigs": len(self._track.contigs), "bases": self.bases}

    def blocks(self, word: str) -> Iterator[Block]:
        step = BASES // PIECE * PIECE
        contigs = self._track.contigs
        with progress(word, sum(contigs.values()), "bases") as advance:
            for contig, length in contigs.items():
                for start in range(0, length, step):
                    end = min(start + step, length)
                    block = self._block(contig, start, end, length)
                    if len(block.regions):
                        yield block
                    advance(end - start)

    def _block(self, contig: str, start: int, end: int, length: int) -> Block:
        """Pieces from `start` on that hold a known base; those before `end` are owned, the columns behind are shared."""
        stop = min(end + self._shared, length)
        letters = self._genome.onehot(contig, start, stop)
        values = self._track.piece(contig, start, stop)
        if np.isinf(values).any():
            raise InputError(f"{self._track.path} has values on {contig} that are not finite; make it again")
        begins = np.arange(start, end, PIECE)
        width = min(PIECE + self._shared, stop - start)
        lack = max(begins[-1] + width - stop, 0)

        def cut(values: np.ndarray) -> np.ndarray:
            """(..., pieces, width) of (..., stop - start)."""
            padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, lack)])
            return np.lib.stride_tricks.sliding_window_view(padded, width, axis=-1)[..., ::PIECE, :]

        known = cut(letters.any(axis=0) & ~np.isnan(values))
        kept = known.any(axis=1)
        begins = begins[kept]
        return Block(
            cut(letters).swapaxes(0, 1)[kept],
            cut(np.nan_to_num(values))[kept],
            pd.DataFrame({"chrom": contig, "start": begins, "end": begins + width, "strand": "+", "name": contig}),
            known[kept],
            np.minimum(stop - begins, width),
            np.minimum(end - begins, PIECE),
        )
