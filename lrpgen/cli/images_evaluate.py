"""`lrpgen images evaluate`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .guard import Guarded
from .images import images as app
from .images_explain import Labels, Methods, Split, Target, named
from .options import AllowCpu, Device, Gpus, Output, Seed, Threads
from .outcome import Numbers


@app.command("evaluate", cls=Guarded)
def evaluate_command(
    model: Annotated[Path, typer.Argument(help="Model of `lrpgen images train`, or weights.", show_default=False)],
    images: Annotated[Path, typer.Argument(help="File of `lrpgen images prepare`.", show_default=False)],
    output: Output,
    member: Annotated[list[Path] | None, typer.Option(help="A further model of the same kind, for stability.")] = None,
    methods: Methods = None,
    labels: Labels = None,
    target: Target = "label",
    split: Split = "test",
    inputs: Annotated[int, typer.Option(min=2, help="At most so many images, drawn by the seed.")] = 100,
    masks: Annotated[bool, typer.Option(help="Set relevance against the masks, where the file has some.")] = True,
    draws: Annotated[int, typer.Option(min=1, help="Orders of ties that a curve is the mean of.")] = 1,
    steps: Annotated[int, typer.Option(min=1, help="Steps of a pixel flipping or insertion curve.")] = 20,
    checks: Annotated[int, typer.Option(min=0, help="Inputs of the sanity checks; 0 = leave them out.")] = 32,
    timed: Annotated[int, typer.Option(min=1, help="Images whose explanation is timed.")] = 16,
    batch_size: Annotated[int, typer.Option(min=1, help="Images at a time.")] = 64,
    seed: Seed = 1,
    device: Device = "auto",
    gpus: Gpus = 0,
    allow_cpu: AllowCpu = False,
    threads: Threads = 0,
) -> Numbers:
    """Which method explains this model best: RMA and RRA against masks, pixel flipping, sparsity, controls, costs.

    The measures and files of `lrpgen evaluate`; no method sees the masks.

    \b
    Example:
      lrpgen images evaluate model.safetensors images.h5 -o evaluation
      lrpgen images evaluate model.safetensors images.h5 -o evaluation --methods sweep
    """
    from ..device import settle_device
    from ..evaluate.comparison import Setting
    from ..images.evaluate import ImageEvaluation, evaluate_images

    found = evaluate_images(
        ImageEvaluation(
            models=(model, *(member or ())),
            images=images,
            output=output,
            methods=named(None, methods),
            labels=tuple(labels.split(",")) if labels else None,
            target=target,
            split=None if split == "all" else split,
            inputs=inputs,
            masks=masks,
            setting=Setting(draws=draws, steps=steps, seed=seed, checks=checks, timed=timed, batch_size=batch_size),
            device=settle_device(device, gpus, allow_cpu),
            threads=threads,
        )
    )
    return {"inputs": found["setting"]["inputs"], "methods": len(found["rows"])}
