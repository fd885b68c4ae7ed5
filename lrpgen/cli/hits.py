"""`lrpgen hits`: every instance of the patterns of one class."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from .options import Output, Seed
from .outcome import Numbers


def hits(
    patterns: Annotated[Path, typer.Option("--patterns", help="patterns.h5 of `lrpgen motifs`, or its folder.")],
    output: Output,
    store: Annotated[
        Path | None,
        typer.Argument(help="Relevance store (HDF5) of `lrpgen gather` or `lrpgen explain`.", show_default=False),
    ] = None,
    target: Annotated[str | None, typer.Option(help="STORE: class whose explained windows are searched.")] = None,
    track: Annotated[
        Path | None,
        typer.Option(help="Instead of STORE: bigWig of `lrpgen tracks`; needs --genome.", show_default=False),
    ] = None,
    genome: Annotated[
        Path | None, typer.Option(help="The FASTA that the track was made from.", show_default=False)
    ] = None,
    max_q: Annotated[float, typer.Option("--max-q", help="Largest q-value of a hit.")] = 0.05,
    seed: Seed = 1,
) -> Numbers:
    """Find every instance of the patterns, by relevance and letters, as BED with q-values.

    In the explained windows of a store, or along a genome with a relevance track.

    \b
    Example:
      lrpgen hits relevance.h5 --patterns motifs/donor --target donor -o hits/donor.bed
      lrpgen hits --track tracks/donor.relevance.bw --genome genome.fa --patterns motifs/donor -o hits/donor.genome.bed
    """
    from ..motifs.hits import find_hits, find_track_hits

    if store is not None and target is not None and track is None and genome is None:
        found = find_hits(store, patterns, target, output, max_q=max_q, seed=seed)
    elif track is not None and genome is not None and store is None and target is None:
        found = find_track_hits(track, genome, patterns, output, max_q=max_q, seed=seed)
    else:
        raise InputError(
            "hits are looked for in a STORE with --target, or in a --track with --genome; give one of the two"
        )
    return {"hits": found["hits"], "hits_of": {row["pattern"]: row["hits"] for row in found["patterns"]}}
