"""Names for patterns: which known motifs they look like (Tomtom), and whether that means anything.

Paper: Tomtom (Gupta et al. 2007) gives the chance that columns drawn from the library, one independently of the other,
match a pattern as well. Real matrices are not drawn that way: they have runs (of pyrimidines, of A), and so a run
matches something by that measure almost always; and a degenerate stretch beside a short core (a tract and AG) matches
the gap and a part of CTCF's long matrices at q < 1e-6. Ours: so a name must pass two more tests.
- `similarity`: the logos must look alike over all columns of both, not only where they overlap: SIMILAR of their
  cosine. Half a motif, or a motif and as much again beside it, has 0.71.
- Shuffles: the pattern's own columns in random order must seldom match any target as well; a run, or five
  strong letters in a long weak pattern, match something in most orders.
`benchmarks/names.py` measures what each is worth.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..cache import use_numba_cache
from ..errors import MissingFeatureError
from ..progress import progress
from . import matrices
from .matrixfile import Library, open_jaspar, read_jaspar, read_meme
from .qvalues import MAX_Q, adjusted, check_max_q

TOP = 3  # matches that every pattern shows, significant or not
SIMILAR = 0.8  # least cosine of a name: half a motif has 0.71, motifs seen in 20 sites 0.9 and more
SHUFFLES = 999  # the smallest p-value is 1/1000
FEW = 50  # targets below which Tomtom's background is too thin (as MEME's tomtom warns)
BLOCK = 111  # patterns compared at a time

COLUMNS = (
    "pattern", "rank", "target", "name", "p", "q", "similarity", "p_shuffled", "q_shuffled", "named", "offset",
    "orientation", "overlap", "target_length", "target_consensus",
)  # fmt: skip
SUMMARY = ("name", "target", "p", "q", "similarity", "q_shuffled", "offset", "orientation", "overlap", "matches")


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
        check_max_q(self.max_q, "name")
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
    SHUFFLES shuffles of the pattern's columns whose best match of all targets has a p as low; q_shuffled is
    Benjamini-Hochberg's over the patterns, each with its best match and this one with this match. Both are NaN for
    patterns without any match of q <= `max_q` and similarity >= SIMILAR, which count as 1. `named` where both q are
    <= `max_q` and similarity is >= SIMILAR. Column 0 of the pattern lies on column `offset` of the target, turned over
    where orientation is "-". `filler` matrices only thicken Tomtom's background when the library has fewer than FEW
    motifs.
    """
    if not ppms:
        return pd.DataFrame(columns=list(COLUMNS))
    targets = [known.ppm for known in library.motifs]
    count = len(targets)
    if count < FEW and filler is not None:
        targets = targets + [known.ppm for known in filler.motifs]
    queries = {name: np.asarray(ppm, dtype=np.float64) for name, ppm in ppms.items()}
    found = tomtom(list(queries.values()), targets)[:, :, :count]
    q = adjusted(found[0].ravel()).reshape(found[0].shape)
    tables = []
    with progress("names", len(queries), "patterns") as advance:
        for i, (name, query) in enumerate(queries.items()):
            table = _matches(query, library, found[:, i], q[i], max_q).assign(pattern=name)
            if len(similar := np.flatnonzero(table["similar"])):
                p_shuffled = _p_shuffled(table["p"].to_numpy(), query, targets, count, np.random.default_rng([seed, i]))
                table = table.assign(p_shuffled=p_shuffled, best=p_shuffled[similar].min())
            tables.append(table)
            advance(1)
    matches = pd.concat(tables, ignore_index=True)
    matches["q_shuffled"] = _among(matches)
    matches["named"] = matches["similar"] & (matches["q_shuffled"] <= max_q)
    for column in ("p", "q", "similarity", "p_shuffled", "q_shuffled"):
        matches[column] = matches[column].map(short)
    return matches.loc[:, list(COLUMNS)]


def similarity(pattern: np.ndarray, target: np.ndarray, offset: int, reverse: bool) -> float:
    """Cosine of two logos (`heights` of probabilities (4, W) and (4, V)) over the columns of both, at most 1.

    `offset` and `reverse` as Tomtom aligned them; a column without a partner counts as one that shares nothing.
    """
    from ..plots.pairs import aligned

    above, below = aligned(heights(pattern), heights(target), offset, reverse)
    norms = float(np.linalg.norm(above) * np.linalg.norm(below))
    return float((above * below).sum()) / norms if norms else 0.0


def heights(ppm: np.ndarray) -> np.ndarray:
    """Letter heights of probabilities (4, W) in bits, against even bases: a library's own background is not known."""
    share = np.maximum(ppm, 1e-12)
    return ppm * (2 + (ppm * np.log2(share)).sum(axis=0))


def _matches(query: np.ndarray, library: Library, found: np.ndarray, q: np.ndarray, max_q: float) -> pd.DataFrame:
    """The rows of one pattern, best first, before its shuffles; `similar` where q and similarity would make a name.

    `found` (5, targets) as from `tomtom`, `q` (targets,).
    """
    p, _, offsets, overlaps, strands = found
    order = np.argsort(p, kind="stable")[: max(TOP, int((q <= max_q).sum()))].tolist()
    rows = []
    for j in order:
        known, offset, reverse = library.motifs[j], int(offsets[j]), bool(strands[j])
        rows.append(
            {
                "target": known.id,
                "name": known.name,
                "similarity": similarity(query, known.ppm, offset, reverse),
                "offset": offset,
                "orientation": "-" if reverse else "+",
                "overlap": int(overlaps[j]),
                "target_length": known.ppm.shape[1],
                "target_consensus": matrices.consensus(known.ppm),
            }
        )
    table = pd.DataFrame(rows).assign(rank=range(1, len(order) + 1), p=p[order], q=q[order])
    return table.assign(
        similar=(table["q"] <= max_q) & (table["similarity"] >= SIMILAR), p_shuffled=np.nan, best=np.nan
    )


def _p_shuffled(
    p: np.ndarray, query: np.ndarray, targets: list[np.ndarray], count: int, random: np.random.Generator
) -> np.ndarray:
    """Share of shuffles of `query`'s columns that match one of the first `count` targets with each `p` (n,) or less."""
    nulls = lowest([query[:, random.permutation(query.shape[1])] for _ in range(SHUFFLES)], targets, count)
    return (1 + (nulls <= p[:, None]).sum(axis=1)) / (1 + SHUFFLES)


def _among(matches: pd.DataFrame) -> np.ndarray:
    """q_shuffled of each row: Benjamini-Hochberg over the `best` of every pattern, this row's own with its match."""
    best = matches.groupby("pattern", sort=False)["best"].first().fillna(1)
    own = best.index.to_numpy() == matches["pattern"].to_numpy()[:, None]
    values = np.where(own, matches["p_shuffled"].to_numpy()[:, None], best.to_numpy())
    q = adjusted(np.nan_to_num(values, nan=1.0), axis=1)[own]
    return np.where(matches["p_shuffled"].isna(), np.nan, q)


def best_name(matches: pd.DataFrame, pattern: str) -> dict[str, Any] | None:
    """The match that names `pattern`, of several the most similar, or None."""
    named = [row for row in _of(matches, pattern) if row["named"]]
    return max(named, key=lambda row: row["similarity"], default=None)


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


def lowest(queries: list[np.ndarray], targets: list[np.ndarray], count: int) -> np.ndarray:
    """Lowest p-value of each query over the first `count` targets, BLOCK queries at a time."""
    blocks = [queries[i : i + BLOCK] for i in range(0, len(queries), BLOCK)]
    return np.concatenate([tomtom(block, targets)[0, :, :count].min(axis=1) for block in blocks])


def tomtom(queries: list[np.ndarray], targets: list[np.ndarray]) -> np.ndarray:
    """(5, queries, targets): p, score, offset, overlap, strand (1 = the target is turned over)."""
    check_tomtom()
    import warnings

    from memelite import tomtom as compare

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few targets: said once, in people's words, by the caller
        return compare([np.ascontiguousarray(query) for query in queries], targets, n_jobs=1)


def short(value: float) -> float:
    """Four digits: what tables show."""
    return float(f"{value:.4g}")
