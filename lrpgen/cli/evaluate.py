"""`lrpgen evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AllowCpu, Device, Gpus, Output, Seed, Threads
from .outcome import Numbers


def evaluate(
    model: Annotated[
        list[Path],
        typer.Option(help="Model of `lrpgen train`; further ones: members of its ensemble.", show_default=False),
    ],
    windows: Annotated[Path, typer.Option(help="File of `lrpgen windows`.", show_default=False)],
    output: Output,
    truth: Annotated[
        str | None,
        typer.Option(help="What matters: a BED file, truth.bed of `lrpgen simulate`, or sites (splice sites)."),
    ] = None,
    methods: Annotated[
        str | None, typer.Option(help="Methods, by space, or all; the usual ones if left out (docs/evaluation.md).")
    ] = None,
    labels: Annotated[str | None, typer.Option(help="Classes to explain, by comma; all but the background.")] = None,
    target: Annotated[str | None, typer.Option(help="Output to explain; windows: their own class.")] = None,
    split: Annotated[str, typer.Option(help="Part of the windows: test, validation or train.")] = "test",
    inputs: Annotated[int, typer.Option(min=2, help="At most so many windows, drawn by the seed.")] = 200,
    draws: Annotated[int, typer.Option(min=1, help="Orders and shuffles a curve is the mean of.")] = 2,
    steps: Annotated[int, typer.Option(min=1, help="Steps of a deletion or insertion curve.")] = 20,
    checks: Annotated[
        int, typer.Option(min=0, help="Inputs of the stability and sanity checks; 0 = leave them out.")
    ] = 64,
    seed: Seed = 1,
    device: Device = "auto",
    gpus: Gpus = 0,
    allow_cpu: AllowCpu = False,
    threads: Threads = 0,
) -> Numbers:
    """Which method explains this model best, and does pruning help? Measures, controls and costs of many methods.

    Writes summary.json, methods.tsv, values.tsv.gz and figures. No method sees the truth.

    \b
    Example:
      lrpgen evaluate --model model.safetensors --windows windows.h5 --truth sites -o evaluation
      lrpgen evaluate --model model.safetensors --windows windows.h5 -o evaluation \\
        --methods "epsilon plrp-lambda:0.25:epsilon deepshap ism"
    """
    from ..device import settle_device
    from ..evaluate.comparison import Setting
    from ..evaluate.run import Evaluation
    from ..evaluate.run import evaluate as run

    found = run(
        Evaluation(
            models=tuple(model),
            windows=windows,
            output=output,
            truth=truth,
            labels=tuple(labels.split(",")) if labels else None,
            target=target,
            split=split,
            inputs=inputs,
            methods=tuple(methods.split()) if methods else None,
            setting=Setting(draws=draws, steps=steps, seed=seed, checks=checks),
            device=settle_device(device, gpus, allow_cpu),
            threads=threads,
        )
    )
    return {"inputs": found["setting"]["inputs"], "methods": len(found["rows"])}
