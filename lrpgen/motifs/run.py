"""The whole folder of motifs of one class, from a relevance store: `lrpgen motifs` and the workflow call this."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import __version__
from ..files import atomic_dir, write_json
from ..progress import say
from ..relevance.store import open_store
from . import folder as shared
from . import formats, matrices
from .calling import Called, call_store, counts
from .cutouts import cut_out, spaced
from .modiscofile import write_modisco
from .names import Naming
from .patterns import GROUPING, Pattern, check_grouping, find_patterns
from .qvalues import MAX_Q, check_max_q
from .reading import Explained, explained, open_null
from .seqlets import CALLER, SIGNS, check_caller


def find_motifs(
    store: str | os.PathLike[str],
    target: str,
    out_dir: str | os.PathLike[str],
    *,
    null: str | os.PathLike[str] | None = None,
    max_seqlet_q: float = MAX_Q,
    caller: str = CALLER,
    grouping: str = GROUPING,
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
    check_max_q(max_seqlet_q, "seqlet")
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
        regions = opened.regions_slice(windows.rows)
    named = shared.named(patterns, background, naming, read_library, seed)
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
        "grouping": grouping,
        "patterns": [
            shared.row(pattern, background, named) | {"subpatterns": [part.seqlets for part in pattern.subpatterns]}
            for pattern in patterns
        ],
        "names": {"source": named.source, "max_q": naming.max_q},
        "background": dict(zip("ACGT", background.round(6).tolist(), strict=True)),
        "notes": notes,
        "seed": seed,
        "lrpgen_version": __version__,
    }
    with atomic_dir(out_dir) as folder:
        _write(folder, result, regions, seqlets, patterns)
        write_modisco(folder / "patterns.modisco.h5", patterns, regions, called.mean.shape[1])
        shared.write_patterns(folder, result["patterns"], patterns, background, named, palette)
        _draw_mean(folder, target, called.mean, palette)
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


def _write(
    folder: Path,
    result: dict[str, Any],
    regions: pd.DataFrame,
    seqlets: pd.DataFrame,
    patterns: list[Pattern],
) -> None:
    places = formats.instances(patterns)
    formats.write_seqlets(folder / "seqlets.bed", seqlets, formats.name_seqlets(seqlets, places), regions)
    formats.write_instances(folder / "instances.bed", places, regions)
    write_json(folder / "summary.json", result)


def _draw_mean(folder: Path, target: str, mean: np.ndarray, palette: str) -> None:
    from ..plots.logos import mean_figure
    from ..plots.style import save

    save(mean_figure(mean, title=f"mean relevance, {target}", palette=palette), folder / "mean")
