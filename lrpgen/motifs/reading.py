"""What motifs read of a relevance store: the windows that explain one class, some at a time, and their null."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..relevance.store import Store, open_store

SAME = ("model_sha256", "method", "classes", "width")  # what a null shares with the store it is the null of


@dataclass(frozen=True)
class Explained:
    """The windows of a store that explain one class: `rows` (n,), ascending, which number them 0..n-1."""

    store: Store
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


def explained(store: Store, target: str) -> Explained:
    """The windows that explain class `target`. Raises `InputError` where there are none."""
    return Explained(store, store.explained(target))


@contextmanager
def open_null(path: Path | None, of: Store, target: str) -> Iterator[Explained | None]:
    """The shuffled windows that are the null of store `of`, or None without a `path`.

    Raises `InputError` for a store of real windows, or of another model or method.
    """
    if path is None:
        yield None
        return
    with open_store(path) as null:
        if not null.attrs["source"].get("shuffled"):
            raise InputError(f"{path} explains real windows; make a null with `lrpgen explain --shuffled N`")
        for key in SAME:
            if null.attrs.get(key) != of.attrs.get(key):
                raise InputError(f"{path} differs from {of.path} in {key}; explain the shuffles as the windows were")
        yield explained(null, target)
