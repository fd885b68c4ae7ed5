"""`lrpgen merge`: patterns of several motif folders as one set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import MaxNameQ, Names, Output, Palette, Release, Seed, Taxon


def merge(
    folders: Annotated[list[Path], typer.Argument(help="Folders of `lrpgen motifs`.", show_default=False)],
    output: Output,
    min_cosine: Annotated[
        float, typer.Option("--min-cosine", help="Patterns are one from this cosine of their CWMs on.")
    ] = 0.95,
    names: Names = "none",
    release: Release = None,
    taxon: Taxon = "vertebrates",
    max_name_q: MaxNameQ = 0.05,
    seed: Seed = 1,
    palette: Palette = "cvd",
) -> None:
    """Merge the patterns of several classes, samples or shards: what is one pattern becomes one, its seqlets add up.

    Seqlets are counted once per folder: windows that several folders share count as often.

    \b
    Example:
      lrpgen merge motifs/donor motifs/acceptor -o merged
    """
    from ..motifs.merge import merge_motifs
    from ..motifs.names import Naming

    naming = Naming(names, release, taxon, max_name_q)
    merge_motifs(folders, output, min_cosine=min_cosine, naming=naming, seed=seed, palette=palette)
