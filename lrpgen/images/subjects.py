"""A saved model and the images that are explained with it: which rows, which outputs, what the model says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import InputError
from ..models import load_model
from ..models.store import find_card
from ..progress import say
from .imagefile import ImageFile

LABEL, PREDICTED = "label", "predicted"  # targets beside the names of classes
DRAWN = 7  # this draw's stream of seeds


@dataclass(frozen=True)
class Drawn:
    """rows : of the file. x : float32 (n, C, H, W). target : int64 (n,) output explained. output : (n, K) raw outputs.
    classes : names of the outputs."""

    rows: np.ndarray
    x: np.ndarray
    target: Tensor
    output: np.ndarray
    classes: list[str]


def open_model(path: Path, images: ImageFile, device: torch.device) -> tuple[nn.Module, list[str]]:
    """The model on `device` and the names of its outputs. Raises `InputError` where it takes images of another shape."""
    model = load_model(path).to(device)
    shape = (images.channels, images.height, images.width)
    try:
        with torch.no_grad():
            outputs = model(torch.zeros(1, *shape, device=device)).shape[1]
    except (RuntimeError, ValueError, IndexError) as error:
        raise InputError(
            f"{path} does not take the images of {images.path}, {shape} each ({str(error).splitlines()[0]}); prepare them "
            "in the model's size"
        ) from error
    card = find_card(path) if path.suffix == ".safetensors" else None
    classes = card.classes if card else images.classes if len(images.classes) == outputs else _numbered(outputs)
    return model, list(classes)


def draw(
    model: nn.Module,
    images: ImageFile,
    classes: list[str],
    *,
    split: str | None,
    labels: Sequence[str] | None,
    target: str,
    inputs: int,
    seed: int,
    batch_size: int,
) -> Drawn:
    """At most `inputs` images, drawn by the seed. target : `label`, each image's own class; `predicted`, the model's top
    output; or a class. Images without a label are explained for the top output.

    Raises `InputError` for a part, class or target that is not there.
    """
    there = images.rows(split=split, labels=labels)
    if not len(there):
        raise InputError(f"{images.path} holds no such image in its part {split!r}; choose another split or labels")
    rows = np.sort(np.random.default_rng([seed, DRAWN]).permutation(there)[:inputs])
    x = images.inputs(rows)
    output = predictions(model, x, batch_size)
    return Drawn(rows, x, torch.from_numpy(_targets(images, rows, output, classes, target)), output, classes)


def predictions(model: nn.Module, x: np.ndarray, batch_size: int) -> np.ndarray:
    """Raw outputs float32 (n, K)."""
    place = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    with torch.no_grad():
        return torch.cat(
            [model(part.to(place)).float().cpu() for part in torch.from_numpy(x).split(batch_size)]
        ).numpy()


def own_class(images: ImageFile, rows: np.ndarray, classes: list[str]) -> np.ndarray:
    """Output (n,) of each image's label by its name; -1 for images without one, and for classes the model does not have."""
    place = [classes.index(name) if name in classes else -1 for name in images.classes]
    labels = images.labels[rows]
    return np.where(labels < 0, -1, np.array([*place, -1])[labels])


def _targets(images: ImageFile, rows: np.ndarray, output: np.ndarray, classes: list[str], target: str) -> np.ndarray:
    top = output.argmax(axis=1)
    if target == PREDICTED:
        return top
    if target == LABEL:
        own = own_class(images, rows, classes)
        if missing := int((own < 0).sum()):
            say(f"{missing:,} of {len(rows):,} images have no label that the model knows: explained for its top output")
        return np.where(own < 0, top, own)
    if target not in classes:
        raise InputError(
            f"target {target!r} is no class of the model ({', '.join(classes[:12])}); give one of them, label or predicted"
        )
    return np.full(len(rows), classes.index(target))


def _numbered(count: int) -> list[str]:
    return [str(number) for number in range(count)]
