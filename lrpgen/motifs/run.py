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
from ..files import atomic_dir, write_json, write_text
from ..progress import progress, say
from ..relevance.store import open_store
from . import formats, matrices
from .calling import MAX_Q, SIGNS, Called, call_store, check_max_q, counts
from .cutouts import cut_out, spaced
from .matrixfile import Known, Library
from .names import COLUMNS, Naming, best_name, described, name_patterns
from .patterns import Pattern, check_grouping, find_patterns
from .reading import Explained, explained, open_null
from .seqlets import CALLER, check_caller


def find_motifs(
    store: str | os.PathLike[str],
    target: str,
    out_dir: str | os.PathLike[str],
    *,
    null: str | os.PathLike[str] | None = None,
    max_seqlet_q: float = MAX_Q,
    caller: str = CALLER,
    grouping: str = "auto",
    naming: Naming | None = None,
    seed: int = 1,
    palette: str = "cvd",
) -> dict[str, Any]:
    """Seqlets, patterns, their names, matrices, exports and logos of class `target`; returns what summary.json holds.

    Writes the folder `out_dir` whole or not at all. Few seqlets or none leave notes and empty tables, never a crash.
    Memory follows the seqlets, not the windows (see `calling` and `cutouts`).
    `null`: a store of shuffled windows (`lrpgen explain --shuffled`); with it seqlets have q-values and those above
    `max_seqlet_q` go. `caller`, `grouping`: see `seqlets.CALLERS`, `find_patterns`. `naming`: what patterns are named by,
    JASPAR's newest vertebrates unless told. `palette`: the letters' colours, "cvd" (safe for colour-blind readers) or
    "classic". Raises `InputError` for an unknown class, a class without windows, relevance that is not finite, or a null
    that does not fit, and what `Naming.open` and `check_grouping` raise.
    """
    from ..plots.style import colours

    colours(palette)  # what is wrong should not cost the run
    check_caller(caller)
    check_grouping(grouping)
    check_max_q(max_seqlet_q)
    read_library = (naming := naming or Naming()).open()
    null = None if null is None else Path(null)
    with open_store(Path(store)) as opened, open_null(null, opened, target) as shuffled:
        windows = explained(opened, target)
        called = call_store(windows, shuffled, caller=caller)
        background = matrices.shares(called.bases)
        _tell(target, windows, called, shuffled)
        passing = called.seqlets["q"].isna() | (called.seqlets["q"] <= max_seqlet_q)
        seqlets = called.seqlets.loc[passing].reset_index(drop=True)
        notes = _notes(windows, called, seqlets, max_seqlet_q)
        patterns: list[Pattern] = []
        for sign in SIGNS:
            cutouts = cut_out(windows, spaced(seqlets.loc[seqlets["sign"] == sign]), background)
            found, why = find_patterns(cutouts, sign, grouping=grouping, seed=seed)
            patterns += found
            notes += why
        regions = opened.regions.iloc[windows.rows].reset_index(drop=True)
    named = _named(patterns, background, naming, read_library, seed)
    notes += named.notes
    for note in notes:
        say(f"note: {note}")
    result = {
        "target": target,
        "windows": len(windows),
        "zero_share": round(called.zero_share, 6),
        "seqlets": counts(seqlets),
        "called": counts(called.seqlets),
        "null": None if called.null is None else {"windows": len(shuffled or []), **called.null},
        "max_seqlet_q": None if called.null is None else max_seqlet_q,
        "caller": caller,
        "patterns": [_row(pattern, background, named) for pattern in patterns],
        "names": {"source": named.source, "max_q": naming.max_q},
        "background": dict(zip("ACGT", background.round(6).tolist(), strict=True)),
        "notes": notes,
        "seed": seed,
        "lrpgen_version": __version__,
    }
    with atomic_dir(out_dir) as folder:
        _write(folder, result, regions, seqlets, patterns, background)
        named.matches.to_csv(folder / "names.tsv", sep="\t", index=False)
        _draw(folder, target, patterns, called.mean, background, palette)
        _draw_matches(folder / "logos", patterns, background, named, palette)
    return result


def _tell(target: str, windows: Explained, called: Called, null: Explained | None) -> None:
    zeros = f"{100 * called.zero_share:.1f} % of their bases have relevance of exactly zero"
    say(f"motifs of {target}: {len(windows):,} windows, {zeros}")
    for word, count in counts(called.seqlets).items():
        beside = f", {called.null[word]:,} in {len(null):,} shuffled windows" if null and called.null else ""
        say(f"{count:,} {word} seqlets called{beside}")


def _notes(windows: Explained, called: Called, seqlets: pd.DataFrame, max_q: float) -> list[str]:
    notes = [] if windows.store.has("multipliers") else [_NO_MULTIPLIERS]
    if called.zero_share == 1.0:
        notes.append("the relevance of every base is zero: no seqlets")
    elif called.null is None:
        notes.append("no shuffled windows to compare with (--null): seqlets have no error rate")
    elif len(seqlets) == 0:
        notes.append(
            f"none of {len(called.seqlets):,} seqlets has a q of at most {max_q}: shuffles have as strong ones"
        )
    return notes


_NO_MULTIPLIERS = "the store holds no multipliers: the hypothetical CWM equals the CWM"


@dataclass(frozen=True)
class Named:
    """The matches of all patterns, the library they come from by id, and what it is called."""

    matches: pd.DataFrame
    known: dict[str, Known]
    source: str | None
    notes: list[str]


def _named(
    patterns: list[Pattern],
    background: np.ndarray,
    naming: Naming,
    read_library: Callable[[], tuple[Library, Library | None]] | None,
    seed: int,
) -> Named:
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


def _row(pattern: Pattern, background: np.ndarray, found: Named) -> dict[str, Any]:
    row: dict[str, Any] = {**formats.summary(pattern, background), **described(found.matches, pattern.name)}
    if row["name"]:
        row["logo_match"] = f"logos/{pattern.name}.match.svg"
    name = f", named {row['name']} ({row['target']}, q {row['q']:.2g})" if row["name"] else ""
    say(f"{row['pattern']}: {row['consensus']}, {row['seqlets']} seqlets, {row['information_bits']} bits{name}")
    return row


def _write(
    folder: Path,
    result: dict[str, Any],
    regions: pd.DataFrame,
    seqlets: pd.DataFrame,
    patterns: list[Pattern],
    background: np.ndarray,
) -> None:
    places = formats.instances(patterns)
    formats.write_seqlets(folder / "seqlets.bed", seqlets, formats.name_seqlets(seqlets, places), regions)
    formats.write_instances(folder / "instances.bed", places, regions)
    formats.write_table(folder / "patterns.tsv", result["patterns"])
    formats.write_matrices(folder / "patterns.h5", patterns, background)
    write_text(folder / "patterns.meme", formats.meme_text(patterns, background))
    write_json(folder / "summary.json", result)


def _draw(
    folder: Path, target: str, patterns: list[Pattern], mean: np.ndarray, background: np.ndarray, palette: str
) -> None:
    from ..plots.logos import mean_figure, pattern_figure
    from ..plots.style import save

    logos = folder / "logos"
    logos.mkdir()
    with progress("logos", 2 * len(patterns) + 1, "figures") as advance:
        save(mean_figure(mean, title=f"mean relevance, {target}", palette=palette), folder / "mean")
        advance(1)
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


def _draw_matches(logos: Path, patterns: list[Pattern], background: np.ndarray, found: Named, palette: str) -> None:
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
