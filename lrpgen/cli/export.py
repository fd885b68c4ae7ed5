"""`lrpgen export`: relevance in the files that other tools read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..progress import say
from .options import Output, Seed


def export(
    store: Annotated[Path, typer.Argument(help="Relevance store (HDF5) of `lrpgen gather` or `lrpgen explain`.")],
    output: Output,
    target: Annotated[
        str | None, typer.Option("--target", help="Only windows explained for this class; all of them.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="modisco: ohe.npz, hyp.npz; chrombpnet: scores.h5.")
    ] = "modisco",
    seed: Seed = 1,
) -> None:
    """Write letters and hypothetical contributions of explained windows for TF-MoDISco, chrombpnet's tools, Fi-NeMo.

    \b
    Example:
      lrpgen export relevance.h5 --target donor -o modisco
      modisco motifs -s modisco/ohe.npz -a modisco/hyp.npz -n 2000 -w 200 -o modisco.h5
    """
    del seed  # nothing is random here
    from ..relevance.export import export

    say(f"exported {export(store, output, target=target, form=form):,} windows to {output}")
