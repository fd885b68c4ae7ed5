"""Names of regions and sequences by the million: kept in compact arrays, found by a hash."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import numpy as np

Text: Any = np.dtypes.StringDType()  # 16 bytes a name, more only beyond 15 letters
UNNAMED = "."


def keys_of(names: Iterable[str]) -> np.ndarray:
    """uint64 (N,) hash of each name. Two of ten million names share one with a probability of 3e-6."""
    return np.fromiter(
        (int.from_bytes(blake2b(n.encode(), digest_size=8).digest(), "little") for n in names), np.uint64
    )


class NameIndex:
    """Rows by name. `twice`: two rows (earlier, later) of one name, or None."""

    def __init__(self, keys: np.ndarray) -> None:
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]
        same = np.flatnonzero(self._keys[1:] == self._keys[:-1])
        later = self._order[same + 1]
        at = int(np.argmin(later)) if len(same) else -1
        self.twice = (int(self._order[same[at]]), int(later[at])) if len(same) else None

    def find(self, keys: np.ndarray) -> np.ndarray:
        """int64 (M,): the row of each key, -1 where there is none."""
        if not len(self._keys):
            return np.full(len(keys), -1)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[at] == keys, self._order[at], -1)
