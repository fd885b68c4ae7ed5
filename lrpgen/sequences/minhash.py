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
def sketch(codes: np.ndarray, factors: np.ndarray, shifts: np.ndarray, k: int) -> np.ndarray:
    """uint32 (N, H): the smallest hash of the canonical k-mers of each row of codes (N, L), per function."""
    count, length = codes.shape
    found = np.full((count, len(factors)), EMPTY, dtype=np.uint32)
    mask = np.uint64(4**k - 1)
    top = np.uint64(2 * (k - 1))
    for row in range(count):
        forward, other, run = np.uint64(0), np.uint64(0), 0
        for at in range(length):
            code = np.uint64(codes[row, at])
            if code > np.uint64(3):
                run = 0
                continue
            run += 1
            forward = ((forward << np.uint64(2)) | code) & mask
            other = (other >> np.uint64(2)) | ((np.uint64(3) - code) << top)
            if run >= k:
                mixed = _mix(min(forward, other) + np.uint64(1))
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
def join_band(order: np.ndarray, keys: np.ndarray, sketches: np.ndarray, root: np.ndarray, needed: int) -> None:
    """Join (in `root`) similar rows among those with equal keys; `order` sorts the keys."""
    begin = 0
    for at in range(len(order)):
        one = order[at]
        if keys[one] != keys[order[begin]]:
            begin = at
        if sketches[one, 0] == EMPTY:
            continue
        for before in range(begin, at):
            two = order[before]
            mine, other = find(root, one), find(root, two)
            if mine != other and _agree(sketches, one, two, needed):
                root[max(mine, other)] = min(mine, other)


@_compile
def drop_band(
    order: np.ndarray, keys: np.ndarray, sketches: np.ndarray, parts: np.ndarray, dropped: np.ndarray, needed: int
) -> None:
    """Mark (in `dropped`) rows similar to one of a later part, among those with equal keys."""
    begin = 0
    for at in range(len(order)):
        one = order[at]
        if keys[one] != keys[order[begin]]:
            begin = at
        if sketches[one, 0] == EMPTY or parts[one] < 0:
            continue
        for before in range(begin, at):
            two = order[before]
            if parts[two] < 0 or parts[one] == parts[two]:
                continue
            earlier = one if parts[one] < parts[two] else two
            if not dropped[earlier] and _agree(sketches, one, two, needed):
                dropped[earlier] = True
