"""`lrpgen predict`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Device, Output, Seed, Threads


def predict(
    windows: Annotated[Path, typer.Argument(help="File of `lrpgen windows`.", show_default=False)],
    model: Annotated[Path, typer.Option(help="Model of `lrpgen train`.", show_default=False)],
    output: Output,
    metrics: Annotated[Path | None, typer.Option(help="Also write quality on each part, as JSON.")] = None,
    batch_size: Annotated[int, typer.Option(help="Windows at a time.")] = 512,
    seed: Seed = 1,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Class probabilities of every window, and how good they are on each part.

    Example: lrpgen predict results/hla/windows.h5 --model results/hla/model.safetensors -o predictions.tsv
    """
    del seed  # nothing is random here; every command takes it, so that scripts need not know which do
    from ..models.predict import predict

    predict(windows, model, output, metrics, batch_size=batch_size, device=device, threads=threads)
