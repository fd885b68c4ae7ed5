"""Numbers along a stretch of a contig: from a bigWig, or the mean over the windows of a relevance store."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..motifs.enrichment.signal import BigWig
from ..relevance.store import open_store
from ..sequences import Genome
from ..sequences.place import Place, check_inside


class Track(NamedTuple):
    """values (L,), NaN where nothing is known. onehot (4, L) of the + strand, or None where letters are not known."""

    values: np.ndarray
    onehot: np.ndarray | None


def of_bigwig(path: Path, place: Place) -> np.ndarray:
    """(L,); raises `InputError` for what is no bigWig, an unknown contig, a place outside it."""
    track = BigWig(path)
    check_inside(place, track.contigs, path)
    return track.piece(*place)


def letters(genome: Path, place: Place) -> np.ndarray:
    """One-hot (4, L); raises `InputError` for an unknown contig, a place outside it."""
    with Genome(genome) as source:
        check_inside(place, source.contigs, genome)
        return source.onehot(*place)


def of_store(path: Path, place: Place, target: str | None, genome: Path | None) -> Track:
    """Mean relevance over the windows of both strands that cover a base, read along the + strand.

    target : class whose windows count; None = all. genome : letters, where the store has none (tiles).
    Raises `InputError` for an unknown class, and where no window overlaps the place.
    """
    onehot = None if genome is None else letters(genome, place)
    with open_store(path) as store:
        rows = store.overlapping(*place)
        if target is not None:
            rows = np.intersect1d(rows, store.explained(target))
        if not len(rows):
            of = "" if target is None else f" of class {target!r}"
            raise InputError(f"{path} explains no window{of} that overlaps {place}; choose another region")
        with_letters = onehot is None and store.has("onehot")
        total, count = np.zeros(place.width), np.zeros(place.width)
        seen = np.zeros((4, place.width), np.int8)
        for part in store.blocks(rows, 1 << 22):
            regions, relevance = store.regions_slice(part), store.relevance(part)
            windows = store.onehot(part) if with_letters else [None] * len(part)
            spans = zip(regions["start"], regions["strand"] == "-", relevance, windows, strict=True)
            for start, minus, values, window in spans:
                here, there = _overlap(int(start), len(values), place)
                total[there] += values[:: -1 if minus else 1][here]
                count[there] += 1
                if window is not None:
                    seen[:, there] = (window[::-1, ::-1] if minus else window)[:, here]
    values = np.divide(total, count, out=np.full(place.width, np.nan), where=count > 0)
    return Track(values, seen if with_letters else onehot)


def _overlap(start: int, width: int, place: Place) -> tuple[slice, slice]:
    """Which part of a window lies in the place, in its own positions and in the place's."""
    first, last = max(start, place.start), min(start + width, place.end)
    return slice(first - start, last - start), slice(first - place.start, last - place.start)
