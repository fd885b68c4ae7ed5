"""Where positions in a window are counted from: the splice boundary where there is one, else the window's middle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SHOWN = 60  # bases of a wide window that are drawn at first


@dataclass(frozen=True)
class Origin:
    """Base `index` of the window is +1, the one before it -1. `boundary`: exon and intron meet there."""

    index: int
    boundary: bool

    @property
    def what(self) -> str:
        return "the splice boundary" if self.boundary else "the middle of the window"


def common_origin(indices: np.ndarray, width: int) -> Origin:
    """The one origin that all windows share; the middle where they have none or several."""
    found = np.unique(indices)
    if len(found) == 1 and found[0] >= 0:
        return Origin(int(found[0]), boundary=True)
    return Origin(width // 2, boundary=False)


def shown(origin: int, width: int) -> slice:
    """The SHOWN bases around `origin`, moved where the window ends before."""
    first = min(max(0, origin - SHOWN // 2), max(0, width - SHOWN))
    return slice(first, min(width, first + SHOWN))
