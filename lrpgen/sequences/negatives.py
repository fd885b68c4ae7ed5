"""Negatives that share every dinucleotide count with their positive (and so its composition), but not its order."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from ..cache import use_numba_cache
from .onehot import UNKNOWN, onehot_of
from .spool import Spool

BATCH = 4096  # sequences shuffled per call
_shuffling = threading.Lock()  # numba's parallel loops are not for two threads at a time


def dinucleotide_shuffle(onehot: np.ndarray, copies: int, seed: int) -> np.ndarray:
    """int8 (N, copies, 4, L) from int8 (N, 4, L): each copy keeps its sequence's dinucleotide counts exactly, and
    its first and last base. A zero column (N) is shuffled as a fifth letter. Same `seed`, same result.
    """
    shuffled = np.empty((len(onehot), copies, *onehot.shape[1:]), dtype=np.int8)
    seeds = seeds_in_order(len(onehot), copies, seed)
    for at in range(0, len(onehot), BATCH):
        shuffled[at : at + BATCH] = shuffle_seeded(onehot[at : at + BATCH], seeds[:, at : at + BATCH])
    return shuffled


def append_shuffles(spool: Spool, copies: int, seed: int) -> np.ndarray:
    """Add `copies` shuffles of each window of the spool to its end; the row (N * copies,) that each was made from."""
    count = len(spool)
    seeds = seeds_in_order(count, copies, seed)
    for rows, codes in spool.blocks(np.arange(count)):
        made = shuffle_seeded(onehot_of(codes), seeds[:, rows])
        found = np.where(made.any(axis=2), made.argmax(axis=2), UNKNOWN).astype(np.uint8)
        spool.append(found.reshape(-1, spool.width))
    return np.repeat(np.arange(count), copies)


def seeds_in_order(count: int, copies: int, seed: int) -> np.ndarray:
    """(copies, count) for sequences that are shuffled together."""
    return np.random.default_rng([seed, 1]).integers(0, 2**31 - 1, size=(copies, count))


def seeds_by_number(numbers: np.ndarray, copies: int, seed: int, stream: int) -> np.ndarray:
    """(copies, n) for sequences with these numbers (n,), whatever the shard and the batch. stream : from 2 on, one for
    each end that sequences are shuffled to."""
    drawn = [
        np.random.default_rng([seed, stream, number]).integers(2**31 - 1, size=copies) for number in numbers.tolist()
    ]
    return np.array(drawn).reshape(-1, copies).T


def shuffle_seeded(onehot: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """int8 (n, copies, 4, L), as `dinucleotide_shuffle`, with one seed per copy and sequence: seeds (copies, n)."""
    use_numba_cache()
    import torch
    from tangermeme.ersatz import dinucleotide_shuffle as shuffle

    batch = torch.from_numpy(np.ascontiguousarray(onehot))
    found = np.empty((len(onehot), len(seeds), *onehot.shape[1:]), dtype=np.int8)
    # One copy per call: asked for several, tangermeme refuses sequences with a single order, such as AAAA.
    for copy, chosen in enumerate(seeds.tolist()):
        with _shuffling:
            made: Any = shuffle(batch, n=1, random_state=chosen, allow_N=True)
        found[:, copy] = made[:, 0].numpy()
    return found
