"""`lrpgen prune`"""

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
    Redistribute,
    Reference,
    Seed,
    Threads,
    read_batch_size,
    read_reference,
)


def prune(
    model: Annotated[
        list[Path], typer.Option(help="Model of `lrpgen train`; of several, the mean.", show_default=False)
    ],
    windows: Annotated[Path, typer.Option(help="File of `lrpgen windows` with a validation part.", show_default=False)],
    output: Output,
    labels: Annotated[str | None, typer.Option(help="Classes to choose for, by comma; all but the background.")] = None,
    target: Annotated[str | None, typer.Option(help="Class to explain; windows: their own class.")] = None,
    inputs: Annotated[int, typer.Option(min=2, help="Windows to choose on, at most.")] = 100,
    composite: Composite = "epsilon",
    prune_negative: PruneNegative = None,
    redistribute: Redistribute = "lambda",
    reference: Reference = None,
    batch_size: BatchSize = "auto",
    seed: Seed = 1,
    device: Device = "auto",
    gpus: Gpus = 0,
    allow_cpu: AllowCpu = False,
    threads: Threads = 0,
) -> None:
    """Choose the share that `lrpgen explain` prunes, on validation windows: the largest that stays faithful to the model.

    A share passes if its map is no less faithful than the base rule's and no worse than that map cut at the input to the
    same sparsity; docs/evaluation.md has the criterion. The file goes to `lrpgen explain --prune-positive FILE`.

    Example: lrpgen prune --model model.safetensors --windows windows.h5 -o prune.json
    """
    from ..device import settle_device
    from ..files import check_output, write_json
    from ..lrp import Prune
    from ..relevance.job import Job
    from .pruning import choose

    job = Job(
        model=model[0],
        members=tuple(model[1:]),
        output=output,
        target=target,
        composite=composite,
        reference=read_reference(reference),
        batch_size=read_batch_size(batch_size),
        device=settle_device(device, gpus, allow_cpu),
        threads=threads,
        seed=seed,
    )
    template = Prune(0.0, prune_negative, redistribute)
    check_output(output)
    write_json(output, choose(job, template, windows, labels.split(",") if labels else None, inputs))
