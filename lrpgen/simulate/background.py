"""Letters between the motifs: drawn one by one with a GC share, or by a Markov chain learnt from a FASTA file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..sequences.fasta import read_fasta
from ..sequences.onehot import UNKNOWN, codes

PSEUDOCOUNT = 1.0  # a word that the FASTA lacks may still be followed by any base


@dataclass(frozen=True)
class Background:
    """Markov chain of `order` k: `start` (4^k,) shares of the words of k letters, `step` (4^k, 4) of what follows them.

    A word is a number in base 4 with its first letter as the highest digit; A C G T are 0 to 3.
    """

    order: int
    start: np.ndarray
    step: np.ndarray

    @classmethod
    def of_gc(cls, gc: float) -> Background:
        return cls(0, np.ones(1), np.array([[(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]]))

    @classmethod
    def of_fasta(cls, path: Path, order: int) -> Background:
        """Counts of all words of `order` + 1 known letters on the strands as written. Raises `InputError` for none."""
        counts = np.zeros(4 ** (order + 1))
        for _, sequence in read_fasta(path):
            letters = codes(sequence)
            if len(letters) > order:
                runs = np.lib.stride_tricks.sliding_window_view(letters, order + 1)
                known = runs[(runs != UNKNOWN).all(axis=1)].astype(np.int64)
                counts += np.bincount(known @ 4 ** np.arange(order, -1, -1), minlength=len(counts))
        if not counts.any():
            raise InputError(
                f"FASTA {path} has no run of {order + 1} known bases; lower the order or give another file"
            )
        counts = counts.reshape(-1, 4)
        step = counts + PSEUDOCOUNT
        return cls(order, counts.sum(axis=1) / counts.sum(), step / step.sum(axis=1, keepdims=True))

    def draw(self, count: int, length: int, random: np.random.Generator) -> np.ndarray:
        """uint8 (count, length) codes; each row is a chain of its own that begins with a word of the FASTA's shares."""
        letters = np.empty((count, max(self.order, length)), dtype=np.uint8)
        word = random.choice(len(self.start), size=count, p=self.start)
        for at in range(self.order):
            letters[:, at] = word // 4 ** (self.order - 1 - at) % 4
        edges = self.step.cumsum(axis=1)[:, :3]
        for at in range(self.order, length):
            base = (random.random(count)[:, None] >= edges[word]).sum(axis=1)
            letters[:, at] = base
            word = (word * 4 + base) % len(self.start)
        return letters[:, :length]
