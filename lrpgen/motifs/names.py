"""Names for patterns: which known motifs they look like (Tomtom), and whether that means anything.

Paper: Tomtom (Gupta et al. 2007) gives the chance that columns drawn from the library, one independently of the other,
match a pattern as well. Real matrices are not drawn that way: they have runs (of pyrimidines, of A), and so a run
matches something by that measure almost always; 18 bases of a made-up pyrimidine tract "are" PRDM9 with E = 4e-5.
Nor are they alike in every column: a degenerate stretch beside a short core (a tract and AG) matches CTCF's two cores
with the gap between them at q = 0.002. Ours: so a name must also beat two kinds of shuffles of the pattern itself: its
columns in random order, which keep its composition, and the letters of each column in random order, which keep how
much information stands where. A pattern that matches no better than both is one that says too little to be named.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..cache import use_numba_cache
from ..errors import InputError, MissingFeatureError
from ..progress import progress
from . import matrices
from .matrixfile import Known, Library, open_jaspar, read_jaspar, read_meme

MAX_Q = 0.05
TOP = 3  # matches that every pattern shows, significant or not
SHUFFLES = 999  # of each kind: the smallest p-value is 1/1000
FEW = 50  # targets below which Tomtom's background is too thin (as MEME's tomtom warns)
BLOCK = 111  # shuffles compared at a time

COLUMNS = (
    "pattern", "rank", "target", "name", "p", "q", "p_shuffled", "q_shuffled", "named", "offset", "orientation",
    "overlap", "target_length", "target_consensus",
)  # fmt: skip
SUMMARY = ("name", "target", "p", "q", "q_shuffled", "offset", "orientation", "overlap", "matches")


@dataclass(frozen=True)
class Naming:
    """Where names come from: "jaspar" (with release, None = the newest, and taxon group), a MEME file, or "none"."""

    source: str | os.PathLike[str] = "jaspar"
    release: str | None = None
    taxon: str = "vertebrates"
    max_q: float = MAX_Q

    def open(self) -> Callable[[], tuple[Library, Library | None]] | None:
        """Check everything that could be wrong; the function returned reads the library and its filler (see below).

        None when no names are wanted. Raises as `open_jaspar` and `read_meme` do, and `InputError` for a bad `max_q`.
        """
        if not 0 < self.max_q <= 1:
            raise InputError(f"the largest q of a name must be above 0 and at most 1, not {self.max_q}")
        if self.source == "none":
            return None
        check_tomtom()
        if self.source != "jaspar":
            library = read_meme(self.source)
            return lambda: (library, _filler() if len(library.motifs) < FEW else None)
        database = open_jaspar(self.release, self.taxon)
        return lambda: (read_jaspar(database, self.taxon), None)


def _filler() -> Library:
    return read_jaspar(open_jaspar())


def name_patterns(
    ppms: Mapping[str, np.ndarray],
    library: Library,
    *,
    filler: Library | None = None,
    max_q: float = MAX_Q,
    seed: int = 1,
) -> pd.DataFrame:
    """Matches of patterns `ppms` (name -> (4, W) probabilities) in `library`, best first within each pattern.

    One row per match with COLUMNS: all with q <= `max_q`, and the best TOP of every pattern. p is Tomtom's, of the best
    offset and orientation; q is Benjamini-Hochberg's over all patterns times all targets. p_shuffled is the share of
    SHUFFLES shuffles of the pattern whose best match of all targets has a p as low, of the two kinds the larger;
    q_shuffled is Benjamini-Hochberg's over the patterns, each with its best match and this one with this match. Both
    are NaN for patterns without any q <= `max_q`, which count as 1. `named` where both q are <= `max_q`. Column 0 of
    the pattern lies on column `offset` of the target, turned over where orientation is "-".
    `filler` matrices only thicken Tomtom's background when the library has fewer than FEW motifs.
    """
    if not ppms:
        return pd.DataFrame(columns=list(COLUMNS))
    targets = [known.ppm for known in library.motifs]
    count = len(targets)
    if count < FEW and filler is not None:
        targets = targets + [known.ppm for known in filler.motifs]
    names, queries = list(ppms), [np.ascontiguousarray(ppm, dtype=np.float64) for ppm in ppms.values()]
    p, _, offsets, overlaps, strands = _tomtom(queries, targets)[:, :, :count]
    q = adjusted(p.ravel()).reshape(p.shape)
    p_shuffled = np.full(p.shape, np.nan)
    with progress("names", len(names), "patterns") as advance:
        for i, query in enumerate(queries):
            if q[i].min() <= max_q:
                nulls = _nulls(query, targets, count, np.random.default_rng([seed, i]))
                p_shuffled[i] = (1 + (nulls[:, None] <= p[i][:, None]).sum(axis=2)).max(axis=0) / (1 + SHUFFLES)
            advance(1)
    best = np.nan_to_num(p_shuffled, nan=1.0).min(axis=1)
    rows: list[dict[str, Any]] = []
    for i, name in enumerate(names):
        order = np.argsort(p[i], kind="stable")[: max(TOP, int((q[i] <= max_q).sum()))]
        for rank, j in enumerate(order.tolist(), start=1):
            others = np.where(np.arange(len(names)) == i, np.nan_to_num(p_shuffled[i, j], nan=1.0), best)
            q_shuffled = adjusted(others)[i] if q[i].min() <= max_q else np.nan
            rows.append(
                {
                    "pattern": name,
                    "rank": rank,
                    "p": short(p[i, j]),
                    "q": short(q[i, j]),
                    "p_shuffled": short(p_shuffled[i, j]),
                    "q_shuffled": short(q_shuffled),
                    "named": bool(q[i, j] <= max_q and q_shuffled <= max_q),
                    "offset": int(offsets[i, j]),
                    "orientation": "-" if strands[i, j] else "+",
                    "overlap": int(overlaps[i, j]),
                    **_about(library.motifs[j]),
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _about(known: Known) -> dict[str, str | int]:
    return {
        "target": known.id,
        "name": known.name,
        "target_length": known.ppm.shape[1],
        "target_consensus": matrices.consensus(known.ppm),
    }


def best_name(matches: pd.DataFrame, pattern: str) -> dict[str, Any] | None:
    """The match that names `pattern`, or None."""
    named = [row for row in _of(matches, pattern) if row["named"]]
    return named[0] if named else None


def described(matches: pd.DataFrame, pattern: str) -> dict[str, Any]:
    """What a pattern's row says of its `matches`, one value per SUMMARY: its name, "" when nothing names it, its best
    match whether it is a name or not, and the ids and names of the best TOP."""
    mine, named = _of(matches, pattern), best_name(matches, pattern)
    if not mine:
        return dict.fromkeys(SUMMARY)
    return {
        **{column: _json((named or mine[0])[column]) for column in SUMMARY[:-1]},
        "name": named["name"] if named else "",
        "matches": "; ".join(" ".join(dict.fromkeys((row["target"], row["name"]))) for row in mine[:TOP]),
    }


def _json(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value


def _of(matches: pd.DataFrame, pattern: str) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in matches.to_dict("records") if row["pattern"] == pattern]


def adjusted(p: np.ndarray) -> np.ndarray:
    """Benjamini-Hochberg q-values of `p` (n,)."""
    from scipy.stats import false_discovery_control

    return false_discovery_control(np.clip(p, 0, 1))


def check_tomtom() -> None:
    """Raises `MissingFeatureError` without memelite, before any work is done."""
    try:
        use_numba_cache()
        import memelite  # noqa: F401
    except ImportError as error:
        raise MissingFeatureError(
            "naming patterns needs memelite, which is not installed; run: pip install 'lrpgen[motifs]', "
            "or give none as --names"
        ) from error


def _nulls(query: np.ndarray, targets: list[np.ndarray], count: int, random: np.random.Generator) -> np.ndarray:
    """(2, SHUFFLES) lowest p-values over the first `count` targets: of `query` (4, W) with its columns in random order,
    and with the letters of each column in random order."""
    columns = np.stack([query[:, random.permutation(query.shape[1])] for _ in range(SHUFFLES)])
    letters = random.permuted(np.tile(query, (SHUFFLES, 1, 1)), axis=1)
    shuffled = [np.ascontiguousarray(matrix) for matrix in np.concatenate([columns, letters])]
    blocks = [shuffled[i : i + BLOCK] for i in range(0, len(shuffled), BLOCK)]
    lowest = [_tomtom(block, targets)[0, :, :count].min(axis=1) for block in blocks]
    return np.concatenate(lowest).reshape(2, SHUFFLES)


def _tomtom(queries: list[np.ndarray], targets: list[np.ndarray]) -> np.ndarray:
    """(5, queries, targets): p, score, offset, overlap, strand (1 = the target is turned over)."""
    check_tomtom()
    import warnings

    from memelite import tomtom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few targets: said once, in people's words, by the caller
        return tomtom(queries, targets, n_jobs=1)


def short(value: float) -> float:
    """Four digits: what tables show."""
    return float(f"{value:.4g}")
