"""Hits: every instance of every pattern in the windows a store explains, with an error rate. Ours; see `scan`.

An instance is letters and relevance together, so there are two nulls, and a hit must beat both: the same windows with
their letters in random order under the relevance as it is, and with their relevance in random order over the letters as
they are. p is the share of null places that score as high, q Benjamini-Hochberg's over all places and both strands,
pattern by pattern; the larger q of the two counts.
The store is read twice, block by block: memory follows the hits, not the windows.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import __version__
from ..errors import InputError
from ..files import atomic, write_json
from ..progress import progress, say
from ..relevance.store import Store, open_store
from .scan import BINS, Places, Template, binned, read_templates, scan
from .seqlets import check_finite, to_genome

MAX_Q = 0.05
BASES = 1 << 18  # of windows read and scanned at a time
NULL_BASES = 5_000_000  # at least so many bases make up each null, in whole rounds over all windows
COLUMNS = (
    "chrom", "start", "end", "pattern", "score", "strand", "relevance", "similarity", "strength", "logodds", "q", "sign",
    "window",
)  # fmt: skip


@dataclass
class Tally:
    """Of one pattern: places per binned score, real and null, and how many places there were."""

    real: np.ndarray  # (BINS + 1,)
    null: np.ndarray  # (2, BINS + 1): letters shuffled, relevance shuffled
    places: int = 0
    null_places: int = 0  # of each null

    @classmethod
    def empty(cls) -> Tally:
        return cls(np.zeros(BINS + 1, dtype=np.int64), np.zeros((2, BINS + 1), dtype=np.int64))

    def q(self) -> np.ndarray:
        """(BINS + 1,) q-value of each binned score; 1 for score 0, which is no hit."""
        real, null = (np.cumsum(counts[..., ::-1], axis=-1)[..., ::-1] for counts in (self.real, self.null))
        p = (1 + null.max(axis=0)) / (1 + self.null_places)
        q = np.minimum.accumulate(np.minimum(p * self.places / np.maximum(real, 1), 1))
        return np.where(np.arange(BINS + 1) > 0, q, 1.0)


def find_hits(
    store: str | os.PathLike[str],
    patterns: str | os.PathLike[str],
    target: str,
    output: str | os.PathLike[str],
    *,
    max_q: float = MAX_Q,
    seed: int = 1,
) -> dict[str, Any]:
    """Write `output` (BED6+7, see docs/formats.md) and the summary beside it (.json), which is returned.

    `patterns`: a patterns.h5 of `lrpgen motifs`, or its folder. Hits that share half of the shorter's bases compete,
    across patterns, strands and overlapping windows: the higher score stays.
    Raises `InputError` for files that are something else, an unknown class or one without windows, a bad `max_q`.
    """
    if not 0 < max_q <= 1:
        raise InputError(f"the largest q of a hit must be above 0 and at most 1, not {max_q}")
    if Path(output).suffix == ".json":
        raise InputError(f"{output} would be the summary's name; give hits a name that ends in .bed")
    templates = read_templates(patterns)
    with open_store(Path(store)) as opened:
        rows = explained_rows(opened, target)
        tallies = _tally(opened, rows, templates, seed)
        qs = [tally.q() for tally in tallies]
        found = pd.concat([_empty(), *_emit(opened, rows, templates, qs, max_q)], ignore_index=True)
    hits = without_overlaps(found)
    before, kept = (Counter(table["pattern"].tolist()) for table in (found, hits))
    result = {
        "target": target,
        "windows": len(rows),
        "max_q": max_q,
        "hits": len(hits),
        "patterns": [
            {
                "pattern": template.name,
                "hits": kept[template.name],
                "before_overlaps": before[template.name],
                "min_score": _min_score(q, max_q),
            }
            for template, q in zip(templates, qs, strict=True)
        ],
        "notes": [] if templates else ["there are no patterns to look for"],
        "seed": seed,
        "lrpgen_version": __version__,
    }
    for row in result["patterns"]:
        say(f"{row['pattern']}: {row['hits']:,} hits ({row['before_overlaps']:,} before overlaps were resolved)")
    _write(Path(output), hits)
    write_json(Path(output).with_suffix(".json"), result)
    return result


def explained_rows(store: Store, target: str) -> np.ndarray:
    """Rows of `store` that explain class `target`."""
    if target not in store.classes:
        raise InputError(f"{store.path} has no class {target!r}; choose one of {', '.join(store.classes)}")
    rows = np.flatnonzero(store.target == store.classes.index(target))
    if not len(rows):
        raise InputError(f"{store.path} explains no window for class {target!r}; explain some with `lrpgen explain`")
    return rows


def _blocks(store: Store, rows: np.ndarray, word: str) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(rows, onehot, relevance) of about BASES bases at a time."""
    step = max(BASES // store.width, 1)
    with progress(word, len(rows), "windows") as advance:
        for first in range(0, len(store), step):
            here = rows[(rows >= first) & (rows < first + step)]
            if len(here):
                block = slice(first, min(first + step, len(store)))
                relevance = store.relevance(block)[here - first]
                if not np.isfinite(relevance).all():
                    names = store.regions_slice(block)["name"].to_numpy()[here - first]
                    check_finite(relevance, names.tolist(), "relevance")
                yield here, store.onehot(block)[here - first], relevance
                advance(len(here))


def _tally(store: Store, rows: np.ndarray, templates: list[Template], seed: int) -> list[Tally]:
    tallies = [Tally.empty() for _ in templates]
    rounds = -(-NULL_BASES // (len(rows) * store.width))
    for number, (_, onehot, relevance) in enumerate(_blocks(store, rows, "scores and their null")):
        for i, places in scan(onehot, relevance, templates):
            tallies[i].real += _counts(places)
            tallies[i].places += places.score.size
        if templates:
            _add_nulls(tallies, onehot, relevance, templates, rounds, np.random.default_rng([seed, number]))
    return tallies


def _add_nulls(
    tallies: list[Tally],
    onehot: np.ndarray,
    relevance: np.ndarray,
    templates: list[Template],
    rounds: int,
    random: np.random.Generator,
) -> None:
    """Count both nulls of a block, `rounds` times over; small blocks several rounds at once."""
    at_once = max(BASES // relevance.size, 1)
    for done in range(0, rounds, at_once):
        copies = min(at_once, rounds - done)
        letters, r = np.tile(onehot, (copies, 1, 1)), np.tile(relevance, (copies, 1))
        order = random.random(r.shape).argsort(axis=1)
        shuffled = np.take_along_axis(letters, order[:, None], axis=2), r
        moved = letters, np.take_along_axis(r, order, axis=1)
        for null, pair in enumerate((shuffled, moved)):
            for i, places in scan(*pair, templates):
                tallies[i].null[null] += _counts(places)
                tallies[i].null_places += places.score.size * (null == 0)


def _counts(places: Places) -> np.ndarray:
    return np.bincount(binned(places.score).ravel(), minlength=BINS + 1)


def _emit(
    store: Store, rows: np.ndarray, templates: list[Template], qs: list[np.ndarray], max_q: float
) -> Iterator[pd.DataFrame]:
    """Hits of each block and pattern, in genome coordinates."""
    if not templates:
        return
    for here, onehot, relevance in _blocks(store, rows, "hits"):
        regions = store.regions_slice(slice(int(here[0]), int(here[-1]) + 1)).iloc[here - here[0]]
        for i, places in scan(onehot, relevance, templates):
            q = qs[i][binned(places.score)]
            turned, window, start = at = np.nonzero(q <= max_q)
            if not len(start):
                continue
            end = start + templates[i].width
            table = to_genome(pd.DataFrame({"window": window, "start": start, "end": end}), regions)
            minus = (table["strand"] == "-").to_numpy() != (turned == 1)
            yield table.assign(
                pattern=templates[i].name,
                score=binned(places.score)[at],
                strand=np.where(minus, "-", "+"),
                relevance=[relevance[w, s:e].sum() for w, s, e in zip(window, start, end, strict=True)],
                similarity=places.similarity[at],
                strength=places.strength[at],
                logodds=places.logodds[at],
                q=q[at],
                sign=templates[i].sign,
                window=regions["name"].to_numpy()[window],
                exact=places.score[at],
            )


def without_overlaps(found: pd.DataFrame) -> pd.DataFrame:
    """Hits sorted by place; of those that share half of the shorter's bases only the one with the highest score.

    Ties go to the larger |relevance|, then the left one, then the + strand, then the pattern's name.
    """
    found = found.assign(size=-found["relevance"].abs(), lower=-found["exact"].astype(float))
    found = found.sort_values(["lower", "size", "chrom", "start", "strand", "pattern"], kind="stable")
    longest = max((found["end"] - found["start"]).tolist(), default=1)
    taken: dict[tuple[str, int], list[tuple[int, int]]] = {}  # kept hits by contig and tile of `longest` bases
    kept = []
    for row, (chrom, start, end) in enumerate(zip(found["chrom"], found["start"], found["end"], strict=True)):
        tile = start // longest
        near = [span for t in (tile - 1, tile, tile + 1) for span in taken.get((chrom, t), [])]
        if all(2 * (min(end, e) - max(start, s)) < min(end - start, e - s) for s, e in near):
            taken.setdefault((chrom, tile), []).append((start, end))
            kept.append(row)
    hits = found.iloc[kept].sort_values(["chrom", "start", "end", "strand", "pattern"], kind="stable")
    return hits[list(COLUMNS)].reset_index(drop=True)


def _empty() -> pd.DataFrame:
    return pd.DataFrame(columns=[*COLUMNS, "exact"])


def _min_score(q: np.ndarray, max_q: float) -> float | None:
    good = np.flatnonzero(q <= max_q)
    return int(good[0]) / BINS if len(good) else None


def _write(path: Path, hits: pd.DataFrame) -> None:
    text = hits.assign(**{column: [f"{v:.4g}" for v in hits[column]] for column in COLUMNS[6:11]})
    with atomic(path) as tmp:
        text.to_csv(tmp, sep="\t", header=False, index=False)
