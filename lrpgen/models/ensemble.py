"""One model or several as one: predictions averaged over members and, if asked for, over both strands."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ..device import choose_device, set_threads
from ..errors import InputError
from .card import refuse_images
from .store import Card, load_model, read_card
from .training.tasks import activate

Models = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
AGREE = ("width", "classes", "task")  # what members must share


class Prediction(NamedTuple):
    """mean: float32 (n, K) over members. spread: their standard deviation (n, K); None for one model."""

    mean: np.ndarray
    spread: np.ndarray | None


class Ensemble:
    """Saved models that answer the same question.

    Parameters
    ----------
    models : one file of `lrpgen train`, or several whose predictions are averaged.
    rc_average : also predict the reverse complement, and average; for labels that know no strand.
    batch_size : windows at a time.

    Raises
    ------
    InputError : no model, or members that differ in width, classes or task.
    """

    def __init__(
        self, models: Models, *, rc_average: bool = False, batch_size: int = 512, device: str = "auto", threads: int = 0
    ) -> None:
        if batch_size < 1:
            raise InputError(f"batch_size={batch_size} is too small; give at least 1")
        self.paths = model_paths(models)
        self.cards = [read_card(path) for path in self.paths]
        check_members(self.paths, self.cards)
        self.rc_average, self.batch_size, self.device = rc_average, batch_size, choose_device(device)
        set_threads(threads)
        self._members = [load_model(path).to(self.device) for path in self.paths]

    @property
    def card(self) -> Card:
        """The first member's; all agree in AGREE."""
        return self.cards[0]

    @property
    def columns(self) -> list[str]:
        """Names of the columns of a table of predictions: the classes and, for several members, each one's spread."""
        return self.card.classes + ([f"{name}_sd" for name in self.card.classes] if len(self.paths) > 1 else [])

    def predict(self, onehot: np.ndarray) -> Prediction:
        """Predictions for windows (n, 4, L), rows A C G T: probabilities or values as the card's activation says."""
        with torch.inference_mode():
            batches = [self._batch(torch.from_numpy(part)) for part in _split(onehot, self.batch_size)]
        found = torch.cat(batches, dim=1)  # (members, n, K)
        spread = found.std(0, correction=0).numpy() if len(found) > 1 else None
        return Prediction(found.mean(0).numpy(), spread)

    def _batch(self, onehot: Tensor) -> Tensor:
        x = onehot.to(self.device, torch.float32)
        strands = (x, x.flip(1, 2)) if self.rc_average else (x,)
        members = zip(self._members, self.cards, strict=True)
        return torch.stack(
            [
                torch.stack([activate(_raw(member, strand, card), card.activation) for strand in strands]).mean(0).cpu()
                for member, card in members
            ]
        )


def model_paths(models: Models) -> list[Path]:
    """One path or several as a list. Raises `InputError` for none, and for the same file twice."""
    given = [models] if isinstance(models, str | os.PathLike) else list(models)
    paths = [Path(path) for path in given]
    if not paths:
        raise InputError("no model is given; name at least one with --model")
    for path in paths:
        if paths.count(path) > 1:
            raise InputError(f"model {path} is given twice; give each member of an ensemble once")
    return paths


def check_members(paths: list[Path], cards: list[Card]) -> None:
    """Raise `InputError` unless all are models of DNA whose cards agree in AGREE."""
    for path, card in zip(paths, cards, strict=True):
        refuse_images(card, path)
        for name in AGREE:
            mine, first = getattr(card, name), getattr(cards[0], name)
            if mine != first:
                raise InputError(f"{path} has {name} {mine}, {paths[0]} has {first}; members of an ensemble must agree")


def check_width(card: Card, width: int, where: str) -> None:
    """Raise `InputError` unless windows of `width` bp fit the model."""
    if width != card.width:
        raise InputError(f"{where} of {width} bp, the model takes {card.width} bp; make them again")


def _raw(model: nn.Module, x: Tensor, card: Card) -> Tensor:
    output = model(x)
    if not isinstance(output, Tensor):
        raise InputError(f"architecture {card.architecture} gives several outputs; predictions need one tensor")
    if output.shape != (len(x), len(card.classes)):
        raise InputError(
            f"architecture {card.architecture} gives outputs of shape (N, {', '.join(map(str, output.shape[1:]))}), its "
            f"card names {len(card.classes)}; convert or train the model again"
        )
    return output.float()


def _split(onehot: np.ndarray, size: int) -> list[np.ndarray]:
    return [onehot[at : at + size] for at in range(0, max(len(onehot), 1), size)]
