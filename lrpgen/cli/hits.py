"""`lrpgen hits`: every instance of the patterns of one class."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Output, Seed


def hits(
    store: Annotated[Path, typer.Argument(help="Relevance store (HDF5) of `lrpgen gather` or `lrpgen explain`.")],
    patterns: Annotated[Path, typer.Option("--patterns", help="patterns.h5 of `lrpgen motifs`, or its folder.")],
    output: Output,
    target: Annotated[str, typer.Option("--target", help="Class whose explained windows are searched.")],
    max_q: Annotated[float, typer.Option("--max-q", help="Largest q-value of a hit.")] = 0.05,
    seed: Seed = 1,
) -> None:
    """Find every instance of the patterns in the explained windows, by relevance and letters, as BED with q-values.

    \b
    Example:
      lrpgen hits relevance.h5 --patterns motifs/donor --target donor -o hits/donor.bed
    """
    from ..motifs.hits import find_hits

    find_hits(store, patterns, target, output, max_q=max_q, seed=seed)
