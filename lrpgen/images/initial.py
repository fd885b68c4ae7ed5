"""Networks of a true shape that have learnt nothing, to see times, memory and ledgers without anybody's weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ..models import save_model
from .imagefile import open_images
from .nets import build
from .weights import card_of


def initial(images: Path, output: Path, architecture: str, settings: dict[str, Any], seed: int) -> int:
    """Save a network for the images of a file with weights as they are before training; its number of parameters.

    Raises `InputError` for an unknown network or images that are too small for it.
    """
    with open_images(images) as file:
        shape = {"channels": file.channels, "height": file.height, "width": file.width}
        normalisation = {"mean": file.mean, "std": file.std}
        classes = file.classes
    kwargs = {"classes": len(classes), **shape, **settings}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = build(architecture, **kwargs).eval()
    card = card_of(architecture, kwargs, classes, net, normalisation, seed=seed, source="initial weights, not trained")
    save_model(output, net, card)
    return card.parameters
