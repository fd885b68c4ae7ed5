"""Where positions in a window are counted from: the splice boundary where there is one, else the window's middle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..sequences.splice import Frame

SHOWN = 60  # bases of a wide window that are drawn at first
# What a window's name begins with -> the kind of its site; decoys are placed like the sites they stand in for.
KIND = {"donor": "donor", "acceptor": "acceptor", "decoy-GT": "donor", "decoy-AG": "acceptor"}


@dataclass(frozen=True)
class Origin:
    """Base `index` of the window is +1, the one before it -1. `boundary`: exon and intron meet there."""

    index: int
    boundary: bool

    @property
    def what(self) -> str:
        return "the splice boundary" if self.boundary else "the middle of the window"


def frame_of(source: str, summary: dict[str, Any], width: int) -> Frame | None:
    """The frame of splice-site windows, from the summary of `lrpgen windows`; None for other windows."""
    if source != "splice-sites":
        return None
    frame = summary.get("frame")
    return Frame.of(frame["exon"], frame["intron"]) if frame else Frame.centred(width)


def origins(names: np.ndarray, frame: Frame | None, width: int) -> np.ndarray:
    """int64 (N,): index of base +1 in each window; -1 where no boundary is known. names (N,)."""
    if frame is None:
        return np.full(len(names), -1)
    kinds = [KIND.get(str(name).split(":", 1)[0]) for name in names]
    return np.array([-1 if kind is None else frame.before[kind] for kind in kinds], dtype=np.int64)


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
