"""Compiled loops of `similarity`: sketches of windows, and pairs of windows within a band."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from .unionfind import find

_compile: Any = njit(cache=True, nogil=True)
EMPTY = np.uint32(2**32 - 1)


@_compile
def _mix(value: np.uint64) -> np.uint64:
    """The finaliser of MurmurHash3: neighbouring k-mers get unrelated numbers."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@_compile
def _kmers(codes: np.ndarray, k: int, found: np.ndarray) -> int:
    """Write the canonical k-mers of codes (L,) to the front of `found`; how many there are. One with an N is none."""
    mask, top = np.uint64(4**k - 1), np.uint64(2 * (k - 1))
    forward, other, run, size = np.uint64(0), np.uint64(0), 0, 0
    for at in range(len(codes)):
        code = np.uint64(codes[at])
        if code > np.uint64(3):
            run = 0
            continue
        run += 1
        forward = ((forward << np.uint64(2)) | code) & mask
        other = (other >> np.uint64(2)) | ((np.uint64(3) - code) << top)
        if run >= k:
            found[size] = min(forward, other)
            size += 1
    return size


@_compile
def sketch(codes: np.ndarray, factors: np.ndarray, shifts: np.ndarray, k: int) -> np.ndarray:
    """uint32 (N, H): the smallest hash of the canonical k-mers of each row of codes (N, L), per function."""
    found = np.full((len(codes), len(factors)), EMPTY, dtype=np.uint32)
    kmers = np.empty(codes.shape[1], dtype=np.uint64)
    for row in range(len(codes)):
        for i in range(_kmers(codes[row], k, kmers)):
            mixed = _mix(kmers[i] + np.uint64(1))
            for h in range(len(factors)):
                value = np.uint32((mixed * factors[h] + shifts[h]) >> np.uint64(32))
                if value < found[row, h]:
                    found[row, h] = value
    return found


@_compile
def _agree(sketches: np.ndarray, one: int, two: int, needed: int) -> bool:
    count, left = 0, sketches.shape[1]
    for h in range(sketches.shape[1]):
        count += sketches[one, h] == sketches[two, h]
        left -= 1
        if count + left < needed:
            return False
    return True


@_compile
def candidates(
    order: np.ndarray,
    keys: np.ndarray,
    sketches: np.ndarray,
    root: np.ndarray,
    parts: np.ndarray,
    across: bool,
    needed: int,
    at: int,
    begin: int,
    before: int,
    pairs: np.ndarray,
) -> tuple[int, int, int, int]:
    """Fill `pairs` with rows of equal keys that agree on `needed` functions; where to go on, and how many there are.

    `order` sorts the keys; `at` and `before` are places in it, `begin` where the keys of `at` begin. Left out: pairs of
    one group, with `across` pairs of one part, and rows of a negative part.
    """
    count = 0
    while at < len(order):
        one = order[at]
        if keys[one] != keys[order[begin]]:
            begin = before = at
        if sketches[one, 0] == EMPTY or parts[one] < 0:
            before = at
        while before < at:
            two = order[before]
            before += 1
            if parts[two] < 0 or (across and parts[one] == parts[two]) or find(root, one) == find(root, two):
                continue
            if _agree(sketches, one, two, needed):
                pairs[count, 0], pairs[count, 1] = one, two
                count += 1
                if count == len(pairs):
                    return at, begin, before, count
        at += 1
        before = begin
    return at, begin, before, count


@_compile
def kmer_sets(codes: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The canonical k-mers of each row of codes (N, L), ascending and once each, at the front of (N, L), and how many (N,)."""
    found = np.empty(codes.shape, dtype=np.uint64)
    sizes = np.zeros(len(codes), dtype=np.int64)
    for row in range(len(codes)):
        size = _kmers(codes[row], k, found[row])
        found[row, :size].sort()
        for i in range(size):
            if sizes[row] == 0 or found[row, i] != found[row, sizes[row] - 1]:
                found[row, sizes[row]] = found[row, i]
                sizes[row] += 1
    return found, sizes


@_compile
def jaccard(sets: np.ndarray, sizes: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """float64 (M,): shared over all members of each pair (M, 2) of ascending sets, as `kmer_sets` gives them."""
    found = np.zeros(len(pairs))
    for number in range(len(pairs)):
        one, two = pairs[number]
        i, j, shared = 0, 0, 0
        while i < sizes[one] and j < sizes[two]:
            a, b = sets[one, i], sets[two, j]
            shared += a == b
            i += a <= b
            j += b <= a
        total = sizes[one] + sizes[two] - shared
        found[number] = shared / total if total else 0.0
    return found
