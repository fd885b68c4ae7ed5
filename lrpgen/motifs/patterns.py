"""Patterns: seqlets that look alike, grouped by `grouping` or by TF-MoDISco, then oriented, merged and trimmed.

The groups are only places; every matrix is counted again from the windows, so that the exports agree with the genome
base by base.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import InputError
from . import matrices, modisco
from .cutouts import Cutouts
from .frames import Frame, alignment, realigned
from .grouping import SAME, group
from .seqlets import PREFIXES, SIGNS
from .subpatterns import MIN_SUPPORT, split

MIN_SEQLETS = 50  # below, TF-MoDISco's neighbour graph has nothing to cluster
REACH = 8  # bases a place may move when a pattern is realigned
MIN_BITS, CORE = 3.0, 10  # bits beyond chance in the best 10 columns: chance clusters stay below, GT alone has 4
GROUPINGS = (GROUPING := "greedy", "modisco")


@dataclass(frozen=True)
class Reads:
    """What lies at the places of a pattern, turned to its direction: onehot int8, contributions and hypothetical
    float32, all (n, 4, W)."""

    onehot: np.ndarray
    contributions: np.ndarray
    hypothetical: np.ndarray

    def take(self, rows: np.ndarray) -> Reads:
        return Reads(self.onehot[rows], self.contributions[rows], self.hypothetical[rows])


@dataclass(frozen=True)
class Pattern:
    """One pattern: name (pos_0, neg_1), sign ("+" or "-"), its places in the windows of its class, and what lies there.

    subpatterns: named pos_0.0, pos_0.1, ..., at the same columns; none where the reads are all of one kind.
    """

    name: str
    sign: str
    frame: Frame
    reads: Reads
    subpatterns: tuple[Pattern, ...] = ()

    @property
    def seqlets(self) -> int:
        return len(self.frame)

    @cached_property
    def pfm(self) -> np.ndarray:
        """(4, W) counts of bases."""
        return self.reads.onehot.sum(axis=0, dtype=np.int64)

    @cached_property
    def cwm(self) -> np.ndarray:
        """(4, W) mean contributions."""
        return self.reads.contributions.mean(axis=0)

    @cached_property
    def hypothetical_cwm(self) -> np.ndarray:
        return self.reads.hypothetical.mean(axis=0)

    @property
    def mean_relevance(self) -> float:
        """Mean over the seqlets of the relevance that lies in the pattern."""
        return float(self.cwm.sum())


def find_patterns(
    cutouts: Cutouts, sign: str, *, grouping: str = GROUPING, seed: int = 1
) -> tuple[list[Pattern], list[str]]:
    """Patterns among the seqlets of one `sign`, largest first, and notes for people.

    `grouping`: "greedy" (ours, see `grouping`) or "modisco" (modisco-lite, of the extra `motifs`). Each pattern reads in
    the direction most of its seqlets have. Fewer than MIN_SEQLETS give no patterns and a note.
    Raises `MissingFeatureError` for "modisco" without the `motifs` extra.
    """
    word, prefix = SIGNS[sign], PREFIXES[sign]
    if len(cutouts) < MIN_SEQLETS:
        return [], [f"{len(cutouts)} {word} seqlets are too few to group into patterns (at least {MIN_SEQLETS})"]
    frames, note = _grouped(cutouts, sign, grouping, seed)
    if note:
        return [], [f"no {word} patterns: {note}"]
    trimmed = [_trimmed(realigned(_trimmed(f, cutouts), cutouts.contributions, REACH), cutouts) for f in frames]
    merged = [cutouts.inside(cutouts.apart(_trimmed(frame, cutouts))) for frame in _merged(trimmed, cutouts)]
    frames = sorted((frame for frame in merged if _holds(frame, cutouts)), key=lambda frame: -len(frame))
    notes = []
    if len(frames) < len(merged):
        notes.append(f"groups of {word} seqlets left out as no more alike than by chance: {len(merged) - len(frames)}")
    if not frames:
        notes.append(f"{len(cutouts)} {word} seqlets share no pattern")
    return [_pattern(f"{prefix}_{i}", sign, frame, cutouts, seed) for i, frame in enumerate(frames)], notes


def check_grouping(grouping: str) -> None:
    """Before any work. Raises `InputError` for an unknown one, `MissingFeatureError` for one not installed."""
    if grouping not in GROUPINGS:
        raise InputError(f"there is no grouping {grouping!r}; choose one of {', '.join(GROUPINGS)}")
    if grouping == "modisco":
        modisco.check_installed()


def _grouped(cutouts: Cutouts, sign: str, grouping: str, seed: int) -> tuple[list[Frame], str]:
    if grouping == "modisco":
        return modisco.group(cutouts, sign, seed)
    return group(cutouts.contributions, seed=seed), ""


def _merged(frames: list[Frame], cutouts: Cutouts) -> list[Frame]:
    """Join patterns that are one (with few seqlets modisco-lite leaves the two directions of a motif apart).

    Each result is turned so that most of its places read along their window's own strand.
    """
    kept: list[Frame] = []
    for frame in sorted(frames, key=lambda f: -len(f)):
        cwm = frame.read(cutouts.contributions).mean(axis=0)
        for i, other in enumerate(kept):
            score, offset, reverse = alignment(other.read(cutouts.contributions).mean(axis=0), cwm)
            if score >= SAME:
                turned = frame.flip() if reverse else frame
                kept[i] = cutouts.apart(other.join(turned.cut(-offset, other.width - offset)))
                break
        else:
            kept.append(frame)
    return [frame.flip() if frame.reverse.sum() * 2 > len(frame) else frame for frame in kept]


def _trimmed(frame: Frame, cutouts: Cutouts) -> Frame:
    """Cut to the columns that carry the pattern."""
    pfm = frame.read(cutouts.onehot).sum(axis=0)
    cwm = frame.read(cutouts.contributions).mean(axis=0)
    return frame.cut(*matrices.trim_bounds(pfm, cwm, cutouts.background))


def _holds(frame: Frame, cutouts: Cutouts) -> bool:
    pfm = frame.read(cutouts.onehot).sum(axis=0)
    return len(frame) >= MIN_SUPPORT and matrices.best_bits(pfm, cutouts.background, CORE) >= MIN_BITS


def _pattern(name: str, sign: str, frame: Frame, cutouts: Cutouts, seed: int) -> Pattern:
    places = cutouts.places(frame)
    reads = Reads(*(frame.read(array) for array in (cutouts.onehot, cutouts.contributions, cutouts.hypothetical)))
    kinds = split(reads.contributions, seed=seed)
    parts = [Pattern(f"{name}.{i}", sign, places.take(rows), reads.take(rows)) for i, rows in enumerate(kinds)]
    return Pattern(name, sign, places, reads, tuple(parts) if len(parts) > 1 else ())
