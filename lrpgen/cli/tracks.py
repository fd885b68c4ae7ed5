"""`lrpgen tracks`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Output, Seed


def tracks(
    shards: Annotated[
        list[Path], typer.Argument(help="Tile shards of `lrpgen explain`, in order.", show_default=False)
    ],
    genome: Annotated[Path, typer.Option(help="The FASTA the tiles came from.", show_default=False)],
    output: Output,
    seed: Seed = 1,
) -> None:
    """Contig tracks (bigWig, bedGraph) from tiles: mean relevance, standard deviation, coverage.

    --output is a prefix of PREFIX.{relevance,sd,coverage}.bw, PREFIX.relevance.bedgraph.gz and PREFIX.json.

    Example: lrpgen tracks tiles-1.h5 tiles-2.h5 --genome genome.fa -o tracks/donor
    """
    del seed  # nothing is random here
    from ..relevance.tracks import write_tracks

    write_tracks(shards, genome, output)
