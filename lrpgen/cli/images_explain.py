"""`lrpgen images explain`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .guard import Guarded
from .images import images as app
from .options import AllowCpu, Device, Gpus, Output, Seed, Threads
from .outcome import Numbers

Methods = Annotated[
    str | None,
    typer.Option(help="Methods, by space; usual and sweep stand for several; the usual ones if left out."),
]
Labels = Annotated[str | None, typer.Option(help="Only images of these classes, by comma.")]
Target = Annotated[str, typer.Option(help="Output explained: label (each image's own), predicted, or a class.")]
Split = Annotated[str, typer.Option(help="Part of the images: test, validation, train or all.")]


@app.command("explain", cls=Guarded)
def explain_command(
    model: Annotated[Path, typer.Argument(help="Model of `lrpgen images train`, or weights.", show_default=False)],
    images: Annotated[Path, typer.Argument(help="File of `lrpgen images prepare`.", show_default=False)],
    output: Output,
    method: Annotated[list[str] | None, typer.Option(help="One method; give it again for more.")] = None,
    methods: Methods = None,
    labels: Labels = None,
    target: Target = "label",
    split: Split = "test",
    inputs: Annotated[int, typer.Option(min=1, help="Images shown: of every class, some misclassified.")] = 20,
    layers: Annotated[bool, typer.Option(help="Keep the relevance inside the network too.")] = True,
    batch_size: Annotated[int, typer.Option(min=1, help="Images at a time.")] = 16,
    seed: Seed = 1,
    device: Device = "auto",
    gpus: Gpus = 0,
    allow_cpu: AllowCpu = False,
    threads: Threads = 0,
) -> Numbers:
    """Relevance of some images by many methods: heat maps, per-layer maps, the ledger.

    Writes relevance.h5, summary.json and figures into a folder.

    \b
    Example:
      lrpgen images explain model.safetensors images.h5 -o explained
      lrpgen images explain vgg16-397923af.pth photos.h5 -o explained --target predicted \\
        --method epsilon_plus --method plrp-lambda:0.25:epsilon_plus
    """
    from ..device import settle_device
    from ..images.explain import ImageJob, explain_images

    found = explain_images(
        ImageJob(
            model=model,
            images=images,
            output=output,
            methods=named(method, methods),
            labels=tuple(labels.split(",")) if labels else None,
            target=target,
            split=None if split == "all" else split,
            inputs=inputs,
            layers=layers,
            seed=seed,
            batch_size=batch_size,
            device=settle_device(device, gpus, allow_cpu),
            threads=threads,
        )
    )
    gaps = [ledger["gap"] for ledger in found["ledgers"].values()]
    closes = {"largest ledger gap": max(gaps)} if gaps else {}
    return {"images": len(found["examples"]), "methods": len(found["methods"]), **closes}


def named(method: list[str] | None, methods: str | None) -> tuple[str, ...] | None:
    """The methods of both options in their order, None where neither was given."""
    return (*(method or ()), *(methods or "").split()) or None
