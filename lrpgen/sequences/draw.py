"""An even sample of candidates that come in blocks, without a list of all of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

WAITING = 1 << 20  # candidates kept before the sample is made smaller again


@dataclass
class EvenDraw:
    """The `size` candidates with the smallest random keys so far; a candidate is a key and one value per column."""

    size: int
    limit: float = np.inf
    columns: list[tuple[np.ndarray, ...]] = field(default_factory=list)
    waiting: int = 0

    def add(self, keys: np.ndarray, *columns: np.ndarray) -> None:
        near = keys < self.limit
        self.columns.append((keys[near], *(column[near] for column in columns)))
        self.waiting += int(near.sum())
        if self.waiting > max(self.size, WAITING):
            self.settle()

    def settle(self) -> tuple[np.ndarray, ...]:
        """The columns of the sample so far, in the order of the keys; () when nothing was added."""
        if not self.columns:
            return ()
        merged = tuple(np.concatenate(column) for column in zip(*self.columns, strict=True))
        order = np.argsort(merged[0], kind="stable")[: self.size]
        kept = tuple(column[order] for column in merged)
        self.columns, self.waiting = [kept], len(order)
        if len(order) == self.size:
            self.limit = kept[0][-1] if self.size else -np.inf
        return kept[1:]
