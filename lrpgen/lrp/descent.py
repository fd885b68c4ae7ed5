"""A walk back that stops on its way: what arrives at a layer can be read, cut and sent on, over one forward pass."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..errors import InputError
from .graph import Graph
from .propagate import Plan, _Carried, _WayBack
from .walk import Walk


@dataclass(frozen=True)
class Arriving:
    """Relevance on its way, by the node it waits at."""

    carried: dict[str, _Carried]

    def at(self, node: str) -> Tensor | None:
        """What arrives at a node's output, in its shape; None where nothing does."""
        return self.carried[node].value if node in self.carried else None

    def cut(self, node: str, mask: Tensor) -> Arriving:
        """The same with what waits at `node` times `mask`, which broadcasts to it."""
        waiting = self.carried[node]
        return Arriving({**self.carried, node: replace(waiting, value=waiting.value * mask)})

    def only(self, node: str, mask: Tensor) -> Arriving:
        """What waits at `node` times `mask`, and nothing else."""
        return Arriving({node: self.cut(node, mask).carried[node]})


class Descent:
    """Walks back over `walk`, from anywhere, as often as wanted: nothing of the walk is freed.

    Raises `InputError` for relative rules, whose scale is one of the whole walk.
    """

    def __init__(self, graph: Graph, walk: Walk, plan: Plan) -> None:
        if plan.composite.relative:
            raise InputError(
                f"composite {plan.composite.text!r} gives relevance up to a factor; choose another one here"
            )
        self.graph, self.walk = graph, walk
        self._way = _WayBack(graph, walk, plan)

    def start(self, R: Tensor) -> Arriving:
        """Relevance `R` (shape of the output) waits at the output."""
        self._way.start(R)
        return Arriving(dict(self._way.carried))

    def down(self, arriving: Arriving, stop: Collection[str] = ()) -> Arriving:
        """Hand down all that waits, until it waits at the input or at a node of `stop`."""
        way = self._way
        way.carried, way.ledger = dict(arriving.carried), []
        for local in reversed(self.walk.locals):
            if local.node.name not in stop and (here := way.carried.pop(local.node.name, None)) is not None:
                way.step(local, here)
        return Arriving(way.carried)

    def relevance(self, arriving: Arriving) -> Tensor:
        """Relevance of the input, of all that has come down to it."""
        x = self.walk.x
        if self.graph.input not in arriving.carried:
            return torch.zeros_like(x)
        there = arriving.carried[self.graph.input]
        found = x * there.value
        return found if there.direct is None else found + there.direct
