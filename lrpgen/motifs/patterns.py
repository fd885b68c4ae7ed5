"""Patterns: seqlets that look alike, grouped by TF-MoDISco (modisco-lite), then oriented, merged, trimmed by us.

From modisco-lite come only the places of each pattern; every matrix is counted again from the windows, so that
the exports agree with the genome base by base.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..cache import use_numba_cache
from ..errors import MissingFeatureError
from . import matrices
from .frames import Frame, alignment, realigned
from .kernels import keep_kernels

MIN_SEQLETS = 50  # below, TF-MoDISco's neighbour graph has nothing to cluster
MAX_SEQLETS = 20_000  # the strongest; TF-MoDISco's own limit per sign
HALF = 20  # bases either side of a seqlet's centre that are compared: 41 in all, as TFMoDISco() takes
TRIM_TO, FLANK = 30, 10  # width a pattern is first trimmed to and grown by, as in TFMoDISco()
PAD = HALF + FLANK  # neutral columns beside each window, so that seqlets at its ends are not lost
LEIDEN_RUNS = 10  # of 50 by default: a quarter of the time; on one simulation 279 seqlets of 300 instead of 273
REACH = 8  # bases a place may move when a pattern is realigned
MIN_SUPPORT = 20  # seqlets of a pattern (TF-MoDISco's smallest final cluster)
MIN_BITS, CORE = 3.0, 10  # bits beyond chance in the best 10 columns: chance clusters stay below, GT alone has 4
SAME = 0.95  # cosine of two CWMs, either way round, from which two patterns are one


@dataclass(frozen=True)
class Pattern:
    """One pattern: name (pos_0, neg_1), sign ("+" or "-"), its places, and (4, W) matrices over them."""

    name: str
    sign: str
    frame: Frame
    pfm: np.ndarray
    cwm: np.ndarray
    hypothetical_cwm: np.ndarray

    @property
    def seqlets(self) -> int:
        return len(self.frame)

    @property
    def mean_relevance(self) -> float:
        """Mean over the seqlets of the relevance that lies in the pattern."""
        return float(self.cwm.sum())


@dataclass(frozen=True)
class Windows:
    """What patterns are found in: onehot (N, 4, L), contributions = onehot * relevance, hypothetical, (4,) bases."""

    onehot: np.ndarray
    contributions: np.ndarray
    hypothetical: np.ndarray
    background: np.ndarray

    @classmethod
    def of(cls, onehot: np.ndarray, relevance: np.ndarray, multipliers: np.ndarray | None) -> Windows:
        contributions = onehot.astype(np.float32) * relevance[:, None].astype(np.float32)
        hypothetical = contributions if multipliers is None else multipliers.astype(np.float32)
        return cls(onehot, contributions, hypothetical, matrices.background(onehot))

    @property
    def length(self) -> int:
        return self.onehot.shape[2]


def find_patterns(
    seqlets: pd.DataFrame, windows: Windows, sign: str, *, seed: int = 1
) -> tuple[list[Pattern], list[str]]:
    """Patterns of the seqlets of one `sign`, largest first, and notes for people.

    `seqlets` as from `call_seqlets`. Each pattern reads in the direction most of its seqlets have. Fewer than
    MIN_SEQLETS give no patterns and a note. Raises `MissingFeatureError` without the `motifs` extra.
    """
    word, prefix = ("positive", "pos") if sign == "+" else ("negative", "neg")
    chosen = spaced(seqlets.loc[seqlets["sign"] == sign])
    if len(chosen) < MIN_SEQLETS:
        return [], [f"{len(chosen)} {word} seqlets are too few to group into patterns (at least {MIN_SEQLETS})"]
    frames, note = _modisco(chosen, windows, sign, seed)
    if note:
        return [], [f"no {word} patterns: {note}"]
    trimmed = [_trimmed(realigned(_trimmed(f, windows), windows.contributions, REACH), windows) for f in frames]
    merged = [_trimmed(frame, windows).inside(windows.length) for frame in _merged(trimmed, windows)]
    frames = sorted((frame for frame in merged if _holds(frame, windows)), key=lambda frame: -len(frame))
    notes = []
    if len(frames) < len(merged):
        notes.append(f"groups of {word} seqlets left out as no more alike than by chance: {len(merged) - len(frames)}")
    if not frames:
        notes.append(f"{len(chosen)} {word} seqlets share no pattern")
    return [_pattern(f"{prefix}_{i}", sign, frame, windows) for i, frame in enumerate(frames)], notes


def spaced(seqlets: pd.DataFrame) -> pd.DataFrame:
    """The strongest seqlets at least HALF bases apart (centres): of neighbours that would be compared twice, one."""
    order = seqlets.assign(strength=-seqlets["relevance"].abs(), centre=(seqlets["start"] + seqlets["end"]) // 2)
    order = order.sort_values(["strength", "window", "start"], kind="stable")
    taken: dict[int, list[int]] = {}
    kept = []
    for index, window, centre in zip(order.index, order["window"], order["centre"], strict=True):
        others = taken.setdefault(window, [])
        if all(abs(centre - other) >= HALF for other in others):
            others.append(centre)
            kept.append(index)
    return order.loc[kept[:MAX_SEQLETS]]


def _modisco(chosen: pd.DataFrame, windows: Windows, sign: str, seed: int) -> tuple[list[Frame], str]:
    core, tfmodisco = _modules()
    rows, local = np.unique(chosen["window"].to_numpy(dtype=int), return_inverse=True)
    tracks = core.TrackSet(
        _track(windows.onehot[rows], neutral=0.25),
        _track(windows.contributions[rows]),
        _track(windows.hypothetical[rows]),
    )
    starts = chosen["centre"].to_numpy(dtype=int) - HALF + PAD
    coordinates = [
        core.Seqlet(int(window), int(start), int(start) + 2 * HALF + 1, False)
        for window, start in zip(local, starts, strict=True)
    ]
    try:
        with _seeded(seed), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its empty columns divide by zero, and it forks beside torch's threads
            found = tfmodisco.seqlets_to_patterns(
                seqlets=tracks.create_seqlets(coordinates),
                track_set=tracks,
                track_signs=1 if sign == "+" else -1,
                trim_to_window_size=TRIM_TO,
                initial_flank_to_add=FLANK,
                n_leiden_runs=LEIDEN_RUNS,
            )
    except (IndexError, ValueError, ZeroDivisionError) as error:
        # Seqlets with nothing in common leave modisco-lite an empty graph, which it does not check for.
        return [], f"modisco-lite could not group {len(chosen)} seqlets ({type(error).__name__}: {error})"
    return [_frame(pattern, rows) for pattern in found or []], ""


def _modules() -> tuple[Any, Any]:
    use_numba_cache()
    try:
        from modiscolite import affinitymat, aggregator, core, gapped_kmer, tfmodisco, util
    except ImportError as error:
        raise MissingFeatureError(
            "finding patterns needs modisco-lite, which is not installed; run: pip install 'lrpgen[motifs]'"
        ) from error
    keep_kernels(affinitymat, aggregator, gapped_kmer, util)
    return core, tfmodisco


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """modisco-lite seeds its own choices; what falls through to numpy's global generator is seeded here."""
    state = np.random.get_state()
    np.random.seed(seed % 2**32)
    try:
        yield
    finally:
        np.random.set_state(state)


def _track(array: np.ndarray, neutral: float = 0.0) -> np.ndarray:
    """float32 (N, L + 2 PAD, 4), the layout modisco-lite's kernels want; bases that are unknown get `neutral`."""
    padded = np.pad(array.astype(np.float32), ((0, 0), (0, 0), (PAD, PAD)))
    if neutral:
        padded += neutral * (padded.sum(axis=1, keepdims=True) == 0)
    return np.ascontiguousarray(padded.transpose(0, 2, 1), dtype=np.float32)


def _frame(pattern: Any, rows: np.ndarray) -> Frame:
    places = [(s.example_idx, s.start - PAD, bool(s.is_revcomp)) for s in pattern.seqlets]
    window, start, reverse = (np.array(column) for column in zip(*places, strict=True))
    return Frame(rows[window], start, reverse, len(pattern))


def _merged(frames: list[Frame], windows: Windows) -> list[Frame]:
    """Join patterns that are one (with few seqlets modisco-lite leaves the two directions of a motif apart).

    Each result is turned so that most of its places read along their window's own strand.
    """
    kept: list[Frame] = []
    for frame in sorted(frames, key=lambda f: -len(f)):
        cwm = frame.read(windows.contributions).mean(axis=0)
        for i, other in enumerate(kept):
            score, offset, reverse = alignment(other.read(windows.contributions).mean(axis=0), cwm)
            if score >= SAME:
                turned = frame.flip() if reverse else frame
                kept[i] = other.join(turned.cut(-offset, other.width - offset))
                break
        else:
            kept.append(frame)
    return [frame.flip() if frame.reverse.sum() * 2 > len(frame) else frame for frame in kept]


def _trimmed(frame: Frame, windows: Windows) -> Frame:
    """Cut to the columns that carry the pattern."""
    pfm = frame.read(windows.onehot).sum(axis=0)
    cwm = frame.read(windows.contributions).mean(axis=0)
    return frame.cut(*matrices.trim_bounds(pfm, cwm, windows.background))


def _holds(frame: Frame, windows: Windows) -> bool:
    pfm = frame.read(windows.onehot).sum(axis=0)
    return len(frame) >= MIN_SUPPORT and matrices.best_bits(pfm, windows.background, CORE) >= MIN_BITS


def _pattern(name: str, sign: str, frame: Frame, windows: Windows) -> Pattern:
    return Pattern(
        name=name,
        sign=sign,
        frame=frame,
        pfm=frame.read(windows.onehot).sum(axis=0, dtype=np.int64),
        cwm=frame.read(windows.contributions).mean(axis=0),
        hypothetical_cwm=frame.read(windows.hypothetical).mean(axis=0),
    )
