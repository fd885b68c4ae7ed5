"""The track that is looked up: a bigWig of relevance, a relevance store, or a BED file of hits; contig by contig."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...errors import InputError
from ...files import existing
from ...relevance.store import Store, open_store
from ...sequences import Genome
from ...sequences.bed import SKIPPED, read_bed
from ...sequences.reading import lines

BIGWIG_MAGIC = (bytes.fromhex("26fc8f88"), bytes.fromhex("888ffc26"))
BEDGRAPH = (".bedgraph", ".bdg", ".bg")
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
BLOCK = 4096  # windows read from a store at a time
ALL = ""  # the one name of a track without names, and hits of any name
NO_HITS = {"start": np.int64, "end": np.int64, "name": object, "strand": object}
VALUES = ("signed", "positive", "negative", "absolute")


class Signal(ABC):
    """A track. contigs: name -> length. stranded: whether there is a track for each strand. what: `relevance` or `hits`."""

    what = "relevance"

    def __init__(self, path: Path, contigs: dict[str, int], *, stranded: bool) -> None:
        self.path, self.contigs, self.stranded = path, contigs, stranded

    def names(self, *, by_name: bool) -> list[str]:
        """What `read` can be asked for. Raises `InputError` where a track has no names."""
        if by_name:
            raise InputError(f"{self.path} is a track of {self.what} without names; only a BED file of hits has such")
        return [ALL]

    @abstractmethod
    def read(self, contig: str, name: str = ALL) -> np.ndarray:
        """float64 (2 if stranded else 1, L): + and - or both strands; NaN where nothing is known."""


def open_signal(path: str | Path, *, genome: Path | None = None, lengths: dict[str, int], target: str | None) -> Signal:
    """The track in `path`, told by its content.

    genome : FASTA that says how long contigs are, where the track does not. lengths : the annotation's, second best.
    target : class whose windows are read from a store; None = all.

    Raises `InputError` for another kind of file, an unknown class, and where nothing says how long contigs are.
    """
    known = Genome(genome).contigs if genome is not None else lengths
    path = Path(path)
    if path.suffix == ".bed" and path.is_file() and not path.stat().st_size and known:
        return Hits(path, known)  # what `lrpgen hits` writes where it finds none
    path = existing(path, "track")
    with open(path, "rb") as handle:
        magic = handle.read(8)
    if magic[:4] in BIGWIG_MAGIC:
        return BigWig(path)
    if magic == HDF5_MAGIC:
        return Windows(path, known, target)
    if path.name.lower().removesuffix(".gz").endswith(BEDGRAPH):
        raise InputError(f"{path} is a bedGraph, whose lines are no hits; give the bigWig of the same track")
    return Hits(path, known)


class BigWig(Signal):
    """A bigWig: one track for both strands."""

    def __init__(self, path: Path) -> None:
        import pyBigWig

        path = existing(path, "track")
        try:
            self._file: Any = pyBigWig.open(str(path))
        except RuntimeError as error:
            raise InputError(f"{path} is not a readable bigWig ({error}); make it again") from error
        super().__init__(path, dict(self._file.chroms()), stranded=False)

    def read(self, contig: str, name: str = ALL) -> np.ndarray:
        return self.piece(contig, 0, self.contigs[contig])[None]

    def piece(self, contig: str, start: int, end: int) -> np.ndarray:
        """float64 (end - start,); NaN where nothing is known."""
        return np.asarray(self._file.values(contig, start, end, numpy=True), dtype=np.float64)

    @property
    def bases(self) -> int:
        """How many have a value. The file's header would say, but pyBigWig crashes where a value is infinite; without
        `exact` it would be a guess from zoom levels."""
        shares = {contig: self._file.stats(contig, type="coverage", exact=True)[0] or 0 for contig in self.contigs}
        return round(sum(share * self.contigs[contig] for contig, share in shares.items()))


class Windows(Signal):
    """A relevance store: the mean over the windows that cover a base, each strand apart."""

    def __init__(self, path: Path, lengths: dict[str, int], target: str | None) -> None:
        with open_store(path) as store:
            contigs = store.attrs.get("source", {}).get("contigs") or lengths
            regions: Any = store.regions[["chrom", "start", "end", "strand"]]
            rows = np.ones(len(store), dtype=bool)
            if target is not None:
                if target not in store.classes:
                    raise InputError(f"{path} has no class {target!r}; choose one of {', '.join(store.classes)}")
                rows = store.target == store.classes.index(target)
        if not rows.any():
            raise InputError(f"{path} explains no window for class {target!r}; choose another")
        self._regions, self._rows = regions, rows
        here = dict.fromkeys(regions["chrom"][rows])
        super().__init__(path, _known(path, list(here), contigs), stranded=True)

    def read(self, contig: str, name: str = ALL) -> np.ndarray:
        total = np.zeros((2, self.contigs[contig]))
        count = np.zeros((2, self.contigs[contig]), np.int32)
        rows = np.flatnonzero(self._rows & (self._regions["chrom"] == contig).to_numpy())
        start, end = self._regions["start"].to_numpy(), self._regions["end"].to_numpy()
        minus = (self._regions["strand"] == "-").to_numpy()
        with open_store(self.path) as store:
            for first in np.unique(rows // BLOCK) * BLOCK:
                values = _block(store, int(first))
                for row in rows[(rows >= first) & (rows < first + BLOCK)]:
                    at = slice(start[row], end[row])
                    track = int(minus[row])
                    total[track, at] += values[row - first][:: -1 if minus[row] else 1]
                    count[track, at] += 1
        return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _block(store: Store, first: int) -> np.ndarray:
    return store.relevance(slice(first, min(first + BLOCK, len(store)))).astype(np.float64)


class Hits(Signal):
    """A BED file of hits, each counted at its middle; every base of every contig is known, so that no hit is a count too.
    Stranded if every hit has a strand."""

    what = "hits"

    def __init__(self, path: Path, lengths: dict[str, int]) -> None:
        table, strands = _rows(path) if path.stat().st_size else (pd.DataFrame(columns=["chrom", *NO_HITS]), [])
        table = table.astype(NO_HITS)
        contigs: Any = {**_known(path, list(dict.fromkeys(table["chrom"])), lengths), **lengths}
        over = table["end"].to_numpy() > table["chrom"].map(contigs).to_numpy()
        if over.any():
            row = table.iloc[int(np.argmax(over))]
            raise InputError(f"{path}:{row['line']}: the hit goes past the end of {row['chrom']}; check the assembly")
        super().__init__(path, contigs, stranded=all(strands))
        self._contig, self._name = table["chrom"].to_numpy(object), table["name"].to_numpy(object)
        self._middle = ((table["start"] + table["end"]) // 2).to_numpy()
        self._minus = (table["strand"] == "-").to_numpy() & self.stranded

    def names(self, *, by_name: bool) -> list[str]:
        return sorted(set(self._name)) or [ALL] if by_name else [ALL]

    def read(self, contig: str, name: str = ALL) -> np.ndarray:
        of = (self._contig == contig) & (True if name == ALL else self._name == name)
        length = self.contigs[contig]
        tracks = [self._middle[of & (self._minus == minus)] for minus in ((False, True) if self.stranded else (False,))]
        return np.stack([np.bincount(middle, minlength=length).astype(np.float64) for middle in tracks])


def _rows(path: Path) -> tuple[Any, list[bool]]:
    """The hits, and whether each has a strand (`read_bed` takes none for +)."""
    strands = [
        (line.split("\t") + [""] * 6)[5].strip() in ("+", "-")
        for _, line in lines(path, "BED")
        if line.strip() and not line.startswith(SKIPPED)
    ]
    return read_bed(path), strands


def _known(path: Path, names: list[str], lengths: dict[str, int]) -> dict[str, int]:
    if missing := [name for name in names if name not in lengths]:
        raise InputError(
            f"nothing says how long contig {missing[0]} of {path} is; give the FASTA with --genome"
            + (f" (known: {', '.join(list(lengths)[:3])})" if lengths else "")
        )
    return {name: lengths[name] for name in names}


def part_of(values: np.ndarray, kind: str) -> np.ndarray:
    """The part of relevance that is looked at: one of VALUES. Raises `InputError` for another word."""
    if kind not in VALUES:
        raise InputError(f"value {kind!r} is not known; choose one of {', '.join(VALUES)}")
    if kind == "positive":
        return np.maximum(values, 0)  # NaN stays NaN
    if kind == "negative":
        return np.minimum(values, 0)
    return np.abs(values) if kind == "absolute" else values
