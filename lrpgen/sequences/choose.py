"""From options to a split."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import InputError
from .folds import contig_folds, is_contig_file
from .groups import FractionSplit
from .options import WindowOptions
from .splits import UNDECIDED, NameSplit, OnePart, PlaceSplit, PositionSplit, by_contigs

TEST = 2


def choose_split(options: WindowOptions, contigs: Sequence[str]) -> PlaceSplit | FractionSplit:
    """The split that `options` ask for, checked against the contigs of the FASTA (none for a set of sequences)."""
    kind = options.split_kind
    if kind == "position":
        return PositionSplit(options.validation_start, options.test_start)
    if kind == "contig":
        return by_contigs(contigs, options.validation_contigs, options.test_contigs)
    if kind == "fraction":
        return FractionSplit(options.validation_fraction, options.test_fraction)
    if kind == "none":
        return OnePart(TEST)
    assert options.split_file is not None
    if is_contig_file(options.split_file):
        if options.source == "sequences":
            raise InputError(f"{options.split_file} lists contigs, which sequences have not; give a table of names")
        return contig_folds(options.split_file, contigs)
    if options.source == "splice-sites":
        raise InputError(f"{options.split_file} is not JSON; splice sites need the contigs of each part")
    return NameSplit(options.split_file.name)


def by_place(split: PlaceSplit | FractionSplit) -> PlaceSplit:
    """The split while windows are placed: what is dealt out at random has no part yet."""
    return OnePart(UNDECIDED) if isinstance(split, FractionSplit) else split
