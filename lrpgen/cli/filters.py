"""`lrpgen filters`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import (
    AllowCpu,
    BatchSize,
    Composite,
    Device,
    Gpus,
    Output,
    PruneNegative,
    PrunePositive,
    Redistribute,
    Reference,
    Seed,
    Threads,
    read_batch_size,
    read_reference,
)


def filters(
    model: Annotated[Path, typer.Option(help="Model of `lrpgen train` or `models convert`.", show_default=False)],
    windows: Annotated[Path, typer.Option(help="File of `lrpgen windows`.", show_default=False)],
    output: Output,
    labels: Annotated[
        str | None, typer.Option(help="Classes whose windows are read, by comma; all but the background.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Output to explain; windows: their own class.")] = None,
    share: Annotated[
        float | None,
        typer.Option(help="Sites: all above this share of the filter's maximum; without it each window's best."),
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Convolution, where several read the bases.")] = None,
    composite: Composite = "epsilon",
    prune_positive: PrunePositive = "0.1",
    prune_negative: PruneNegative = None,
    redistribute: Redistribute = "lambda",
    reference: Reference = None,
    logos: Annotated[int | None, typer.Option(help="Draw only so many, the strongest first; all.")] = None,
    optional: Annotated[
        bool, typer.Option("--optional", help="A model without filters on the bases: say so in the summary, no error.")
    ] = False,
    batch_size: BatchSize = "auto",
    seed: Seed = 1,
    device: Device = "auto",
    gpus: Gpus = 0,
    allow_cpu: AllowCpu = False,
    threads: Threads = 0,
) -> None:
    """First-layer filters: what activates each, what that is worth in each class, which say the same.

    Example: lrpgen filters --model model.safetensors --windows windows.h5 -o filters

    Example: lrpgen filters --model model.safetensors --windows windows.h5 --target donor --share 0.5 -o filters/donor
    """
    from ..device import settle_device
    from ..lrp import Prune
    from ..motifs.filters import FilterJob, find_filters
    from ..relevance.job import Job
    from .pruning import settle_prune

    chosen = labels.split(",") if labels else None
    shared = {
        "model": model,
        "output": output,
        "target": target,
        "composite": composite,
        "reference": read_reference(reference),
        "device": settle_device(device, gpus, allow_cpu),
        "threads": threads,
        "seed": seed,
    }
    template = Prune(0.0, prune_negative, redistribute)
    prune = settle_prune(prune_positive, template, Job(**shared), windows, chosen)
    job = FilterJob(
        **shared,
        windows=windows,
        labels=tuple(chosen) if chosen else None,
        share=share,
        layer=layer,
        prune=prune,
        batch_size=read_batch_size(batch_size) or FilterJob.batch_size,
        logos=logos,
        optional=optional,
    )
    find_filters(job)
