"""A whole genome as tiles of one width, both strands, read batch by batch: memory does not grow with the genome."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import InputError
from .fasta import Genome
from .onehot import reverse_complement_array


class Tiles:
    """Windows of `width` every `stride` bases over every contig of `genome`, 5'->3' of their strand.

    Order: contigs as in the FASTA, start ascending, '+' then '-'. Where the stride leaves a rest, the last tile is
    flush with the contig's end. Contigs shorter than `width` have no tile; `skipped` maps their names to their lengths.
    Raises `InputError` for a width or stride below 1 and when no contig is long enough.
    """

    def __init__(self, genome: Genome, width: int, stride: int) -> None:
        if width < 1 or stride < 1:
            raise InputError(f"width {width} and stride {stride} must be at least 1; give positive numbers")
        self.genome, self.width, self.stride = genome, width, stride
        self.skipped = {name: length for name, length in genome.contigs.items() if length < width}
        self._contigs = [name for name in genome.contigs if name not in self.skipped]
        if not self._contigs:
            raise InputError(f"{genome.path}: no contig is as long as the width {width}; use a smaller width")
        lengths = np.array([genome.contigs[name] for name in self._contigs], dtype=np.int64)
        self._last = lengths - width  # start of each contig's last tile
        starts = -(-self._last // stride) + 1
        self._ends = np.cumsum(2 * starts)  # index after each contig's last tile

    def __len__(self) -> int:
        return int(self._ends[-1])

    def batch(self, indices: range | np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
        """Regions (chrom, start, end, name, score, strand) and onehot int8 (n, 4, width) of some tiles.

        Reads each stretch of overlapping tiles once. Errors as in `Genome.onehot`.
        """
        index = np.asarray(indices, dtype=np.int64)
        if len(index) and (index.min() < 0 or index.max() >= len(self)):
            raise InputError(
                f"tile {index.max() if index.min() >= 0 else index.min()} does not exist; there are {len(self)} tiles"
            )
        contig = np.searchsorted(self._ends, index, side="right")
        within = index - np.concatenate([[0], self._ends])[contig]
        start = np.minimum(within // 2 * self.stride, self._last[contig])
        minus = within % 2 == 1
        onehot = np.empty((len(index), 4, self.width), dtype=np.int8)
        for number in np.unique(contig):
            rows = np.flatnonzero(contig == number)
            onehot[rows] = self._read(self._contigs[number], start[rows])
        onehot[minus] = reverse_complement_array(onehot[minus])
        chrom = np.array(self._contigs, dtype=object)[contig]
        strand = np.where(minus, "-", "+").astype(object)
        names = [f"tile:{c}:{s}:{d}" for c, s, d in zip(chrom, start, strand, strict=True)]
        columns = {"chrom": chrom, "start": start, "end": start + self.width, "name": names}
        return pd.DataFrame({**columns, "score": np.zeros(len(index), np.float32), "strand": strand}), onehot

    def _read(self, chrom: str, start: np.ndarray) -> np.ndarray:
        """Forward-strand onehot (n, 4, width) of tiles of one contig."""
        found = np.empty((len(start), 4, self.width), dtype=np.int8)
        order = np.argsort(start, kind="stable")
        breaks = np.flatnonzero(np.diff(start[order]) > self.width) + 1
        for run in np.split(order, breaks):
            first = int(start[run[0]])
            letters = self.genome.onehot(chrom, first, int(start[run[-1]]) + self.width)
            views = np.lib.stride_tricks.sliding_window_view(letters, self.width, axis=1)
            found[run] = views[:, start[run] - first].transpose(1, 0, 2)
        return found
