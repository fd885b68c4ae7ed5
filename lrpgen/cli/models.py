"""`lrpgen models list|inspect|convert`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .guard import Guarded
from .options import Output, Seed

models = typer.Typer(
    no_args_is_help=True,
    help=(
        "Models of others: what there is, what a file holds, and converting it for the other commands.\n\n"
        "Example: lrpgen models convert Acceptor.h5 --classes acceptor -o acceptor.safetensors"
    ),
)

File = Annotated[str, typer.Argument(help="Model file, or a name with --weights.", show_default=False)]
Weights = Annotated[Path | None, typer.Option(help="Weights, when the model is a name or a Keras JSON.")]
Architecture = Annotated[str | None, typer.Option(help="Architecture of a file of weights (`models list`).")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="Argument of the architecture, key=value.")]
Channels = Annotated[str, typer.Option(help="Order of bases that the model was trained with.")]
Layout = Annotated[str | None, typer.Option(help="Axes of its input: N, C, L and 1, such as NLC. Guessed if certain.")]
Width = Annotated[int | None, typer.Option(help="Window length in bp, where the model takes any.")]
Classes = Annotated[str | None, typer.Option(help="Names of the outputs, with commas between.")]
Task = Annotated[str | None, typer.Option(help="classes, labels or values; from the last layer if it says.")]
Activation = Annotated[str | None, typer.Option(help="softmax, sigmoid, exp or identity: outputs to predictions.")]
Chosen = Annotated[str | None, typer.Option("--keep", help="The one output to keep of several.")]


@models.command("list", cls=Guarded)
def list_command(seed: Seed = 1) -> None:
    """Architectures and file formats, each with a reference.

    Example: lrpgen models list
    """
    del seed  # nothing is random here
    from ..models.catalogue import catalogue

    print(catalogue())


@models.command("inspect", cls=Guarded)
def inspect_command(
    model: File,
    weights: Weights = None,
    architecture: Architecture = None,
    settings: Settings = None,
    channels: Channels = "ACGT",
    layout: Layout = None,
    width: Width = None,
    seed: Seed = 1,
) -> None:
    """What a model file holds: task, inputs, outputs, layers, parameters, and how its input is read.

    Example: lrpgen models inspect Acceptor.h5
    """
    del seed
    from ..models.inspect import describe

    print(describe(_source(model, weights, architecture, settings, channels=channels, layout=layout, width=width)))


@models.command("convert", cls=Guarded)
def convert_command(
    model: File,
    output: Output,
    weights: Weights = None,
    architecture: Architecture = None,
    settings: Settings = None,
    classes: Classes = None,
    channels: Channels = "ACGT",
    layout: Layout = None,
    width: Width = None,
    task: Task = None,
    activation: Activation = None,
    keep: Chosen = None,
    seed: Seed = 1,
) -> None:
    """Write a model of another tool as one safetensors file that every other command reads.

    Example: lrpgen models convert Acceptor.h5 --classes acceptor -o acceptor.safetensors
    """
    del seed
    from ..models.convert import convert
    from ..progress import say

    names = [name.strip() for name in classes.split(",")] if classes else None
    more = {"task": task, "activation": activation, "output": keep, "classes": names}
    source = _source(model, weights, architecture, settings, channels=channels, layout=layout, width=width, **more)
    card = convert(source, output)
    say(
        f"{output}: {card.architecture}, {card.takes}, task {card.task} ({card.activation}), "
        f"outputs {', '.join(card.classes)}"
    )


def _source(model: str, weights: Path | None, architecture: str | None, settings: list[str] | None, **more: Any) -> Any:
    from ..models.convert import Source
    from ..models.training.options import parse_settings

    kwargs = parse_settings(settings or [])
    return Source(model, None if weights is None else str(weights), architecture, kwargs, **more)
