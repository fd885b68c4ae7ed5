"""What opening a file of any format gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import nn


@dataclass
class Opened:
    """A network as its file describes it, before it is adapted to (N, 4, L).

    net : takes its own layout, returns raw outputs: a final softmax or sigmoid is left out.
    architecture, kwargs : rebuild `net` (with its weights) without the file; see `Card`.
    format : in words, for people.
    shape : of the input without N, None where unknown or free. layout : where the format fixes it.
    activation : what was left out at the output (softmax, sigmoid), "" when nothing was.
    outputs : names of the outputs, when there are several.
    """

    net: nn.Module
    architecture: str
    kwargs: dict[str, Any]
    format: str
    shape: tuple[int | None, ...] | None = None
    layout: str | None = None
    activation: str = ""
    outputs: list[str] = field(default_factory=list)
