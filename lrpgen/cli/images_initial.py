"""`lrpgen images initial`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .guard import Guarded
from .images import images as app
from .options import Output, Seed
from .outcome import Numbers


@app.command("initial", cls=Guarded)
def initial_command(
    images: Annotated[Path, typer.Argument(help="File of `lrpgen images prepare`.", show_default=False)],
    output: Output,
    architecture: Annotated[str, typer.Option(help="Network, as of `lrpgen images train`.")] = "simple-cnn",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Argument of the network, as in filters=16; repeatable.")
    ] = None,
    seed: Seed = 1,
) -> Numbers:
    """A network with initial weights for these images: it has learnt nothing; for times, memory and ledgers.

    Example: lrpgen images initial images.h5 --architecture vgg16 -o model.safetensors
    """
    from ..images.initial import initial
    from ..models.training.options import parse_settings

    return {"parameters": initial(images, output, architecture, parse_settings(settings or []), seed)}
