"""What motifs read of a relevance store: the windows that explain one class, some at a time, and their null."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..relevance.store import Store, open_store

STEP = 4096  # rows of a store read at a time
SAME = ("model_sha256", "method", "classes", "width")  # what a null shares with the store it is the null of


@dataclass(frozen=True)
class Explained:
    """The windows of a store that explain one class: `rows` (n,), ascending. Arrays are read by number 0..n-1."""

    store: Store
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def pick(self, read: Callable[[slice], np.ndarray], numbers: np.ndarray) -> np.ndarray:
        """`read` (a method of the store that takes a slice) of the windows `numbers`, which ascend and are not empty."""
        rows = self.rows[numbers]
        cuts = np.flatnonzero(np.diff(rows // STEP)) + 1
        return np.concatenate([read(slice(part[0], part[-1] + 1))[part - part[0]] for part in np.split(rows, cuts)])


def explained(store: Store, target: str) -> Explained:
    """The windows that explain class `target`. Raises `InputError` where there are none."""
    if target not in store.classes:
        raise InputError(f"{store.path} has no class {target!r}; choose one of {', '.join(store.classes)}")
    rows = np.flatnonzero(store.target == store.classes.index(target))
    if not len(rows):
        raise InputError(f"{store.path} explains no window for class {target!r}; explain some with `lrpgen explain`")
    return Explained(store, rows)


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
