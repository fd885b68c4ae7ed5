"""What every folder of patterns holds, whoever found them: their names, matrices, tables and logos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..files import write_text
from ..progress import progress, say
from . import formats, matrices
from .matrixfile import Known, Library
from .names import COLUMNS, Naming, best_name, described, name_patterns

Reader = Callable[[], tuple[Library, Library | None]] | None  # what `Naming.open` returns


@dataclass(frozen=True)
class Named:
    """The matches of all patterns, the library they come from by id, and what it is called."""

    matches: pd.DataFrame
    known: dict[str, Known]
    source: str | None
    notes: list[str]


def named(
    patterns: Sequence[formats.Shown], background: np.ndarray, naming: Naming, read_library: Reader, seed: int
) -> Named:
    """`patterns` compared with the library that `naming` opened as `read_library`."""
    if read_library is None or not patterns:
        return Named(pd.DataFrame(columns=list(COLUMNS)), {}, None, [])
    library, filler = read_library()
    say(f"naming {len(patterns)} patterns by {len(library.motifs):,} matrices of {library.source}")
    ppms = {pattern.name: matrices.probabilities(pattern.pfm, background) for pattern in patterns}
    matches = name_patterns(ppms, library, filler=filler, max_q=naming.max_q, seed=seed)
    notes = []
    if filler is not None:
        notes.append(f"{library.source} has few motifs: p-values of names take their background from {filler.source}")
    return Named(matches, {known.id: known for known in library.motifs}, library.source, notes)


def row(pattern: formats.Shown, background: np.ndarray, found: Named) -> dict[str, Any]:
    """The pattern's row of the table, said aloud too."""
    row: dict[str, Any] = {**formats.summary(pattern, background), **described(found.matches, pattern.name)}
    if row["name"]:
        row["logo_match"] = f"logos/{pattern.name}.match.svg"
    name = f", named {row['name']} ({row['target']}, q {row['q']:.2g})" if row["name"] else ""
    say(f"{row['pattern']}: {row['consensus']}, {row['seqlets']} seqlets, {row['information_bits']} bits{name}")
    return row


def write_patterns(
    folder: Path,
    rows: Sequence[dict[str, Any]],
    patterns: Sequence[formats.Shown],
    background: np.ndarray,
    found: Named,
    palette: str,
    columns: Sequence[str] = formats.SUMMARY_COLUMNS,
) -> None:
    """patterns.tsv, .h5 and .meme, names.tsv and the logos."""
    formats.write_table(folder / "patterns.tsv", rows, columns)
    formats.write_matrices(folder / "patterns.h5", patterns, background)
    write_text(folder / "patterns.meme", formats.meme_text(patterns, background))
    found.matches.to_csv(folder / "names.tsv", sep="\t", index=False)
    logos = folder / "logos"
    logos.mkdir()
    _draw(logos, patterns, background, palette)
    _draw_matches(logos, patterns, background, found, palette)


def _draw(logos: Path, patterns: Sequence[formats.Shown], background: np.ndarray, palette: str) -> None:
    from ..plots.logos import pattern_figure
    from ..plots.style import save

    with progress("logos", 2 * len(patterns), "figures") as advance:
        for pattern in patterns:
            ppm = matrices.probabilities(pattern.pfm, background)
            bits = matrices.information(pattern.pfm, background)
            title = f"{pattern.name}: {pattern.seqlets} seqlets"
            for suffix, turn in (("", slice(None)), (".rc", slice(None, None, -1))):
                figure = pattern_figure(
                    pattern.cwm[turn, turn],
                    ppm[turn, turn] * bits[turn],
                    title=title + (", reverse complement" if suffix else ""),
                    palette=palette,
                )
                save(figure, logos / f"{pattern.name}{suffix}")
                advance(1)


def _draw_matches(
    logos: Path, patterns: Sequence[formats.Shown], background: np.ndarray, found: Named, palette: str
) -> None:
    """Each named pattern above the matrix that names it."""
    from ..plots.pairs import pair_figure
    from ..plots.style import save

    for pattern in patterns:
        if (match := best_name(found.matches, pattern.name)) is not None:
            ppm = matrices.probabilities(pattern.pfm, background)
            bits = ppm * matrices.information(pattern.pfm, background)
            figure = pair_figure(
                bits,
                _bits(found.known[match["target"]].ppm),
                offset=int(match["offset"]),
                reverse=match["orientation"] == "-",
                names=(pattern.name, f"{match['name']} ({match['target']})"),
                title=f"{pattern.name} and {match['name']}: q {match['q']:.2g}",
                palette=palette,
            )
            save(figure, logos / f"{pattern.name}.match")


def _bits(ppm: np.ndarray) -> np.ndarray:
    """Letter heights in bits of a library's `ppm`, against even bases: its own background is not known."""
    share = np.maximum(ppm, 1e-12)
    return ppm * (2 + (ppm * np.log2(share)).sum(axis=0))
