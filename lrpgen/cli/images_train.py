"""`lrpgen images train`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .guard import Guarded
from .images import images as group
from .options import AllowCpu, Device, Gpus, Output, Seed, Threads
from .outcome import Numbers


@group.command("train", cls=Guarded)
def train_command(
    images: Annotated[Path, typer.Argument(help="File of `lrpgen images prepare`.", show_default=False)],
    output: Output,
    history: Annotated[Path | None, typer.Option(help="Also write losses and accuracy, as JSON.")] = None,
    architecture: Annotated[
        str, typer.Option(help="simple-cnn, vgg16, vgg19, vgg16_bn, vgg19_bn, resnet18 or resnet50.")
    ] = "simple-cnn",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Argument of the network, as in filters=16; repeatable.")
    ] = None,
    weights: Annotated[Path | None, typer.Option(help="Weights to begin with, as of torchvision.")] = None,
    epochs: Annotated[int, typer.Option(help="Passes over the training part, at most.")] = 6,
    batch_size: Annotated[int, typer.Option(help="Images per step.")] = 128,
    learning_rate: Annotated[float, typer.Option(help="Step size at the start.")] = 2e-3,
    schedule: Annotated[str, typer.Option(help="Of the step size: cosine, constant or plateau.")] = "cosine",
    patience: Annotated[int, typer.Option(help="Stop after this many epochs without a better validation.")] = 3,
    class_weights: Annotated[str, typer.Option(help="none, or balanced: rare classes weigh more.")] = "none",
    precision: Annotated[str, typer.Option(help="auto, float32 or bf16 (GPU).")] = "auto",
    buffer_mb: Annotated[int, typer.Option(help="Memory for images of one part, MB.")] = 256,
    workers: Annotated[int, typer.Option(help="Processes that read the file; -1 decides.")] = -1,
    seed: Seed = 1,
    device: Device = "auto",
    gpus: Gpus = 0,
    allow_cpu: AllowCpu = False,
    threads: Threads = 0,
) -> Numbers:
    """Train a network on labelled images; the test part is looked at once, at the end.

    A run that was interrupted goes on after its last whole epoch when the same command is given again.

    Example: lrpgen images train images.h5 -o model.safetensors
    """
    from ..device import settle_device
    from ..images.train import train
    from ..models.training import Training
    from ..models.training.options import parse_settings

    options = Training(
        architecture=architecture,
        settings=parse_settings(settings or []),
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        schedule=schedule,
        patience=patience,
        class_weights=class_weights,
        precision=precision,
        buffer_mb=buffer_mb,
        workers=workers,
        seed=seed,
        device=settle_device(device, gpus, allow_cpu),
        threads=threads,
    )
    found = train(images, output, options, history, weights)
    numbers: Numbers = {"epochs": len(found["epochs"]), "best_epoch": found["best_epoch"]}
    return numbers | ({"test_accuracy": found["test"]["accuracy"]} if found["test"] else {})
