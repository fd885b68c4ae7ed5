"""`lrpgen baseline`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Output, Seed


def baseline(
    windows: Annotated[Path, typer.Argument(help="File of `lrpgen windows`.", show_default=False)],
    output: Output,
    seed: Seed = 1,
) -> None:
    """Linear models on k-mer counts and on base positions: what a network has to beat.

    Example: lrpgen baseline results/hla/windows.h5 -o results/hla/baseline.json
    """
    from ..models.baseline import run_baseline

    run_baseline(windows, output, seed)
