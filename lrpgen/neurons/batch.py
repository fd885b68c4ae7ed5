"""Inputs explained once, and any part of the relevance of a layer sent on to the input."""

from __future__ import annotations

import torch
from torch import Tensor

from ..lrp.composites import Composite
from ..lrp.descent import Arriving, Descent
from ..lrp.graph import Graph
from ..lrp.propagate import Plan
from ..lrp.prune import Prune
from ..lrp.targets import starting_relevance
from ..lrp.walk import forward
from .layers import Layer, weighted_layers


class Batch:
    """One forward pass over x (N, C, ...), and walks back over it.

    layers : those that relevance reaches, from input to output. activation, relevance : layer's node -> (N, C), A and R of
    each channel. heat : (N, ...) relevance of the input, summed over its channels (bases, colours).

    Ours: A is the sum over positions of what is above 0, which is what a ReLU lets pass.
    """

    def __init__(
        self, graph: Graph, x: Tensor, target: Tensor, composite: Composite, prune: Prune | None = None
    ) -> None:
        self.graph = graph
        self.walk = forward(graph, x)
        self.descent = Descent(graph, self.walk, Plan(composite, prune))
        output = self.walk.output.unsqueeze(1) if self.walk.output.dim() == 1 else self.walk.output
        _, (R, *_) = starting_relevance(output, None, target, "logit")
        known = weighted_layers(graph, self.walk)
        self.weighted = frozenset(layer.node for layer in known)
        values = {local.node.name: local.output.detach() for local in self.walk.locals}
        self.values = {name: values[name] for name in self.weighted}
        self._waiting: dict[str, Arriving] = {}
        state = self.descent.start(R.reshape(self.walk.output.shape))
        order = [local.node.name for local in self.walk.locals]
        for layer in reversed(known):
            state = self.descent.down(state, stop=set(order[: order.index(layer.node) + 1]))
            if state.at(layer.node) is not None:
                self._waiting[layer.node] = state
        self.layers = [layer for layer in known if layer.node in self._waiting]
        self.heat = self._finish(state)
        self.activation = {one.node: one.per_channel(self.values[one.node].clamp(min=0)) for one in self.layers}
        self.relevance = {one.node: one.per_channel(self.arriving(one)) for one in self.layers}

    def arriving(self, layer: Layer) -> Tensor:
        """Relevance of the layer's output, in its shape."""
        found = self._waiting[layer.node].at(layer.node)
        assert found is not None
        return found

    def kept(self, layer: Layer, mask: Tensor) -> Tensor:
        """The heat map when the layer's relevance outside `mask` (N, C) or (C,) is set to zero; all else goes on as it was."""
        return self._finish(self._waiting[layer.node].cut(layer.node, self._spread(layer, mask)))

    def through(self, layer: Layer, mask: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """What of the relevance of the channels in `mask` gets where.

        Returns node of each layer that comes next -> (N, C') relevance of its channels, and the heat map (N, ...) of it.
        """
        state = self._waiting[layer.node].only(layer.node, self._spread(layer, mask))
        state = self.descent.down(state, stop=self.weighted - {layer.node})
        of = {one.node: one for one in self.layers}
        arrived = {name: state.at(name) for name in layer.below}
        found = {name: of[name].per_channel(value) for name, value in arrived.items() if value is not None}
        return found, self._finish(state)

    def _finish(self, state: Arriving) -> Tensor:
        return self.descent.relevance(self.descent.down(state)).sum(1)

    def _spread(self, layer: Layer, mask: Tensor) -> Tensor:
        value = self.arriving(layer)
        return layer.spread(mask.to(value.device, value.dtype), value.dim())


def normalised(values: Tensor) -> Tensor:
    """(N, C) divided by each row's sum of magnitudes: rows without negative values then sum to 1. Zeros stay zeros."""
    total = values.abs().sum(1, keepdim=True)
    return torch.where(total > 0, values / torch.where(total > 0, total, 1.0), 0.0)
