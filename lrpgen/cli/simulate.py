"""`lrpgen simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Output, Seed


def simulate(
    output: Output,
    grammar: Annotated[
        Path | None,
        typer.Argument(help="Grammar (YAML or JSON); one with five motifs if left out.", show_default=False),
    ] = None,
    seed: Seed = 1,
) -> None:
    """Plant motifs by a grammar in random sequence: genome, regions, labels, and the truth base by base.

    \b
    Example:
      lrpgen simulate -o simulated --seed 7
      lrpgen windows --source regions --fasta simulated/genome.fa --bed simulated/regions.bed \\
        --labels simulated/labels.tsv --task values -o windows.h5
    """
    from ..simulate.grammar import DEFAULT
    from ..simulate.run import simulate as run

    run(grammar or DEFAULT, output, seed)
