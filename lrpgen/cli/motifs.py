"""`lrpgen motifs`: seqlets, patterns, exports and logos of one class."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Output, Seed


def motifs(
    store: Annotated[Path, typer.Argument(help="Relevance store (HDF5) of `lrpgen gather` or `lrpgen explain`.")],
    output: Output,
    target: Annotated[str, typer.Option("--target", help="Class whose explained windows are searched.")],
    seed: Seed = 1,
    palette: Annotated[str, typer.Option("--palette", help="Colours of the letters: cvd or classic.")] = "cvd",
) -> None:
    """Find motifs in the relevance of one class: seqlets of both signs, patterns, MEME, BED, logos.

    \b
    Example:
      lrpgen motifs relevance.h5 --target donor -o motifs/donor
    """
    from ..motifs.run import find_motifs

    find_motifs(store, target, output, seed=seed, palette=palette)
