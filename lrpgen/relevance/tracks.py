"""Contig tracks from overlapping tiles: centre-weighted mean relevance, standard deviation and coverage.

Tiles come in genome order, so a base is final once the next tile starts behind it: memory holds one window's width and
a buffer, however long the contig. Bases that no tile covers get no value.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from ..bigwig import writing_bigwig
from ..errors import InputError
from ..files import atomic, write_json
from ..progress import progress
from ..sequences import Genome
from .gathering import check_shards
from .store import open_store

TRACKS = ("relevance", "sd", "coverage")
ROWS, ROWS_BYTES = 2048, 1 << 24  # tiles read at a time, and their relevance at most
FLUSH = 1 << 16  # bases buffered before they are written


def centre_weights(width: int) -> np.ndarray:
    """(width,) triangle from just above 0 at the edges to 1 in the middle, where a window sees most context."""
    return 1 - np.abs(np.arange(width) - (width - 1) / 2) / (width / 2)


@dataclass
class Pile:
    """Sums over the tiles at each base of one contig, from base `start` on; bases before it are written already."""

    start: int = 0
    sums: np.ndarray = field(default_factory=lambda: np.zeros((4, 0)))  # weight, weight*r, weight*r^2, count

    def add(self, start: int, r: np.ndarray, weights: np.ndarray) -> None:
        """r (width,) in genome orientation."""
        lack = start + len(r) - self.start - self.sums.shape[1]
        if lack > 0:
            self.sums = np.pad(self.sums, ((0, 0), (0, max(lack, FLUSH))))
        at = slice(start - self.start, start - self.start + len(r))
        self.sums[0, at] += weights
        self.sums[1, at] += weights * r
        self.sums[2, at] += weights * r * r
        self.sums[3, at] += 1

    def flush(self, end: int) -> dict[str, np.ndarray]:
        """Final values of the bases up to `end`, NaN where nothing covers; they leave the pile."""
        weight, first, second, count = self.sums[:, : end - self.start]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = first / weight
            sd = np.sqrt(np.maximum(second / weight - mean**2, 0))
        self.sums = self.sums[:, end - self.start :]
        self.start = end
        return {"relevance": mean, "sd": sd, "coverage": np.where(count > 0, count, np.nan)}


def runs(values: np.ndarray, offset: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(starts, ends, values) of maximal runs of equal float32 values; NaN bases are left out."""
    values = values.astype(np.float32)
    if len(values) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64), values
    change = np.flatnonzero((values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))) + 1
    starts = np.concatenate([[0], change])
    ends = np.concatenate([change, [len(values)]])
    kept = ~np.isnan(values[starts])
    return starts[kept] + offset, ends[kept] + offset, values[starts[kept]]


def write_tracks(shards: list[Path], genome: Path, prefix: Path) -> dict[str, Any]:
    """Write `prefix`.{relevance,sd,coverage}.bw, .relevance.bedgraph.gz and .json from stores of tiles, in tile order.

    Raises
    ------
    InputError : shards that are missing, out of order or made in different ways, without tiles, or of another genome.
    """
    attrs = check_shards(shards)
    if "stride" not in attrs["source"]:
        raise InputError(f"{shards[0]} holds windows, not tiles of a genome; make it with `lrpgen explain --genome`")
    with Genome(genome) as source:
        contigs = source.contigs
    made = {"target": attrs["target"], "stride": attrs["source"]["stride"], "method": attrs["method"]}
    summary: dict[str, Any] = {"windows": 0, "contigs": contigs, "covered_bases": 0, "zero_bases": 0, **made}
    with ExitStack() as stack:
        text = stack.enter_context(_bedgraph(_with(prefix, ".relevance.bedgraph.gz")))
        files = {name: stack.enter_context(writing_bigwig(_with(prefix, f".{name}.bw"), contigs)) for name in TRACKS}
        for chrom, start, values in _pieces(shards, contigs, summary):
            found = {name: runs(values[name], start) for name in TRACKS}
            for name in TRACKS:
                files[name].add(chrom, *found[name])
            _count(summary, *found["relevance"])
            columns = (column.tolist() for column in found["relevance"])
            text.writelines(f"{chrom}\t{s}\t{e}\t{v:.6g}\n" for s, e, v in zip(*columns, strict=True))
        if not summary["windows"]:
            raise InputError(f"no shard holds a tile, the first is {shards[0]}; make tracks of a genome that has some")
    summary["zero_share"] = summary.pop("zero_bases") / summary["covered_bases"]
    write_json(_with(prefix, ".json"), summary)
    return summary


def _pieces(
    shards: list[Path], contigs: dict[str, int], summary: dict[str, Any]
) -> Iterator[tuple[str, int, dict[str, np.ndarray]]]:
    """(contig, start, track values) in genome order, each base once."""
    current, last, pile = "", 0, Pile()
    order = {name: i for i, name in enumerate(contigs)}
    for table, relevance in _tiles(shards, summary):
        width = relevance.shape[1]
        weights = centre_weights(width)
        for chrom, start, strand, r in zip(*table, relevance, strict=True):
            if chrom != current:
                if chrom not in order or (current and order[chrom] < order[current]):
                    raise InputError(
                        f"contig {chrom} is not in the genome or its tiles are out of order; check the shards"
                    )
                if current:
                    yield current, pile.start, pile.flush(contigs[current])
                current, last, pile = chrom, 0, Pile()
            if start < last:
                raise InputError(f"tile {chrom}:{start} comes out of order; give the shards in their order")
            if start + width > contigs[chrom]:
                raise InputError(f"tile {chrom}:{start} leaves the contig; give the FASTA that the tiles came from")
            if start - pile.start >= FLUSH:  # before the tile is added: a gap then takes no memory
                yield current, pile.start, pile.flush(start)
            pile.add(start, r[::-1] if strand == "-" else r, weights)
            last = start
    if current:
        yield current, pile.start, pile.flush(contigs[current])


def _tiles(shards: list[Path], summary: dict[str, Any]) -> Iterator[tuple[list[list[Any]], np.ndarray]]:
    """([contigs, starts, strands], relevance (n, L)) of some tiles at a time."""
    with progress("tracks", len(shards), "shards") as advance:
        for shard in shards:
            with open_store(shard) as store:
                rows = min(ROWS, max(1, ROWS_BYTES // (4 * store.width))) if len(store) else ROWS
                for at in range(0, len(store), rows):
                    part = slice(at, at + rows)
                    table = [store.column(name, part).tolist() for name in ("chrom", "start", "strand")]
                    yield table, store.relevance(part)
                summary["windows"] += len(store)
            advance(1)


def _count(summary: dict[str, Any], starts: np.ndarray, ends: np.ndarray, level: np.ndarray) -> None:
    lengths = ends - starts
    summary["covered_bases"] += int(lengths.sum())
    summary["zero_bases"] += int(lengths[level == 0].sum())


def _with(prefix: Path, suffix: str) -> Path:
    return prefix.with_name(prefix.name + suffix)


@contextmanager
def _bedgraph(path: Path) -> Iterator[TextIO]:
    # No name and no time inside, so that the same track is the same file.
    with (
        atomic(path) as tmp,
        open(tmp, "wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8") as text,
    ):
        yield text
