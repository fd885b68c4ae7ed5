"""A stretch of a contig as people and genome browsers write it: chr6:31,236,000-31,236,200, counted from 1, end included."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ..errors import InputError
from .fasta import unknown_contig

WRITTEN = re.compile(r"(?P<contig>\S+):(?P<start>[0-9][0-9,]*)-(?P<end>[0-9][0-9,]*)", re.ASCII)
DIGITS = 15  # more are no position


class Place(NamedTuple):
    """0-based half-open, as everywhere inside."""

    contig: str
    start: int
    end: int

    @property
    def width(self) -> int:
        return self.end - self.start

    def __str__(self) -> str:
        return f"{self.contig}:{self.start + 1:,}-{self.end:,}"


def read_place(text: str, widest: int) -> Place:
    """Raises `InputError` for another form, a start of 0, an end before the start, more than `widest` bases."""
    match = WRITTEN.fullmatch(text.strip())
    if match is None:
        raise InputError(f"region {text!r} is not of the form contig:start-end, for example chr6:31,236,000-31,236,200")
    first, last = (match[name].replace(",", "") for name in ("start", "end"))
    if max(len(first), len(last)) > DIGITS or not 1 <= int(first) <= int(last):
        raise InputError(
            f"region {text!r} does not run from a start of at least 1 to an end behind it; swap or fix them"
        )
    place = Place(match["contig"], int(first) - 1, int(last))
    if place.width > widest:
        raise InputError(
            f"region {text!r} has {place.width:,} bp, more than the {widest:,} that fit; give a shorter one"
        )
    return place


def check_inside(place: Place, contigs: Mapping[str, int], source: object) -> None:
    """Raise `InputError` where `source`, whose contigs (name -> length) are given, does not hold the place."""
    if place.contig not in contigs:
        raise InputError(f"{source}: {unknown_contig(place.contig, contigs).replace('the FASTA', 'this file')}")
    if place.end > contigs[place.contig]:
        raise InputError(
            f"{source}: region {place} goes past the end of {place.contig} ({contigs[place.contig]:,} bp); "
            "give one inside it"
        )
