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
import pandas as pd

from ..errors import InputError, OutputError
from ..files import atomic, write_json
from ..progress import progress
from ..sequences import Genome
from .store import Store, open_store

TRACKS = ("relevance", "sd", "coverage")
ROWS = 2048  # tiles read at a time
FLUSH = 1 << 18  # bases buffered before they are written


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
    InputError : no shards, windows instead of tiles, shards out of order, a contig the genome does not have.
    """
    if not shards:
        raise InputError("no shards to make tracks from; give at least one")
    contigs = Genome(genome).contigs
    summary: dict[str, Any] = {"windows": 0, "contigs": contigs, "covered_bases": 0, "zero_bases": 0}
    with ExitStack() as stack:
        writers = {name: stack.enter_context(_bigwig(_with(prefix, f".{name}.bw"), contigs)) for name in TRACKS}
        text = stack.enter_context(_bedgraph(_with(prefix, ".relevance.bedgraph.gz")))
        for chrom, start, values in _pieces(shards, contigs, summary):
            for name in TRACKS:
                starts, ends, level = runs(values[name], start)
                if len(starts):
                    writers[name].addEntries([chrom] * len(starts), starts.tolist(), ends.tolist(), level.tolist())
                if name == "relevance":
                    _count(summary, starts, ends, level)
                    text.writelines(
                        f"{chrom}\t{s}\t{e}\t{v:.6g}\n" for s, e, v in zip(starts, ends, level, strict=True)
                    )
    _check_covered(prefix, summary["covered_bases"])
    summary["zero_share"] = summary.pop("zero_bases") / max(summary["covered_bases"], 1)
    write_json(_with(prefix, ".json"), summary)
    return summary


def _pieces(
    shards: list[Path], contigs: dict[str, int], summary: dict[str, Any]
) -> Iterator[tuple[str, int, dict[str, np.ndarray]]]:
    """(contig, start, track values) in genome order, each base once."""
    current, last, pile = "", 0, Pile()
    order = {name: i for i, name in enumerate(contigs)}
    for regions, relevance in _tiles(shards, summary):
        weights = centre_weights(relevance.shape[1])
        for chrom, start, strand, r in zip(
            regions["chrom"], regions["start"], regions["strand"], relevance, strict=True
        ):
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
            pile.add(start, r[::-1] if strand == "-" else r, weights)
            last = start
            if start - pile.start >= FLUSH:
                yield current, pile.start, pile.flush(start)
    if current:
        yield current, pile.start, pile.flush(contigs[current])


def _tiles(shards: list[Path], summary: dict[str, Any]) -> Iterator[tuple[pd.DataFrame, np.ndarray]]:
    with progress("tracks", len(shards), "shards") as advance:
        for shard in shards:
            with open_store(shard) as store:
                _note(store, shard, summary)
                for start in range(0, len(store), ROWS):
                    rows = slice(start, start + ROWS)
                    yield store.regions_slice(rows), store.relevance(rows)
                summary["windows"] += len(store)
            advance(1)


def _note(store: Store, shard: Path, summary: dict[str, Any]) -> None:
    source = store.attrs["source"]
    if "stride" not in source:
        raise InputError(f"{shard} holds windows, not tiles of a genome; make it with `lrpgen explain --genome`")
    made = {"target": store.attrs["target"], "stride": source["stride"], "method": store.attrs["method"]}
    for key, value in made.items():
        if summary.setdefault(key, value) != value:
            raise InputError(f"{shard} has another {key} than the shards before it; explain all shards the same way")


def _count(summary: dict[str, Any], starts: np.ndarray, ends: np.ndarray, level: np.ndarray) -> None:
    lengths = ends - starts
    summary["covered_bases"] += int(lengths.sum())
    summary["zero_bases"] += int(lengths[level == 0].sum())


def _with(prefix: Path, suffix: str) -> Path:
    return prefix.with_name(prefix.name + suffix)


@contextmanager
def _bigwig(path: Path, contigs: dict[str, int]) -> Iterator[Any]:
    import pyBigWig

    with atomic(path) as tmp:
        file = pyBigWig.open(str(tmp), "w")
        try:
            file.addHeader(list(contigs.items()))
            yield file
        finally:
            file.close()


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


def _check_covered(prefix: Path, covered: int) -> None:
    """The bigWig library does not report a full disk: look whether all bases arrived."""
    import pyBigWig

    for name in TRACKS if covered else ():
        path = _with(prefix, f".{name}.bw")
        try:
            with pyBigWig.open(str(path)) as file:
                found = file.header()["nBasesCovered"]
        except RuntimeError:
            found = -1
        if found != covered:
            path.unlink(missing_ok=True)
            raise OutputError(f"{path} did not reach the disk whole ({found} of {covered} bases); is the disk full?")
