"""Hits: every instance of every pattern in explained windows or along a genome, with an error rate. Ours; see `scan`.

An instance is letters and relevance together, so there are two nulls, and a hit must beat both: the same stretches with
their letters in random order under the relevance as it is, and with their relevance in random order over the letters as
they are. Windows are shuffled whole, genomes in pieces of `sources.PIECE` bases. p is the share of null places that score
as high, q Benjamini-Hochberg's over all places and both strands, pattern by pattern; the larger q of the two counts.
What is searched is read twice, block by block: memory follows the hits, not the genome.
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
from ..files import atomic, check_output, write_json
from ..progress import say
from ..relevance.store import open_store
from .qvalues import MAX_Q, check_max_q
from .scan import BINS, Places, Template, binned, read_templates, scan
from .seqlets import to_genome
from .sources import BASES, Block, Source, Track, Windows

NULL_BASES = 5_000_000  # at least so many bases make up each null, in whole rounds over all there is
BED_SCORE = 1000  # of a score of 1
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
        """(BINS + 1,) q-value of each binned score; infinite for score 0, which is no hit."""
        real, null = (np.cumsum(counts[..., ::-1], axis=-1)[..., ::-1] for counts in (self.real, self.null))
        p = (1 + null.max(axis=0)) / (1 + self.null_places)
        q = np.minimum.accumulate(np.minimum(p * self.places / np.maximum(real, 1), 1))
        return np.where(np.arange(BINS + 1) > 0, q, np.inf)


def find_hits(
    store: str | os.PathLike[str],
    patterns: str | os.PathLike[str],
    target: str,
    output: str | os.PathLike[str],
    *,
    max_q: float = MAX_Q,
    seed: int = 1,
) -> dict[str, Any]:
    """Instances in the windows of `store` that explain class `target`: `output` (BED6+7, see docs/formats.md) and the
    summary beside it (.json), which is returned.

    `patterns`: a patterns.h5 of `lrpgen motifs`, or its folder. Hits that share half of the shorter's bases compete,
    across patterns, strands and overlapping windows: the higher score stays.
    Raises `InputError` for files that are something else, an unknown class or one without windows, a bad `max_q`.
    """
    _check(output, max_q)
    templates = read_templates(patterns)
    with open_store(Path(store)) as opened:
        return _search(Windows(opened, target), templates, Path(output), max_q, seed)


def find_track_hits(
    track: str | os.PathLike[str],
    genome: str | os.PathLike[str],
    patterns: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    max_q: float = MAX_Q,
    seed: int = 1,
) -> dict[str, Any]:
    """The same along a genome: relevance from a bigWig of `lrpgen tracks`, letters from the FASTA it was made from.

    Raises `InputError` as `find_hits` does, and for contigs that differ between track and FASTA.
    """
    _check(output, max_q)
    templates = read_templates(patterns)
    widest = max((template.width for template in templates), default=1)
    return _search(Track(Path(track), Path(genome), widest), templates, Path(output), max_q, seed)


def _check(output: str | os.PathLike[str], max_q: float) -> None:
    check_max_q(max_q, "hit")
    if Path(output).suffix == ".json":
        raise InputError(f"{output} would be the summary's name; give hits a name that ends in .bed")
    check_output(output)


def _search(source: Source, templates: list[Template], output: Path, max_q: float, seed: int) -> dict[str, Any]:
    qs = [tally.q() for tally in _tally(source, templates, seed)]
    found = pd.concat([_empty(), *_emit(source, templates, qs, max_q)], ignore_index=True)
    hits = without_overlaps(found)
    before, kept = (Counter(table["pattern"].tolist()) for table in (found, hits))
    result = {
        **source.facts,
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
    _write(output, hits)
    write_json(output.with_suffix(".json"), result)
    return result


def _tally(source: Source, templates: list[Template], seed: int) -> list[Tally]:
    tallies = [Tally.empty() for _ in templates]
    rounds = -(-NULL_BASES // source.bases)
    for number, block in enumerate(source.blocks("scores and their null") if templates else ()):
        for i, places in scan(block.onehot, block.relevance, templates):
            inside = block.inside(templates[i].width)
            tallies[i].real += _counts(places, inside)
            tallies[i].places += 2 * int(inside.sum())
        _add_nulls(tallies, block, templates, rounds, np.random.default_rng([seed, number]))
    return tallies


def _add_nulls(
    tallies: list[Tally], block: Block, templates: list[Template], rounds: int, random: np.random.Generator
) -> None:
    """Count both nulls of a block, `rounds` times over; small blocks several rounds at once."""
    at_once = max(BASES // block.relevance.size, 1)
    for done in range(0, rounds, at_once):
        copies = min(at_once, rounds - done)
        letters, r, known = (
            np.tile(part, (copies, *[1] * (part.ndim - 1))) for part in (block.onehot, block.relevance, block.known)
        )
        order = _shuffled(known, random)
        shuffled = np.take_along_axis(letters, order[:, None], axis=2), r
        moved = letters, np.take_along_axis(r, order, axis=1)
        for null, pair in enumerate((shuffled, moved)):
            for i, places in scan(*pair, templates):
                inside = np.tile(block.inside(templates[i].width), (copies, 1))
                tallies[i].null[null] += _counts(places, inside)
                tallies[i].null_places += 2 * int(inside.sum()) * (null == 0)


def _shuffled(known: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(n, L) column numbers of each row of `known`, those of the known bases in random order among themselves."""
    keys = random.random(known.shape)
    order = np.tile(np.arange(known.shape[1]), (len(known), 1))
    places = np.argsort(~known, axis=1, kind="stable")  # known ones first, from left to right
    drawn = np.where(known, keys, np.inf).argsort(axis=1, kind="stable")
    np.put_along_axis(order, places, drawn, axis=1)
    return order


def _counts(places: Places, inside: np.ndarray) -> np.ndarray:
    return np.bincount(binned(places.score[:, inside]).ravel(), minlength=BINS + 1)


def _emit(source: Source, templates: list[Template], qs: list[np.ndarray], max_q: float) -> Iterator[pd.DataFrame]:
    """Hits of each block and pattern, in genome coordinates."""
    for block in source.blocks("hits") if any((q <= max_q).any() for q in qs) else ():
        for i, places in scan(block.onehot, block.relevance, templates):
            q = qs[i][binned(places.score)]
            turned, window, start = at = np.nonzero((q <= max_q) & block.inside(templates[i].width))
            if not len(start):
                continue
            end = start + templates[i].width
            table = to_genome(pd.DataFrame({"window": window, "start": start, "end": end}), block.regions)
            minus = (table["strand"] == "-").to_numpy() != (turned == 1)
            spans = zip(window, start, end, strict=True)
            yield table.assign(
                pattern=templates[i].name,
                score=np.round(places.score[at] * BED_SCORE).astype(int),
                strand=np.where(minus, "-", "+"),
                relevance=[block.relevance[w, s:e].sum() for w, s, e in spans],
                similarity=places.similarity[at],
                strength=places.strength[at],
                logodds=places.logodds[at],
                q=q[at],
                sign=templates[i].sign,
                window=block.regions["name"].to_numpy()[window],
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
