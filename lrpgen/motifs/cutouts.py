"""Cut-outs: the stretches around the seqlets that are grouped, and nothing else of the windows they come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .frames import Frame
from .reading import Explained
from .seqlets import check_finite

HALF = 20  # bases either side of a seqlet's centre that are compared: 41 in all, as TFMoDISco() takes
REACH = 60  # bases either side of the centre that are kept: HALF, a shift by as much, and flanks to realign in
MAX_SEQLETS = 20_000  # the strongest; TF-MoDISco's own limit per sign


@dataclass(frozen=True)
class Cutouts:
    """One stretch of W = 2 REACH + 1 bases for each seqlet, its centre at column REACH, 5'->3' of its window.

    onehot int8, contributions (onehot * relevance) and hypothetical float32, all (n, 4, W), zero past the window's ends;
    window (n,) and start (n,) say where column 0 lies, `length` how long windows are; background (4,) shares of bases.
    Frames over cut-outs count their rows as windows.
    """

    onehot: np.ndarray
    contributions: np.ndarray
    hypothetical: np.ndarray
    window: np.ndarray
    start: np.ndarray
    length: int
    background: np.ndarray

    def __len__(self) -> int:
        return len(self.window)

    @property
    def width(self) -> int:
        return self.onehot.shape[2]

    def inside(self, frame: Frame) -> Frame:
        """The places of `frame` that lie within both their cut-out and their window."""
        start = frame.start + self.start[frame.window]
        within = (start >= 0) & (start + frame.width <= self.length)
        return frame.take(within & (frame.start >= 0) & (frame.start + frame.width <= self.width))

    def places(self, frame: Frame) -> Frame:
        """`frame` over cut-outs as a frame over the windows themselves."""
        start = frame.start + self.start[frame.window]
        return Frame(self.window[frame.window], start, frame.reverse, frame.width)

    def apart(self, frame: Frame) -> Frame:
        """`frame` without places that share half their width with one before them: two seqlets of one instance."""
        seen: dict[int, list[int]] = {}
        kept = []
        places = self.places(frame)
        for row, (window, start) in enumerate(zip(places.window.tolist(), places.start.tolist(), strict=True)):
            others = seen.setdefault(window, [])
            if all(2 * abs(start - other) > frame.width for other in others):
                others.append(start)
                kept.append(row)
        return frame.take(np.array(kept, dtype=int))


def spaced(seqlets: pd.DataFrame) -> pd.DataFrame:
    """The strongest MAX_SEQLETS at least HALF bases apart (centres): of neighbours that would be compared twice, one."""
    order = seqlets.assign(strength=-seqlets["relevance"].abs(), centre=(seqlets["start"] + seqlets["end"]) // 2)
    order = order.sort_values(["strength", "window", "start"], kind="stable")
    taken: dict[int, list[int]] = {}
    kept: list[int] = []
    for index, window, centre in zip(order.index, order["window"], order["centre"], strict=True):
        others = taken.setdefault(window, [])
        if all(abs(centre - other) >= HALF for other in others):
            others.append(centre)
            kept.append(index)
            if len(kept) == MAX_SEQLETS:
                break
    return order.loc[kept]


def cut_out(windows: Explained, seqlets: pd.DataFrame, background: np.ndarray) -> Cutouts:
    """Cut-outs of `seqlets` (as from `spaced`), in their order. Without multipliers in the store, the contributions
    stand for the hypothetical ones. Raises `InputError` naming the first window whose multipliers are not finite."""
    store, length = windows.store, windows.store.width
    window, start = (seqlets[column].to_numpy(dtype=int) for column in ("window", "centre"))
    start = start - REACH
    shape = (len(seqlets), 4, 2 * REACH + 1)
    onehot = np.zeros(shape, dtype=np.int8)
    contributions, hypothetical = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
    by_window = np.argsort(window, kind="stable")
    for part in np.split(by_window, range(1024, len(by_window), 1024)) if len(by_window) else ():
        numbers, local = np.unique(window[part], return_inverse=True)
        rows = windows.rows[numbers]
        letters = store.onehot(rows)
        found = letters * store.relevance(rows)[:, None].astype(np.float32)
        wished = store.multipliers(rows).astype(np.float32) if store.has("multipliers") else found
        if not np.isfinite(wished).all():
            check_finite(wished, store.column("name", rows).tolist(), "multipliers")
        at = Frame(local, start[part], np.zeros(len(part), dtype=bool), shape[2])
        onehot[part], contributions[part], hypothetical[part] = (at.read(array) for array in (letters, found, wished))
    return Cutouts(onehot, contributions, hypothetical, window, start, length, background)
