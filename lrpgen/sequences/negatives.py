"""Negatives that share every dinucleotide count with their positive (and so its composition), but not its order."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cache import use_numba_cache

BATCH = 4096  # sequences shuffled per call


def dinucleotide_shuffle(onehot: np.ndarray, copies: int, seed: int) -> np.ndarray:
    """int8 (N, copies, 4, L) from int8 (N, 4, L): each copy keeps its sequence's dinucleotide counts exactly, and
    its first and last base. A zero column (N) is shuffled as a fifth letter. Same `seed`, same result.
    """
    use_numba_cache()
    import torch
    from tangermeme.ersatz import dinucleotide_shuffle as shuffle

    count, _, length = onehot.shape
    shuffled = np.empty((count, copies, 4, length), dtype=np.int8)
    seeds = np.random.default_rng([seed, 1]).integers(0, 2**31 - 1, size=(copies, count)).tolist()
    for at in range(0, count, BATCH):
        rows = slice(at, at + BATCH)
        batch = torch.from_numpy(np.ascontiguousarray(onehot[rows]))
        # One copy per call: asked for several, tangermeme refuses sequences with a single order, such as AAAA.
        for copy in range(copies):
            made: Any = shuffle(batch, n=1, random_state=seeds[copy][rows], allow_N=True)
            shuffled[rows, copy] = made[:, 0].numpy()
    return shuffled
