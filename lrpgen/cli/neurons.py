"""`lrpgen neurons`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AllowCpu, Composite, Device, Gpus, Output, Seed, Threads
from .outcome import Numbers


def neurons(
    model: Annotated[Path, typer.Option(help="Model of `lrpgen train` or `models convert`.", show_default=False)],
    windows: Annotated[
        Path, typer.Option(help="File of `lrpgen windows`, or of `lrpgen images prepare`.", show_default=False)
    ],
    output: Output,
    labels: Annotated[str | None, typer.Option(help="Classes to look at, by comma; all but the background.")] = None,
    target: Annotated[str | None, typer.Option(help="Output to explain; windows: their own class.")] = None,
    split: Annotated[str, typer.Option(help="Part of the windows: test, validation or train.")] = "test",
    inputs: Annotated[int, typer.Option(min=1, help="At most so many windows, drawn by the seed.")] = 64,
    composite: Composite = "epsilon",
    channels: Annotated[int, typer.Option(min=1, help="Channels of a layer shown one by one, the strongest.")] = 12,
    draws: Annotated[int, typer.Option(min=1, help="Draws of the random control.")] = 3,
    tolerance: Annotated[
        float, typer.Option(help="Error that is accepted, as a share of the heat map's mean square.")
    ] = 0.1,
    batch_size: Annotated[int, typer.Option(min=1, help="Windows at a time.")] = 64,
    seed: Seed = 1,
    device: Device = "auto",
    gpus: Gpus = 0,
    allow_cpu: AllowCpu = False,
    threads: Threads = 0,
) -> Numbers:
    """Neurons: which channels carry an explanation, and the critical paths of relevance through the network.

    Writes network.json, curves.tsv, summary.txt and a figure (docs/neurons.md).

    Example: lrpgen neurons --model model.safetensors --windows windows.h5 -o network
    """
    from ..device import settle_device
    from ..neurons.run import NeuronJob, look
    from ..neurons.study import Setting

    network = look(
        NeuronJob(
            model=model,
            windows=windows,
            output=output,
            labels=tuple(labels.split(",")) if labels else None,
            target=target,
            split=split,
            inputs=inputs,
            tolerance=tolerance,
            setting=Setting(composite, shown=channels, draws=draws, batch_size=batch_size, seed=seed),
            device=settle_device(device, gpus, allow_cpu),
            threads=threads,
        )
    )
    return {"inputs": network["setting"]["inputs"], "layers": len(network["layers"]), "nodes": len(network["nodes"])}
