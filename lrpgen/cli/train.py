"""`lrpgen train`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Device, Output, Seed, Threads


def train(
    windows: Annotated[Path, typer.Argument(help="File of `lrpgen windows`.", show_default=False)],
    output: Output,
    history: Annotated[Path | None, typer.Option(help="Also write losses and validation quality, as JSON.")] = None,
    architecture: Annotated[str, typer.Option(help="Name of an architecture of the zoo.")] = "motif-cnn",
    epochs: Annotated[int, typer.Option(help="Passes over the training part, at most.")] = 40,
    batch_size: Annotated[int, typer.Option(help="Windows per step.")] = 128,
    learning_rate: Annotated[float, typer.Option(help="Step size at the start (cosine decay).")] = 2e-3,
    patience: Annotated[int, typer.Option(help="Stop after this many epochs without a better validation.")] = 8,
    seed: Seed = 1,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Train a CNN on labelled windows; the test part is not looked at.

    Example: lrpgen train results/hla/windows.h5 -o results/hla/model.safetensors
    """
    from ..models.train import Training, train

    options = Training(
        architecture=architecture,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        patience=patience,
        seed=seed,
        device=device,
        threads=threads,
    )
    train(windows, output, options, history)
