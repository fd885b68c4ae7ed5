"""Options that several commands share, worded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Seed = Annotated[int, typer.Option("--seed", help="Seed of every random choice.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Where the result goes (written whole or not at all).")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.")]
Threads = Annotated[int, typer.Option("--threads", help="CPU threads; 0 = all that this process may use.")]
