"""The whole folder of motifs of one class, from a relevance store: `lrpgen motifs` and the workflow call this."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import __version__
from ..errors import InputError
from ..files import atomic_dir, write_json, write_text
from ..progress import progress, say
from ..relevance.store import Store, open_store
from . import formats, matrices
from .matrixfile import Known, Library
from .names import COLUMNS, Naming, best_name, described, name_patterns
from .patterns import Pattern, Windows, find_patterns
from .seqlets import call_seqlets, check_finite, zero_share

BLOCK = 4096  # windows read from the store at a time
SIGNS = {"+": "positive", "-": "negative"}


@dataclass(frozen=True)
class Explained:
    """The windows of one target: regions (n rows), onehot (n, 4, L), relevance (n, L), multipliers or None."""

    regions: pd.DataFrame
    onehot: np.ndarray
    relevance: np.ndarray
    multipliers: np.ndarray | None


def find_motifs(
    store: str | os.PathLike[str],
    target: str,
    out_dir: str | os.PathLike[str],
    *,
    naming: Naming | None = None,
    seed: int = 1,
    palette: str = "cvd",
) -> dict[str, Any]:
    """Seqlets, patterns, their names, matrices, exports and logos of class `target`; returns what summary.json holds.

    Writes the folder `out_dir` whole or not at all. Few seqlets or none leave notes and empty tables, never a crash.
    `naming`: what patterns are named by, JASPAR's newest vertebrates unless told. `palette`: the letters' colours,
    "cvd" (safe for colour-blind readers) or "classic". Raises `InputError` for an unknown class, a class without
    windows, or relevance that is not finite, and what `Naming.open` raises.
    """
    from ..plots.style import colours

    colours(palette)  # a wrong name should not cost the run
    read_library = (naming := naming or Naming()).open()
    data = _read(Path(store), target)
    names = data.regions["name"].tolist()
    check_finite(data.relevance, names, "relevance")
    zeros = zero_share(data.relevance)
    say(
        f"motifs of {target}: {len(names):,} windows, {100 * zeros:.1f} % of their bases have relevance of exactly zero"
    )
    notes = [] if data.multipliers is not None else [_NO_MULTIPLIERS]
    windows = Windows.of(data.onehot, data.relevance, data.multipliers)
    check_finite(windows.hypothetical, names, "multipliers")
    seqlets = call_seqlets(data.relevance, names)
    if zeros == 1.0:
        notes.append("the relevance of every base is zero: no seqlets")
    say(f"{_count(seqlets, '+'):,} positive and {_count(seqlets, '-'):,} negative seqlets")
    patterns: list[Pattern] = []
    for sign in SIGNS:
        found, why = find_patterns(seqlets, windows, sign, seed=seed)
        patterns += found
        notes += why
    found = _named(patterns, windows, naming, read_library, seed)
    notes += found.notes
    for note in notes:
        say(f"note: {note}")
    rows = [_row(pattern, windows, found) for pattern in patterns]
    result = {
        "target": target,
        "windows": len(names),
        "zero_share": round(zeros, 6),
        "seqlets": {word: _count(seqlets, sign) for sign, word in SIGNS.items()},
        "patterns": rows,
        "names": {"source": found.source, "max_q": naming.max_q},
        "background": dict(zip("ACGT", windows.background.round(6).tolist(), strict=True)),
        "notes": notes,
        "seed": seed,
        "lrpgen_version": __version__,
    }
    with atomic_dir(out_dir) as folder:
        _write(folder, result, data, seqlets, patterns, windows)
        found.matches.to_csv(folder / "names.tsv", sep="\t", index=False)
        _draw(folder, target, patterns, windows, palette)
        _draw_matches(folder / "logos", patterns, windows, found, palette)
    return result


_NO_MULTIPLIERS = "the store holds no multipliers: the hypothetical CWM equals the CWM"


def _read(path: Path, target: str) -> Explained:
    with open_store(path) as store:
        if target not in store.classes:
            raise InputError(f"{path} has no class {target!r}; choose one of {', '.join(store.classes)}")
        rows = np.flatnonzero(store.target == store.classes.index(target))
        if not len(rows):
            raise InputError(f"{path} explains no window for class {target!r}; explain some with `lrpgen explain`")
        return Explained(
            regions=store.regions.iloc[rows].reset_index(drop=True),
            onehot=_rows(store, store.onehot, rows),
            relevance=_rows(store, store.relevance, rows),
            multipliers=_rows(store, store.multipliers, rows) if store.has("multipliers") else None,
        )


def _rows(store: Store, read: Callable[[slice], np.ndarray], rows: np.ndarray) -> np.ndarray:
    """`rows` of an array of the store, block by block: only what is kept stays in memory."""
    parts = []
    for first in range(0, len(store), BLOCK):
        here = rows[(rows >= first) & (rows < first + BLOCK)]
        if len(here):
            parts.append(read(slice(first, min(first + BLOCK, len(store))))[here - first])
    return np.concatenate(parts)


@dataclass(frozen=True)
class Named:
    """The matches of all patterns, the library they come from by id, and what it is called."""

    matches: pd.DataFrame
    known: dict[str, Known]
    source: str | None
    notes: list[str]


def _named(
    patterns: list[Pattern],
    windows: Windows,
    naming: Naming,
    read_library: Callable[[], tuple[Library, Library | None]] | None,
    seed: int,
) -> Named:
    if read_library is None or not patterns:
        return Named(pd.DataFrame(columns=list(COLUMNS)), {}, None, [])
    library, filler = read_library()
    say(f"naming {len(patterns)} patterns by {len(library.motifs):,} matrices of {library.source}")
    ppms = {pattern.name: matrices.probabilities(pattern.pfm, windows.background) for pattern in patterns}
    matches = name_patterns(ppms, library, filler=filler, max_q=naming.max_q, seed=seed)
    notes = []
    if filler is not None:
        notes.append(f"{library.source} has few motifs: p-values of names take their background from {filler.source}")
    return Named(matches, {known.id: known for known in library.motifs}, library.source, notes)


def _row(pattern: Pattern, windows: Windows, found: Named) -> dict[str, Any]:
    row: dict[str, Any] = {**formats.summary(pattern, windows.background), **described(found.matches, pattern.name)}
    if row["name"]:
        row["logo_match"] = f"logos/{pattern.name}.match.svg"
    name = f", named {row['name']} ({row['target']}, q {row['q']:.2g})" if row["name"] else ""
    say(f"{row['pattern']}: {row['consensus']}, {row['seqlets']} seqlets, {row['information_bits']} bits{name}")
    return row


def _count(seqlets: pd.DataFrame, sign: str) -> int:
    return seqlets["sign"].tolist().count(sign)


def _write(
    folder: Path,
    result: dict[str, Any],
    data: Explained,
    seqlets: pd.DataFrame,
    patterns: list[Pattern],
    windows: Windows,
) -> None:
    places = formats.instances(patterns)
    formats.write_seqlets(folder / "seqlets.bed", seqlets, formats.name_seqlets(seqlets, places), data.regions)
    formats.write_instances(folder / "instances.bed", places, data.regions)
    formats.write_table(folder / "patterns.tsv", result["patterns"])
    formats.write_matrices(folder / "patterns.h5", patterns, windows.background)
    write_text(folder / "patterns.meme", formats.meme_text(patterns, windows.background))
    write_json(folder / "summary.json", result)


def _draw(folder: Path, target: str, patterns: list[Pattern], windows: Windows, palette: str) -> None:
    from ..plots.logos import mean_figure, pattern_figure
    from ..plots.style import save

    logos = folder / "logos"
    logos.mkdir()
    with progress("logos", 2 * len(patterns) + 1, "figures") as advance:
        mean = windows.contributions.mean(axis=0, dtype=np.float64)
        save(mean_figure(mean, title=f"mean relevance, {target}", palette=palette), folder / "mean")
        advance(1)
        for pattern in patterns:
            ppm = matrices.probabilities(pattern.pfm, windows.background)
            bits = matrices.information(pattern.pfm, windows.background)
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


def _draw_matches(logos: Path, patterns: list[Pattern], windows: Windows, found: Named, palette: str) -> None:
    """Each named pattern above the matrix that names it."""
    from ..plots.pairs import pair_figure
    from ..plots.style import save

    for pattern in patterns:
        if (match := best_name(found.matches, pattern.name)) is not None:
            ppm = matrices.probabilities(pattern.pfm, windows.background)
            bits = ppm * matrices.information(pattern.pfm, windows.background)
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
