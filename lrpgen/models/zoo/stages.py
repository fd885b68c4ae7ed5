"""Convolution stages as data: the layers, what length they leave, and the shortest window they can take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...errors import InputError


class Norm(NamedTuple):
    """Settings of a batch norm: torch's."""

    eps: float = 1e-5
    momentum: float = 0.1


KERAS_NORM = Norm(eps=1e-3, momentum=0.01)  # what Keras calls a momentum of 0.99, torch calls 0.01


@dataclass(frozen=True)
class Stage:
    """Convolution, batch norm if any, activation, max-pool, dropout. `padded`: the convolution keeps the length."""

    filters: int
    kernel: int
    pool: int = 1
    padded: bool = True
    dropout: float = 0.0


class Exponential(nn.Module):
    """exp(x) as an activation of the first layer, which makes its filters read as motifs (Koo, Ploenzke 2021; Paper)."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.exp(x)


ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "exp": Exponential}


def activation(name: str, filters: int, *, normed: bool) -> nn.Module:
    """The activation of that name for a layer of `filters` filters, which a batch norm has normed or not.

    Where none has, one is put in front of an exponential: without it, bpnet did not learn a planted motif (Ours; the
    authors' public networks have a batch norm there too). Raises `InputError` for an unknown name.
    """
    if name not in ACTIVATIONS:
        raise InputError(f"first_activation {name!r} is not known; choose one of {', '.join(ACTIVATIONS)}")
    layer = ACTIVATIONS[name]()
    return nn.Sequential(nn.BatchNorm1d(filters), layer) if name == "exp" and not normed else layer


def block(channels: int, stage: Stage, act: str = "relu", *, norm: Norm | None = None) -> nn.Sequential:
    """The layers of one stage. `norm` holds the batch norm's settings; None = no batch norm, and the layer has a bias."""
    padding = "same" if stage.padded else 0
    layers: list[nn.Module] = [nn.Conv1d(channels, stage.filters, stage.kernel, padding=padding)]
    layers += [] if norm is None else [nn.BatchNorm1d(stage.filters, *norm)]
    layers += [activation(act, stage.filters, normed=norm is not None)]
    layers += [nn.MaxPool1d(stage.pool)] if stage.pool > 1 else []
    layers += [nn.Dropout(stage.dropout)] if stage.dropout else []
    return nn.Sequential(*layers)


def length_after(stages: Sequence[Stage], width: int) -> int:
    """Positions left of a window of `width` bp."""
    for stage in stages:
        width = (width if stage.padded else width - stage.kernel + 1) // stage.pool
    return width


def shortest(stages: Sequence[Stage]) -> int:
    """Width in bp of the shortest window of which every stage leaves at least one position."""
    width = 1
    for stage in reversed(stages):
        width = width * stage.pool + (0 if stage.padded else stage.kernel - 1)
    return width


def resized(name: str, stages: Sequence[Stage], filters: Sequence[int] | None) -> list[Stage]:
    """The stages with other numbers of filters. Raises `InputError` unless there is one number for each stage."""
    if filters is None:
        return list(stages)
    if isinstance(filters, int) or len(filters) != len(stages):
        raise InputError(f"architecture {name} has {len(stages)} convolutions; give filters as {len(stages)} numbers")
    return [replace(stage, filters=count) for stage, count in zip(stages, filters, strict=True)]


def check_width(name: str, width: int, least: int, remedy: str = "make wider windows") -> None:
    """Raise `InputError` when windows are too narrow for an architecture."""
    if width < least:
        raise InputError(f"architecture {name} needs windows of at least {least} bp, these have {width} bp; {remedy}")
