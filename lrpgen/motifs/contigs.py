"""Contigs that two files should share, and what to say where they do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ..errors import InputError

SHOWN = 3  # names told of each side


def few(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def hint(ours: Iterable[str], theirs: Iterable[str]) -> str:
    """What to do about names of which none is in both."""
    ours, theirs = set(ours), set(theirs)
    for first, second, word in ((ours, theirs, "the first"), (theirs, ours, "the second")):
        if any(f"chr{name}" in first for name in second):
            return f"only {word} writes 'chr' before the names: add or remove it in one of the two"
    return "rename those of one of the two, or give files of one assembly"


def check_contigs(track: Path, ours: Mapping[str, int], genome: Path, theirs: Mapping[str, int]) -> None:
    """`InputError` unless each contig of `track` (name -> length) is in `genome`, with the same length."""
    if missing := [name for name in ours if name not in theirs]:
        raise InputError(
            f"contigs {few(missing)} of {track} are not in {genome}, which has "
            f"{few(name for name in theirs if name not in ours) or few(theirs)}; {hint(missing, theirs)}"
        )
    for name, length in ours.items():
        if theirs[name] != length:
            raise InputError(
                f"contig {name} has {length:,} bp in {track} and {theirs[name]:,} bp in {genome}; "
                "give the FASTA that the track was made from"
            )
