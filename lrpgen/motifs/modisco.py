"""TF-MoDISco's pattern stage (modisco-lite) behind a door: seqlets in, the places of each group out.

Its own seqlet caller, matrices and exports are not used. It brings leidenalg and igraph (GPL), so it is an extra.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..cache import use_numba_cache
from ..errors import MissingFeatureError
from .cutouts import HALF, REACH, Cutouts
from .frames import Frame
from .kernels import keep_kernels

TRIM_TO, FLANK = 30, 10  # width a pattern is first trimmed to and grown by, as in TFMoDISco()
LEIDEN_RUNS = 10  # of 50 by default: a quarter of the time; on one simulation 279 seqlets of 300 instead of 273


def group(cutouts: Cutouts, sign: str, seed: int) -> tuple[list[Frame], str]:
    """The groups of the seqlets of one `sign`, as frames over the cut-outs, and what kept it from grouping ("" if
    nothing). Raises `MissingFeatureError` without the extra `motifs`."""
    core, tfmodisco = _modules()
    tracks = core.TrackSet(
        _track(cutouts.onehot, neutral=0.25), _track(cutouts.contributions), _track(cutouts.hypothetical)
    )
    seqlets = [core.Seqlet(row, REACH - HALF, REACH + HALF + 1, False) for row in range(len(cutouts))]
    try:
        with _seeded(seed), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its empty columns divide by zero, and it forks beside torch's threads
            found = tfmodisco.seqlets_to_patterns(
                seqlets=tracks.create_seqlets(seqlets),
                track_set=tracks,
                track_signs=1 if sign == "+" else -1,
                trim_to_window_size=TRIM_TO,
                initial_flank_to_add=FLANK,
                n_leiden_runs=LEIDEN_RUNS,
            )
    except (IndexError, ValueError, ZeroDivisionError) as error:
        # Seqlets with nothing in common leave modisco-lite an empty graph, which it does not check for.
        return [], f"modisco-lite could not group {len(cutouts)} seqlets ({type(error).__name__}: {error})"
    return [_frame(pattern) for pattern in found or []], ""


def check_installed() -> None:
    """Raises `MissingFeatureError` without the extra."""
    if find_spec("modiscolite") is None:
        raise MissingFeatureError(
            "this grouping needs modisco-lite, which is not installed; run: pip install 'lrpgen[modisco]', or choose greedy"
        )


def _modules() -> tuple[Any, Any]:
    check_installed()
    use_numba_cache()
    from modiscolite import affinitymat, aggregator, core, gapped_kmer, tfmodisco, util

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
    """float32 (n, W, 4), the layout modisco-lite's kernels want; bases that are unknown get `neutral`."""
    track = array.astype(np.float32)
    if neutral:
        track += neutral * (track.sum(axis=1, keepdims=True) == 0)
    return np.ascontiguousarray(track.transpose(0, 2, 1))


def _frame(pattern: Any) -> Frame:
    places = [(s.example_idx, s.start, bool(s.is_revcomp)) for s in pattern.seqlets]
    window, start, reverse = (np.array(column) for column in zip(*places, strict=True))
    return Frame(window, start, reverse, len(pattern))
