"""Windows that are nearly the same: the Jaccard index of their canonical 12-mers.

The index of two windows is the number of 12-mers both have (on either strand) over the number that at least one has.
Without insertions, a copy with 5 % of its bases changed has about 0.37, with 10 % about 0.16; a window shifted by half
its width has 0.33; unrelated windows have less than 0.01.

Comparing all pairs is out of the question, so pairs are looked for by MinHash. Each window keeps the smallest of its
hashes under 128 functions (Broder, Compression and Complexity of Sequences 1997). Windows that agree on all functions of
a band, a few of the 128 chosen at random, are candidates (Indyk, Motwani, STOC 1998); those whose share of agreeing
functions is below the threshold by four standard errors are discarded, the others are compared by their 12-mers, so
what counts as similar is exact. Ours: there are as many bands as it takes to miss a pair at the threshold less than once
in ten thousand; pairs above it are missed more rarely. Memory: 512 bytes a window.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ..cache import use_numba_cache
from .spool import Spool

HASHES = 128
KMER = 12
ERRORS = 4  # standard errors below the threshold at which a candidate is still compared
MISSED = 1e-4  # of the pairs at the threshold
MOST_BANDS = 1024
COMPARED_BASES = 1 << 22  # of the pairs compared at a time


def sketches(spool: Spool) -> np.ndarray:
    """uint32 (N, HASHES) of every window; a window without a whole 12-mer has the largest value everywhere."""
    use_numba_cache()
    from .minhash import sketch

    random = np.random.default_rng(12)  # the functions are part of the method: no seed changes them
    factors = random.integers(0, 2**64, size=HASHES, dtype=np.uint64) | np.uint64(1)
    shifts = random.integers(0, 2**64, size=HASHES, dtype=np.uint64)
    found = np.empty((len(spool), HASHES), dtype=np.uint32)
    for rows, codes in spool.blocks(np.arange(len(spool))):
        found[rows] = sketch(codes, factors, shifts, KMER)
    return found


def join_similar(spool: Spool, groups: np.ndarray, threshold: float) -> np.ndarray:
    """Group numbers (N,), with the groups of similar windows made one. `groups` (N,): each number one of its rows."""
    use_numba_cache()
    from .unionfind import join_all, roots

    root = groups.copy()
    for one, two in _similar_pairs(spool, root, np.zeros(len(root), dtype=np.int8), threshold):
        join_all(root, one, two)
    return roots(root)


def similar_elsewhere(spool: Spool, parts: np.ndarray, threshold: float) -> np.ndarray:
    """Mask (N,): windows that are similar to one of a later part; rows whose part is negative are in none."""
    dropped = np.zeros(len(parts), dtype=bool)
    for one, two in _similar_pairs(spool, np.arange(len(parts)), parts, threshold, across=True):
        dropped[np.where(parts[one] < parts[two], one, two)] = True
    return dropped


def _similar_pairs(
    spool: Spool, root: np.ndarray, parts: np.ndarray, threshold: float, across: bool = False
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(rows, rows) of similar windows, some thousand at a time, each pair perhaps more than once.

    Pairs that are in one group of `root` by then are left out; with `across`, so are those of one part.
    """
    use_numba_cache()
    from .minhash import candidates

    sketch = sketches(spool)
    pairs = np.empty((max(64, COMPARED_BASES // spool.width), 2), dtype=np.int64)
    margin = ERRORS * math.sqrt(threshold * (1 - threshold) / HASHES)
    needed = max(1, math.ceil((threshold - margin) * HASHES))
    for columns in _bands(threshold):
        keys = np.zeros(len(root), dtype=np.uint64)
        for column in columns:
            keys = keys * np.uint64(0x9E3779B97F4A7C15) + sketch[:, column]
        order = np.argsort(keys, kind="stable")
        at = begin = before = 0
        while at < len(order):
            at, begin, before, count = candidates(
                order, keys, sketch, root, parts, across, needed, at, begin, before, pairs
            )
            if count:
                close = _close(spool, pairs[:count], threshold)
                yield pairs[:count, 0][close], pairs[:count, 1][close]


def _close(spool: Spool, pairs: np.ndarray, threshold: float) -> np.ndarray:
    """Mask of the pairs whose Jaccard index reaches the threshold."""
    from .minhash import jaccard, kmer_sets

    rows, where = np.unique(pairs, return_inverse=True)
    codes = np.concatenate([found for _, found in spool.blocks(rows)])
    return jaccard(*kmer_sets(codes, KMER), where.reshape(pairs.shape)) >= threshold


def _bands(threshold: float) -> np.ndarray:
    """Functions (bands, size) of each band: the fewest that find a pair at the threshold often enough."""
    agree = np.arange(HASHES + 1)
    chance = np.array([math.comb(HASHES, n) * threshold**n * (1 - threshold) ** (HASHES - n) for n in agree.tolist()])
    size, count = 2, MOST_BANDS
    for tried, most in ((4, 128), (3, 256), (2, MOST_BANDS)):
        hit = np.array([math.comb(n, tried) for n in agree.tolist()]) / math.comb(HASHES, tried)
        enough = [bands for bands in (32, 64, 128, 256, 512) if bands <= most and chance @ (1 - hit) ** bands < MISSED]
        if enough:
            size, count = tried, enough[0]
            break
    random = np.random.default_rng(13)
    return np.stack([random.choice(HASHES, size, replace=False) for _ in range(count)])
