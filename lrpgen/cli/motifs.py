"""`lrpgen motifs`: seqlets, patterns, their names, exports and logos of one class."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import MaxNameQ, Names, Output, Palette, Release, Seed, Taxon
from .outcome import Numbers


def motifs(
    store: Annotated[Path, typer.Argument(help="Relevance store (HDF5) of `lrpgen gather` or `lrpgen explain`.")],
    output: Output,
    target: Annotated[str, typer.Option("--target", help="Class whose explained windows are searched.")],
    null: Annotated[
        Path | None,
        typer.Option("--null", help="Store of shuffled windows (explain --shuffled): gives seqlets q-values."),
    ] = None,
    max_seqlet_q: Annotated[float, typer.Option("--max-seqlet-q", help="With a null: largest q of a seqlet.")] = 0.05,
    seqlets: Annotated[str, typer.Option("--seqlets", help="Caller of seqlets: recursive or modisco.")] = "recursive",
    grouping: Annotated[
        str, typer.Option("--grouping", help="How seqlets are grouped: greedy (built in) or modisco (modisco-lite).")
    ] = "greedy",
    names: Names = "jaspar",
    release: Release = None,
    taxon: Taxon = "vertebrates",
    max_name_q: MaxNameQ = 0.05,
    seed: Seed = 1,
    palette: Palette = "cvd",
) -> Numbers:
    """Find motifs in the relevance of one class: seqlets of both signs, patterns and their names, MEME, BED, logos.

    \b
    Example:
      lrpgen motifs relevance.h5 --null null.h5 --target donor -o motifs/donor
    with null.h5 from
      lrpgen explain --model model.safetensors --windows windows.h5 --shuffled 5000 -o null.h5
    """
    from ..motifs.names import Naming
    from ..motifs.run import find_motifs

    naming = Naming(names, release, taxon, max_name_q)
    found = find_motifs(
        store,
        target,
        output,
        null=null,
        max_seqlet_q=max_seqlet_q,
        caller=seqlets,
        grouping=grouping,
        naming=naming,
        seed=seed,
        palette=palette,
    )
    named = sum(bool(pattern["name"]) for pattern in found["patterns"])
    patterns = {"patterns": len(found["patterns"]), "named_patterns": named}
    return {"windows": found["windows"], "seqlets": found["seqlets"], **patterns}
