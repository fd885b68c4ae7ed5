"""Logos of chosen patterns below each other: of a folder of motifs (relevance and bits) or of a MEME file (bits)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import InputError
from ..files import existing
from ..motifs import matrices
from ..motifs.formats import read_matrices
from ..motifs.matrixfile import read_meme
from ..motifs.names import heights
from .logos import MARGIN, draw_logo, reverse_complement
from .style import colours, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TURNED = ":rc"  # after a pattern's name: read along the other strand
MOST = 40  # logos in one figure


class Logo(NamedTuple):
    """Letter heights (4, W): `bits`, and `cwm` (relevance) where it is known."""

    name: str
    note: str
    bits: np.ndarray
    cwm: np.ndarray | None

    def turned(self) -> Logo:
        cwm = None if self.cwm is None else reverse_complement(self.cwm)
        return Logo(self.name, f"{self.note}, reverse complement", reverse_complement(self.bits), cwm)


def read_logos(source: Path, wanted: Sequence[str] = ()) -> list[Logo]:
    """The patterns `wanted` (a name, or NAME:rc), in that order; all without it.

    source : folder of `lrpgen motifs` or `merge`, its patterns.h5, or a MEME file. Raises `InputError` for others,
        unknown names, and more than MOST logos.
    """
    if source.is_dir() and not (source / "patterns.h5").is_file():
        raise InputError(f"{source} holds no patterns.h5; give a folder of `lrpgen motifs` or `lrpgen merge`")
    path = existing(source / "patterns.h5" if source.is_dir() else source, "pattern file")
    with open(path, "rb") as handle:
        is_text = handle.read(4) != b"\x89HDF"
    known = {logo.name: logo for logo in (_of_meme(path) if is_text else _of_patterns(path))}
    chosen = [_named(known, name, path) for name in wanted] if wanted else list(known.values())
    if not chosen:
        raise InputError(f"{path} holds no patterns, so there is nothing to draw; look into its summary.json")
    if len(chosen) > MOST:
        raise InputError(f"{len(chosen)} logos do not fit one figure; choose up to {MOST} with --pattern")
    return chosen


def _named(known: dict[str, Logo], name: str, path: Path) -> Logo:
    if name in known:
        return known[name]
    if name.endswith(TURNED) and name.removesuffix(TURNED) in known:
        return known[name.removesuffix(TURNED)].turned()
    few = ", ".join(list(known)[:5]) + (", ..." if len(known) > 5 else "")
    raise InputError(f"{path} has no pattern {name!r}; it has {few or 'none'}")


def _of_patterns(path: Path) -> list[Logo]:
    patterns, background = read_matrices(path)
    found = []
    for pattern in patterns:
        bits = matrices.probabilities(pattern.pfm, background) * matrices.information(pattern.pfm, background)
        found.append(Logo(pattern.name, f"{pattern.seqlets:,} seqlets", bits, pattern.cwm))
    return found


def _of_meme(path: Path) -> list[Logo]:
    return [
        Logo(one.id, one.name if one.name != one.id else "", heights(one.ppm), None) for one in read_meme(path).motifs
    ]


def logos_figure(logos: Sequence[Logo], *, palette: str = "cvd") -> Figure:
    """A logo a row, letters of one width in all; left relevance, where it is known, right bits."""
    colours(palette)
    both = any(logo.cwm is not None for logo in logos)
    widest = max(logo.bits.shape[1] for logo in logos)
    with styled():
        width = max(0.2 * widest, 1.8) + MARGIN / 2
        figure = new_figure((2 if both else 1) * width, 1.25 * len(logos) + 0.3)
        axes = figure.subplots(len(logos), 2 if both else 1, squeeze=False)
        for row, logo in zip(axes, logos, strict=True):
            row[0].set_title(", ".join(part for part in (logo.name, logo.note.lstrip(", ")) if part))
            if both and logo.cwm is not None:
                draw_logo(row[0], logo.cwm, first=1, palette=palette)
                row[0].set_ylabel("relevance")
            draw_logo(row[-1], logo.bits, first=1, palette=palette)
            row[-1].set_ylabel("bits")
            row[-1].set_ylim(0, max(2.0, float(logo.bits.sum(axis=0).max(initial=0))))
            for ax in row:
                ax.set_xlim(0.5, widest + 0.5)
                ax.set_xticks([x for x in range(1, logo.bits.shape[1] + 1) if x == 1 or x % 5 == 0])
        for ax in axes[-1]:
            ax.set_xlabel("position in the pattern")
    return figure
