"""`lrpgen train`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AllowCpu, Device, Gpus, Output, Seed, Threads
from .outcome import Numbers


def train(
    windows: Annotated[Path, typer.Argument(help="File of `lrpgen windows`.", show_default=False)],
    output: Output,
    history: Annotated[Path | None, typer.Option(help="Also write losses and validation quality, as JSON.")] = None,
    plots: Annotated[Path | None, typer.Option(help="Also draw the losses into this folder.")] = None,
    architecture: Annotated[str, typer.Option(help="Name of an architecture of the zoo.")] = "motif-cnn",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Argument of the architecture, as in filters=64; repeatable.")
    ] = None,
    epochs: Annotated[int, typer.Option(help="Passes over the training part, at most.")] = 40,
    batch_size: Annotated[int, typer.Option(help="Windows per step.")] = 128,
    learning_rate: Annotated[float, typer.Option(help="Step size at the start.")] = 2e-3,
    schedule: Annotated[str, typer.Option(help="Of the step size: cosine, constant or plateau.")] = "cosine",
    patience: Annotated[int, typer.Option(help="Stop after this many epochs without a better validation.")] = 8,
    loss: Annotated[str, typer.Option(help="auto, or poisson for counts.")] = "auto",
    class_weights: Annotated[str, typer.Option(help="none, or balanced: rare classes weigh more.")] = "none",
    augment_rc: Annotated[
        bool, typer.Option("--augment-rc", help="Also learn from the other strand; not where strand matters.")
    ] = False,
    augment_shift: Annotated[int, typer.Option(help="Move windows by up to so many bp; N moves in.")] = 0,
    precision: Annotated[str, typer.Option(help="auto, float32 or bf16 (GPU).")] = "auto",
    buffer_mb: Annotated[int, typer.Option(help="Memory for windows of one part, MB.")] = 256,
    workers: Annotated[int, typer.Option(help="Processes that read the file; -1 decides.")] = -1,
    seed: Seed = 1,
    device: Device = "auto",
    gpus: Gpus = 0,
    allow_cpu: AllowCpu = False,
    threads: Threads = 0,
) -> Numbers:
    """Train a CNN on labelled windows; the test part is not looked at.

    A run that was interrupted goes on after its last whole epoch when the same command is given again.

    Example: lrpgen train results/hla/windows.h5 -o results/hla/model.safetensors
    """
    from ..device import settle_device
    from ..models.training import Training, train
    from ..models.training.options import parse_settings

    options = Training(
        architecture=architecture,
        settings=parse_settings(settings or []),
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        schedule=schedule,
        patience=patience,
        loss=loss,
        class_weights=class_weights,
        augment_rc=augment_rc,
        augment_shift=augment_shift,
        precision=precision,
        buffer_mb=buffer_mb,
        workers=workers,
        seed=seed,
        device=settle_device(device, gpus, allow_cpu),
        threads=threads,
    )
    found = train(windows, output, options, history)
    if plots is not None:
        from ..plots.quality import draw_history

        draw_history(found, plots)
    best = next((entry for entry in found["epochs"] if entry["epoch"] == found["best_epoch"]), {})
    kept = {name: best[name] for name in ("train_loss", "validation_loss") if name in best}
    return {"epochs": len(found["epochs"]), "best_epoch": found["best_epoch"], **kept}
