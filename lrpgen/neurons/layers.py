"""Layers with weights of a captured network: their channels, and which of them follow each other."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..lrp.graph import Graph
from ..lrp.ops import CONVOLUTIONS, WEIGHTED
from ..lrp.walk import Walk


@dataclass(frozen=True)
class Layer:
    """A layer's output, channel by channel.

    node : its name in the graph. name : its path in the model. axis : of the channels; all others but the first are
    positions. below : nodes of the layers with weights that come next on the way to the input; at a skip there are several.
    """

    node: str
    name: str
    op: str
    axis: int
    channels: int
    below: tuple[str, ...]

    def per_channel(self, values: Tensor) -> Tensor:
        """(N, C): sums over positions of values in the shape of the layer's output."""
        return self.by_channel(values).sum(2)

    def by_channel(self, values: Tensor) -> Tensor:
        """(N, C, positions)"""
        return values.movedim(self.axis, 1).reshape(len(values), self.channels, -1)

    def spread(self, mask: Tensor, ndim: int) -> Tensor:
        """A mask (N, C) or (C,) in a shape that broadcasts over the layer's output."""
        shape = [1] * ndim
        shape[0], shape[self.axis] = (len(mask) if mask.dim() == 2 else 1), self.channels
        return mask.reshape(shape)


def weighted_layers(graph: Graph, walk: Walk) -> list[Layer]:
    """Convolutions and dense layers that are explained by a rule, from input to output."""
    linear = {local.node.name: local for local in walk.locals if local.kind == "linear" and local.node.op in WEIGHTED}
    latest: dict[str, tuple[str, ...]] = {}
    layers = []
    for node in graph.nodes:
        before = [name for ref in node.refs() for name in ((ref,) if ref in linear else latest.get(ref, ()))]
        latest[node.name] = tuple(dict.fromkeys(before))
        if node.name in linear:
            output = linear[node.name].output
            axis = 1 if node.op in CONVOLUTIONS else output.dim() - 1
            layers.append(Layer(node.name, node.layer, node.op, axis, output.shape[axis], latest[node.name]))
    return layers


def tops(layers: list[Layer]) -> list[Layer]:
    """Layers that no other one reads: the network's outputs."""
    read = {name for layer in layers for name in layer.below}
    return [layer for layer in layers if layer.node not in read]
