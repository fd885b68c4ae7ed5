"""`lrpgen gather`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..progress import say
from .options import Output, Seed


def gather(
    shards: Annotated[list[Path], typer.Argument(help="Shards of `lrpgen explain`, in order.", show_default=False)],
    output: Output,
    seed: Seed = 1,
) -> None:
    """Join the shards of one explanation into one store; memory does not grow with their number.

    Example: lrpgen gather explain/shard-1.h5 explain/shard-2.h5 -o relevance.h5
    """
    del seed  # nothing is random here
    from ..relevance.gathering import gather

    say(f"gathered {gather(shards, output):,} regions in {output}")
