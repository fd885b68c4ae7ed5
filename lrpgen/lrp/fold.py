"""Batch norm folded into the convolution or linear layer beside it: one layer with other weights, exact."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from .graph import Graph, Node, Ref

FOLDABLE = frozenset({"conv1d", "conv2d", "conv3d", "linear"})


def fold_batch_norm(graph: Graph) -> None:
    """Fold every batch norm that stands right behind a layer only it reads, or right before its only reader.

    Before a convolution it folds only without padding: the zeros of the padding come after the norm. Whatever is not
    folded stays a diagonal linear layer.
    """
    for norm in [node for node in graph.nodes if node.op == "batch_norm"]:
        before = next((node for node in graph.nodes if node.name == norm.args[0].name), None)
        if before is not None and _foldable(graph, before) and _readers(graph, before.name) == [norm]:
            _replace(graph, norm, before, _behind(graph, before, norm))
            continue
        readers = _readers(graph, norm.name)
        if len(readers) == 1 and graph.output != norm.name:
            after = readers[0]
            if _foldable(graph, after) and after.args[0] == Ref(norm.name) and _unpadded(after):
                _replace(graph, after, norm, _ahead(graph, norm, after))


def _readers(graph: Graph, name: str) -> list[Node]:
    found = [node for node in graph.nodes if name in node.refs()]
    return [] if name == graph.output else found


def _foldable(graph: Graph, layer: Node) -> bool:
    """Weights that are computed on the way (a parametrisation) are left alone."""
    refs = [arg for arg in layer.args[1:3] if arg is not None]
    by_channel = layer.op != "linear" or layer.ndim == 2  # a linear layer's channels are last, a norm's second
    return (
        layer.op in FOLDABLE
        and by_channel
        and all(isinstance(ref, Ref) and ref.name in graph.constants for ref in refs)
    )


def _unpadded(layer: Node) -> bool:
    if layer.op == "linear":
        return True
    padding = layer.args[4] if len(layer.args) > 4 else 0
    groups = layer.args[6] if len(layer.args) > 6 else 1
    return groups == 1 and (padding == "valid" or padding == 0 or (isinstance(padding, list) and not any(padding)))


def _replace(graph: Graph, at: Node, gone: Node, folded: Node) -> None:
    graph.nodes[graph.nodes.index(at)] = folded
    graph.nodes.remove(gone)


def _scale_shift(graph: Graph, norm: Node) -> tuple[Tensor, Tensor]:
    """batch_norm(x) = scale * x + shift, per channel, in float64."""
    gamma, beta, mean, var = (None if ref is None else graph.constants[ref.name].double() for ref in norm.args[1:5])
    assert mean is not None
    assert var is not None
    scale = torch.rsqrt(var + norm.args[-1]) * (1.0 if gamma is None else gamma)
    return scale, (0.0 if beta is None else beta) - mean * scale


def _weight_bias(graph: Graph, layer: Node) -> tuple[Tensor, Tensor]:
    weight = graph.constants[layer.args[1].name].double()
    ref = layer.args[2] if len(layer.args) > 2 else None
    return weight, weight.new_zeros(len(weight)) if ref is None else graph.constants[ref.name].double()


def _behind(graph: Graph, layer: Node, norm: Node) -> Node:
    (scale, shift), (weight, bias) = _scale_shift(graph, norm), _weight_bias(graph, layer)
    rows = scale.reshape(-1, *[1] * (weight.dim() - 1))
    return _with(graph, layer, norm.name, layer.args[0], weight * rows, bias * scale + shift)


def _ahead(graph: Graph, norm: Node, layer: Node) -> Node:
    (scale, shift), (weight, bias) = _scale_shift(graph, norm), _weight_bias(graph, layer)
    columns = [1, -1, *[1] * (weight.dim() - 2)]
    bias = bias + (weight * shift.reshape(columns)).flatten(1).sum(1)
    return _with(graph, layer, layer.name, norm.args[0], weight * scale.reshape(columns), bias)


def _with(graph: Graph, layer: Node, name: str, source: Ref, weight: Tensor, bias: Tensor) -> Node:
    names = (f"{layer.name}.folded_weight", f"{layer.name}.folded_bias")
    graph.constants[names[0]], graph.constants[names[1]] = weight.to(graph.dtype), bias.to(graph.dtype)
    return replace(layer, name=name, args=(source, Ref(names[0]), Ref(names[1]), *layer.args[3:]))
