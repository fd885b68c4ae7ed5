"""`lrpgen images prepare`, and the group that the other commands for images (`images_*.py`) join."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Annotated, Any

import typer

from .guard import Guarded
from .options import Output, Seed

images = typer.Typer(
    no_args_is_help=True,
    help=(
        "Images: the same engine, measures and report for networks on pictures.\n\n"
        "Example: lrpgen images prepare data/images/mnist_500.npz --masks foreground -o images.h5"
    ),
)


@images.command("prepare", cls=Guarded)
def prepare_command(
    source: Annotated[
        Path,
        typer.Argument(
            help="IDX file or folder of them, NPZ, CIFAR .bin, folder of classes, or images/ with ground_truth_mask/.",
            show_default=False,
        ),
    ],
    output: Output,
    labels: Annotated[
        Path | None, typer.Argument(help="IDX labels, where they are not beside the images.", show_default=False)
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=1, help="Pixels of the shorter side; with --textures the side.")
    ] = None,
    crop: Annotated[int | None, typer.Option(min=1, help="Side of the centre square; that of --size if given.")] = None,
    mean: Annotated[str, typer.Option(help="imagenet, auto (train part), or a number per channel of 0..1.")] = "auto",
    std: Annotated[str, typer.Option(help="The same for the standard deviation.")] = "auto",
    masks: Annotated[str | None, typer.Option(help="Folder of masks, or foreground: pixels above 0.")] = None,
    textures: Annotated[bool, typer.Option("--textures", help="Digits pasted on photographs, masks included.")] = False,
    photographs: Annotated[
        Path | None, typer.Option(help="Folder of photographs for --textures; scikit-learn's two unless told.")
    ] = None,
    digit: Annotated[
        float, typer.Option(help="With --textures: side of the digit, as a share of the image's.")
    ] = 0.4375,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many images of each class and part.")] = None,
    validation: Annotated[
        float, typer.Option(help="Share of the train images, where the source has no such part.")
    ] = 0.1,
    test: Annotated[float, typer.Option(help="The same for the test part.")] = 0.1,
    classes: Annotated[str | None, typer.Option(help="Names of the classes, with commas between.")] = None,
    seed: Seed = 1,
) -> dict[str, Any]:
    """Read images of any usual layout into one file: split, resized, cropped, with labels and masks.

    \b
    Example:
      lrpgen images prepare data/images/fashion_t10k_500.npz --masks foreground -o fashion.h5
      lrpgen images prepare imagenette2-320 --size 256 --crop 224 --mean imagenet --std imagenet -o imagenette.h5
    """
    from ..images.prepare import Preparation, prepare

    names = [name.strip() for name in classes.split(",")] if classes else None
    shares: dict[str, Any] = {"limit": limit, "validation": validation, "test": test, "classes": names, "seed": seed}
    how = Preparation(size, crop, mean, std, masks, textures, photographs, digit, **shares)
    return prepare(source, output, labels, how)


def _join() -> None:
    """Import the modules beside this one that add commands to `images`."""
    package = importlib.import_module(__package__ or "")
    for module in pkgutil.iter_modules(package.__path__):
        if module.name.startswith("images_"):
            importlib.import_module(f".{module.name}", __package__)


_join()
