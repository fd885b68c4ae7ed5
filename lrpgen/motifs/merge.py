"""Patterns of several motif folders (classes, samples, shards) that are one become one. Ours.

From the largest down, a pattern joins the group whose largest member it resembles most, if the cosine of their CWMs, over
all offsets and either way round, is at least SAME; else it begins a group. Only the largest member counts, so that no
chain of likenesses joins what is unlike. Signs stay apart. Counts add up on the columns of the largest member; CWMs are
means over all seqlets, where a column that a member had cut off counts as no relevance.
Seqlets are counted once per folder: windows that several folders share (overlapping shards, one genome in two samples)
count as often.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..errors import InputError
from ..files import atomic_dir, read_json, write_json
from ..progress import say
from . import folder as shared
from . import formats, matrices
from .formats import Matrices
from .frames import alignment
from .grouping import SAME
from .names import Naming
from .seqlets import PREFIXES

COLUMNS = (*formats.SUMMARY_COLUMNS, "members")
NOTE = "seqlets are counted once per folder: windows that several folders share count as often"


@dataclass(frozen=True)
class Found:
    """A folder of `lrpgen motifs`: its name among the others, windows, their (4,) bases, patterns."""

    name: str
    windows: int
    background: np.ndarray
    patterns: list[Matrices]


@dataclass(frozen=True)
class Member:
    """One of a group: column 0 of its pattern, turned over where `reverse`, lies on column `offset` of the largest."""

    name: str
    pattern: Matrices
    offset: int = 0
    reverse: bool = False

    def laid(self, matrix: np.ndarray, width: int) -> np.ndarray:
        """`matrix` (4, W) of the pattern on the (4, `width`) columns of the largest; zeros where it has none."""
        turned = matrix[::-1, ::-1] if self.reverse else matrix
        left, right = max(self.offset, 0), min(self.offset + matrix.shape[1], width)
        laid = np.zeros((4, width), dtype=matrix.dtype)
        laid[:, left:right] = turned[:, left - self.offset : right - self.offset]
        return laid


def merge_motifs(
    folders: Sequence[str | os.PathLike[str]],
    out_dir: str | os.PathLike[str],
    *,
    min_cosine: float = SAME,
    naming: Naming | None = None,
    seed: int = 1,
    palette: str = "cvd",
) -> dict[str, Any]:
    """Merge the patterns of `folders` of `lrpgen motifs` (or of this function) into `out_dir`, whole or not at all.

    Writes patterns.h5, .meme, .tsv (with a column members, as in donor/pos_0;acceptor/pos_2), names.tsv, logos and
    summary.json, which is returned. Raises `InputError` for a folder that is none of those or is given twice, and for a
    cosine outside 0..1, and what `Naming.open` raises.
    """
    from ..plots.style import colours

    colours(palette)
    if not 0 < min_cosine <= 1:
        raise InputError(f"the least cosine must be above 0 and at most 1, not {min_cosine}")
    read_library = (naming := naming or Naming()).open()
    found = [_read(Path(path), name) for path, name in zip(folders, folder_names(folders), strict=True)]
    weights = [max(one.windows, 1) for one in found]
    background = np.average([one.background for one in found], axis=0, weights=weights)
    groups = grouped(found, min_cosine)
    patterns = [
        joined(f"{prefix}_{i}", group, background)
        for sign, prefix in PREFIXES.items()
        for i, group in _ranked(groups, sign)
    ]
    say(f"{sum(len(one.patterns) for one in found)} patterns of {len(found)} folders are {len(patterns)}")
    named = shared.named(patterns, background, naming, read_library, seed)
    rows = [{**shared.row(pattern, background, named), "members": ";".join(pattern.members)} for pattern in patterns]
    result = {
        "folders": [{"name": one.name, "windows": one.windows, "patterns": len(one.patterns)} for one in found],
        "windows": sum(one.windows for one in found),
        "min_cosine": min_cosine,
        "patterns": rows,
        "names": {"source": named.source, "max_q": naming.max_q},
        "background": dict(zip("ACGT", background.round(6).tolist(), strict=True)),
        "notes": [NOTE, *named.notes],
        "seed": seed,
        "lrpgen_version": __version__,
    }
    with atomic_dir(out_dir) as folder:
        shared.write_patterns(folder, rows, patterns, background, named, palette, COLUMNS)
        write_json(folder / "summary.json", result)
    return result


def grouped(found: Sequence[Found], min_cosine: float = SAME) -> list[list[Member]]:
    """All patterns in groups, each with its largest first."""
    members = [Member(f"{one.name}/{pattern.name}", pattern) for one in found for pattern in one.patterns]
    groups: list[list[Member]] = []
    for member in sorted(members, key=lambda member: -member.pattern.seqlets):
        sign = member.pattern.sign
        fits = [
            (alignment(group[0].pattern.cwm, member.pattern.cwm), group)
            for group in groups
            if group[0].pattern.sign == sign
        ]
        (cosine, offset, reverse), group = max(fits, key=lambda fit: fit[0][0], default=((0.0, 0, False), []))
        if cosine >= min_cosine:
            group.append(Member(member.name, member.pattern, offset, reverse))
        else:
            groups.append([member])
    return groups


def _ranked(groups: list[list[Member]], sign: str) -> enumerate[list[Member]]:
    """The groups of one sign, most seqlets first, numbered."""
    mine = [group for group in groups if group[0].pattern.sign == sign]
    return enumerate(sorted(mine, key=lambda group: -sum(member.pattern.seqlets for member in group)))


def joined(name: str, group: Sequence[Member], background: np.ndarray) -> Matrices:
    """One pattern of a group's members, on the columns of the first, trimmed again if there are several."""
    width = group[0].pattern.pfm.shape[1]
    seqlets = sum(member.pattern.seqlets for member in group)
    pfm = np.sum([member.laid(member.pattern.pfm, width) for member in group], axis=0)
    mean, hypothetical = (
        np.sum([m.laid(getattr(m.pattern, key), width) * m.pattern.seqlets for m in group], axis=0) / seqlets
        for key in ("cwm", "hypothetical_cwm")
    )
    kept = slice(*matrices.trim_bounds(pfm, mean, background)) if len(group) > 1 else slice(None)
    names = tuple(member.name for member in group)
    sign = group[0].pattern.sign
    return Matrices(name, sign, seqlets, pfm[:, kept], mean[:, kept], hypothetical[:, kept], names)


def folder_names(folders: Sequence[str | os.PathLike[str]]) -> list[str]:
    """What tells the folders apart: the parts of their paths that differ, or what follows the last part they share.

    results/a/motifs/donor, results/a/motifs/acceptor: donor, acceptor; with results/b/motifs/donor: a/donor and so on.
    """
    places = [os.path.realpath(path) for path in folders]
    for i, place in enumerate(places):
        if place in places[:i]:
            raise InputError(f"the folder {folders[i]} is given twice; give each motif folder once")
    paths = [Path(place).parts for place in places]
    lengths = {len(parts) for parts in paths}
    if len(paths) < 2:
        return [parts[-1] for parts in paths]
    if len(lengths) == 1:
        differ = [len(set(parts)) > 1 for parts in zip(*paths, strict=True)]
        return ["/".join(part for part, says in zip(parts, differ, strict=True) if says) for parts in paths]
    shared_parts = len(Path(os.path.commonpath(places)).parts)
    return ["/".join(parts[min(shared_parts, len(parts) - 1) :]) for parts in paths]


def _read(path: Path, name: str) -> Found:
    if not path.is_dir():
        raise InputError(f"{path} is no folder; give folders of `lrpgen motifs`")
    if not (path / "summary.json").is_file():
        raise InputError(f"{path} is no folder of `lrpgen motifs` (no summary.json); give one of its making")
    summary = read_json(path / "summary.json", "summary of motifs")
    windows = summary.get("windows") if isinstance(summary, dict) else None
    if not isinstance(windows, int):
        raise InputError(f"{path / 'summary.json'} says no number of windows; give a folder of `lrpgen motifs`")
    patterns, background = formats.read_matrices(path / "patterns.h5")
    return Found(name, windows, background, patterns)
