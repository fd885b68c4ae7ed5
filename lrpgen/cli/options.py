"""Options that several commands share, worded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError

LARGEST_SEED = 2**32 - 1  # scikit-learn takes no larger one

Seed = Annotated[int, typer.Option("--seed", min=0, max=LARGEST_SEED, help="Seed of every random choice.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Where the result goes (written whole or not at all).")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.")]
AllowCpu = Annotated[
    bool, typer.Option("--allow-cpu", help="Compute on the CPU where a GPU was asked for and torch sees none.")
]
Gpus = Annotated[int, typer.Option("--gpus", min=0, help="GPUs this job was given; not 0: --device auto is cuda.")]
BatchSize = Annotated[str, typer.Option("--batch-size", help="Windows at a time; auto is what memory holds.")]
Threads = Annotated[int, typer.Option("--threads", min=0, help="CPU threads; 0 = all that this process may use.")]

# How relevance is made: the same for every command that explains.
Composite = Annotated[str, typer.Option(help="Rules, as in epsilon_plus or epsilon,conv1*=flat.")]
PrunePositive = Annotated[
    str,
    typer.Option(help="Share of positive relevance pruned per layer (0 = none), auto, or a file of `lrpgen prune`."),
]
PruneNegative = Annotated[float | None, typer.Option(help="The same for negative; half the positive.")]
Redistribute = Annotated[str, typer.Option(help="What pruning does with its share: lambda or matrix.")]
Reference = Annotated[str | None, typer.Option(help="uniform, composition, or a number of shuffles; none.")]

# What patterns are called, and how they are drawn.
Names = Annotated[str, typer.Option("--names", help="What patterns are compared with: jaspar, a MEME file, or none.")]
Release = Annotated[
    str | None, typer.Option("--release", help="JASPAR release, such as JASPAR2024; the newest unless told.")
]
Taxon = Annotated[str, typer.Option("--taxon", help="Taxon group of JASPAR.")]
MaxNameQ = Annotated[float, typer.Option("--max-name-q", help="A match is a name up to this q-value.")]
Palette = Annotated[str, typer.Option("--palette", help="Colours of the letters: cvd or classic.")]


def read_batch_size(text: str) -> int | None:
    """The option `--batch-size`: a number, or None for auto. Raises `InputError` for anything else."""
    if text == "auto":
        return None
    try:
        return int(text)
    except ValueError:
        raise InputError(f"batch size {text!r} is no number; give one, or auto") from None


def read_reference(text: str | None) -> str | int | None:
    """The option `--reference` as `lrpgen.explain` takes it: a number of shuffles, a name, or None."""
    return int(text) if text and text.isdigit() else text
