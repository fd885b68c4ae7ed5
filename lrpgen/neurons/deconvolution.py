"""What a unit saw: its activation taken back to the input by a deconvolution network."""

from __future__ import annotations

import torch
from torch import Tensor

from ..lrp.graph import Graph
from ..lrp.ops import refuse, signal_of
from ..lrp.walk import Walk
from .layers import Layer


def deconvolve(graph: Graph, walk: Walk, layer: Layer, seed: Tensor) -> Tensor:
    """Reconstruct what `seed` (values at the layer's output, in its shape) is made of, in the shape of the input.

    Paper (Zeiler, Fergus 2014): keep one unit and set all others of the layer to zero; on the way back unpool with the
    switches that max-pools stored, rectify where there was an activation, and convolve with the transposed filters without
    their bias. Ours: dense layers, averages, norms and skips count as linear layers; other activations rectify as ReLU does.

    Raises `UnsupportedOpError` for nodes that are none of these.
    """
    carried = {layer.node: seed}
    for local in reversed(walk.locals):
        here = carried.pop(local.node.name, None)
        if here is None:
            continue
        if local.kind in ("linear", "route"):
            handed: list[Tensor | None] = list(local.pull(here))
        elif local.kind == "pass":
            handed = [here.clamp(min=0)]
        elif local.kind == "gate":
            signal = signal_of(local.node, graph)
            sizes = [leaf.shape for leaf in local.inputs]  # a signal may be spread over a larger gate
            pairs = zip(local.names, sizes, strict=True)
            handed = [here.sum_to_size(size) if name == signal else None for name, size in pairs]
        else:
            raise refuse(local.node)
        for name, value in zip(local.names, handed, strict=True):
            if value is not None:
                carried[name] = carried[name] + value if name in carried else value
    return carried.get(graph.input, torch.zeros_like(walk.x))


def strongest_units(layer: Layer, values: Tensor, channels: Tensor) -> Tensor:
    """Values (n, ...) of a layer with nothing left but, of input i, the most active unit of channel channels[i]."""
    own = layer.by_channel(values)[torch.arange(len(values)), channels]
    best = own.argmax(1, keepdim=True)
    kept = torch.zeros_like(own).scatter_(1, best, own.gather(1, best).clamp(min=0))
    result = torch.zeros_like(values)
    there = result.movedim(layer.axis, 1)
    there[torch.arange(len(values)), channels] = kept.reshape(len(values), *there.shape[2:])
    return result
