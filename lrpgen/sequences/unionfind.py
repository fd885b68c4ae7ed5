"""Compiled loops over millions of windows: joining rows into groups, and dealing groups out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_compile: Any = njit(cache=True, nogil=True)


@_compile
def find(root: np.ndarray, row: int) -> int:
    while root[row] != row:
        root[row] = root[root[row]]
        row = root[row]
    return row


@_compile
def join_all(root: np.ndarray, one: np.ndarray, two: np.ndarray) -> None:
    """Join row one[i] to row two[i], in order; `root` (N,) int64 is changed in place."""
    for i in range(len(one)):
        root[find(root, one[i])] = find(root, two[i])


@_compile
def roots(root: np.ndarray) -> np.ndarray:
    """The number (N,) of each row's group: one of its rows."""
    found = np.empty_like(root)
    for row in range(len(root)):
        found[row] = find(root, row)
    return found


@_compile
def deal(order: np.ndarray, sizes: np.ndarray, parts: np.ndarray, test: int, validation: int) -> None:
    """Give each group of `order` its part (in place): test (2) or validation (1) while it fits there, else train."""
    for i in range(len(order)):
        number = order[i]
        size = int(sizes[number])
        if size <= test:
            parts[number] = 2
            test -= size
        elif size <= validation:
            parts[number] = 1
            validation -= size
        else:
            parts[number] = 0
