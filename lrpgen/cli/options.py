"""Options that several commands share, worded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LARGEST_SEED = 2**32 - 1  # scikit-learn takes no larger one

Seed = Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Seed of every random choice.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Where the result goes (written whole or not at all).")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.")]
Threads = Annotated[int, typer.Option("--threads", min=0, help="CPU threads; 0 = all that this process may use.")]
