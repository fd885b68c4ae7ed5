"""Windows that are nearly the same: the Jaccard index of their canonical 12-mers, estimated by MinHash.

The index of two windows is the number of 12-mers both have (on either strand) over the number that at least one has.
Without insertions, a copy with 5 % of its bases changed has about 0.37, with 10 % about 0.16; a window shifted by half
its width has 0.33; unrelated windows have less than 0.01.

Each window keeps the smallest of its hashes under 128 functions (Broder, Compression and Complexity of Sequences 1997);
the share on which two windows agree estimates the index. Pairs are looked for among windows that agree on a band of
functions (Indyk, Motwani, STOC 1998), whose size is chosen so that a pair at the threshold is missed once in a million.
Ours: the estimate must reach the threshold less four standard errors, so that pairs at the threshold are found; some
pairs below it are therefore treated as similar as well, never the other way round. Memory: 512 bytes a window.
"""

from __future__ import annotations

import math

import numpy as np

from ..cache import use_numba_cache
from .spool import Spool

HASHES = 128
KMER = 12
ERRORS = 4  # standard errors below the threshold at which a pair still counts
MISSED = 1e-6  # at the threshold


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


def join_similar(sketch: np.ndarray, groups: np.ndarray, threshold: float) -> np.ndarray:
    """Group numbers (N,), with the groups of similar windows made one. `groups` (N,): each number one of its rows."""
    use_numba_cache()
    from .minhash import join_band
    from .unionfind import roots

    root = groups.copy()
    for keys in _bands(sketch, threshold):
        join_band(np.argsort(keys, kind="stable"), keys, sketch, root, _needed(threshold))
    return roots(root)


def similar_elsewhere(sketch: np.ndarray, parts: np.ndarray, threshold: float) -> np.ndarray:
    """Mask (N,): windows that are similar to one of a later part; rows whose part is negative are in none."""
    use_numba_cache()
    from .minhash import drop_band

    dropped = np.zeros(len(parts), dtype=bool)
    for keys in _bands(sketch, threshold):
        drop_band(np.argsort(keys, kind="stable"), keys, sketch, parts, dropped, _needed(threshold))
    return dropped


def _needed(threshold: float) -> int:
    """On how many functions two windows must agree."""
    margin = ERRORS * math.sqrt(threshold * (1 - threshold) / HASHES)
    return max(1, math.ceil((threshold - margin) * HASHES))


def _bands(sketch: np.ndarray, threshold: float):
    """One key (N,) per band: equal for windows that agree on all functions of the band."""
    sizes = [size for size in (4, 2, 1) if (1 - threshold**size) ** (HASHES // size) < MISSED]
    size = sizes[0] if sizes else 1
    for at in range(0, HASHES, size):
        keys = sketch[:, at].astype(np.uint64)
        for column in range(at + 1, at + size):
            keys = keys * np.uint64(0x9E3779B97F4A7C15) + sketch[:, column]
        yield keys
