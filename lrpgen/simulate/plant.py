"""How many motifs a region gets, where they lie and which letters they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .grammar import Grammar, Motif

ATTEMPTS = 20  # layouts tried for a region before its counts are drawn anew, and so many draws before giving up


@dataclass(frozen=True)
class Planted:
    """A motif at [start, start + W) of a region, in the region's own direction, turned over where `reverse`."""

    motif: str
    start: int
    reverse: bool


@dataclass(frozen=True)
class Block:
    """What is placed as one: a motif, or the two of a pair. `members` start at 0; `length` bp inside [first, last)."""

    members: tuple[Planted, ...]
    length: int
    first: int
    last: int


def draw_counts(grammar: Grammar, random: np.random.Generator) -> dict[str, np.ndarray]:
    """How often each motif (on its own) and each pair is to be planted: (regions,) by name."""
    entries = {**grammar.motifs, **grammar.pairs}
    return {name: entry.count.draw(grammar.regions, random) for name, entry in entries.items()}


def plant(grammar: Grammar, counts: dict[str, np.ndarray], random: np.random.Generator) -> list[list[Planted]]:
    """What each region holds. Where random numbers of motifs do not fit, the region's `counts` are drawn anew in place.

    Raises `InputError` for a region that stays too crowded.
    """
    layouts = []
    for region in range(grammar.regions):
        for _ in range(ATTEMPTS):
            wanted = {name: int(column[region]) for name, column in counts.items()}
            if (layout := _layout(grammar, wanted, random)) is not None:
                break
            for name, entry in {**grammar.motifs, **grammar.pairs}.items():
                if entry.count.share is None:  # a share is of all regions, and no region's own
                    counts[name][region] = entry.count.draw(1, random)[0]
        else:
            held = ", ".join(f"{count} {name}" for name, count in wanted.items() if count)
            raise InputError(
                f"a region of {grammar.width} bp does not hold {held}; lower the counts or widen the region"
            )
        layouts.append(layout)
    return layouts


def _layout(grammar: Grammar, wanted: Mapping[str, int], random: np.random.Generator) -> list[Planted] | None:
    """Places for everything wanted, each drawn evenly from those that are free; None where no attempt finds room."""
    for _ in range(ATTEMPTS):
        blocks = [_block(grammar, name, random) for name, count in wanted.items() for _ in range(count)]
        free = np.ones(grammar.width, dtype=bool)
        found: list[Planted] = []
        for index in random.permutation(len(blocks)):
            block = blocks[index]
            run = np.lib.stride_tricks.sliding_window_view(free[block.first : block.last], block.length)
            if not len(places := np.flatnonzero(run.all(axis=1))):
                break
            start = block.first + int(random.choice(places))
            free[max(start - grammar.spacing, 0) : start + block.length + grammar.spacing] = False
            found += [Planted(one.motif, start + one.start, one.reverse) for one in block.members]
        else:
            return sorted(found, key=lambda one: one.start)
    return None


def _block(grammar: Grammar, name: str, random: np.random.Generator) -> Block:
    entry = grammar.motifs[name] if name in grammar.motifs else grammar.pairs[name]
    reverse = bool(random.integers(2)) if entry.strand == "both" else entry.strand == "-"
    if isinstance(entry, Motif):
        return Block((Planted(name, 0, reverse),), entry.width, *entry.position)
    first, second = grammar.motifs[entry.first].width, grammar.motifs[entry.second].width
    gap = int(random.integers(*entry.spacing, endpoint=True))
    turned = reverse ^ (bool(random.integers(2)) if entry.orientation == "any" else entry.orientation == "opposite")
    starts = (second + gap, 0) if reverse else (0, first + gap)
    members = Planted(entry.first, starts[0], reverse), Planted(entry.second, starts[1], turned)
    return Block(members, first + gap + second, *entry.position)


def write_motifs(
    codes: np.ndarray, layouts: list[list[Planted]], motifs: Mapping[str, Motif], random: np.random.Generator
) -> None:
    """Put letters of each planted motif into `codes` (regions, L): drawn column by column, or the most frequent."""
    edges = {name: motif.ppm.cumsum(axis=0)[:3] for name, motif in motifs.items()}
    for row, layout in zip(codes, layouts, strict=True):
        for one in layout:
            motif = motifs[one.motif]
            drawn = (random.random(motif.width) >= edges[one.motif]).sum(axis=0)
            letters = motif.ppm.argmax(axis=0) if motif.consensus else drawn
            row[one.start : one.start + motif.width] = 3 - letters[::-1] if one.reverse else letters
