"""What goes from channel to channel, and what of the input each channel speaks of; weak channels are pooled."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .batch import Batch
from .layers import Layer

Shown = dict[str, list[int]]  # node of a layer -> the channels that are looked at one by one


@dataclass(frozen=True)
class Flow:
    """Of each input; a layer's shown channels come first, the last one is all others together.

    edges : (upper node, lower node) -> (N, U + 1, L + 1) relevance from channel to channel of layers that follow each other.
    heat : node -> (N, U + 1, ...) relevance of the input, summed over its channels, that came through each channel.
    """

    edges: dict[tuple[str, str], Tensor]
    heat: dict[str, Tensor]


def flow(batch: Batch, shown: Shown) -> Flow:
    """Follow each shown channel's relevance from its layer to the next ones and on to the input.

    Edges out of a channel sum to its relevance less what bias and stabiliser absorb between the two layers (under zplus
    without bias: exactly its relevance); what reaches the input past all layers with weights is on no edge.
    """
    edges: dict[tuple[str, str], Tensor] = {}
    heat = {}
    for layer in batch.layers:
        maps, going = [], {name: [] for name in layer.below if name in shown}
        for mask in _masks(layer, shown[layer.node]):
            arrived, found = batch.through(layer, mask)
            maps.append(found)
            for name, parts in going.items():
                parts.append(_pooled(arrived[name], shown[name]) if name in arrived else None)
        heat[layer.node] = torch.stack(maps, 1)
        for name, parts in going.items():
            zero = next((torch.zeros_like(part) for part in parts if part is not None), None)
            if zero is not None:
                edges[layer.node, name] = torch.stack([zero if part is None else part for part in parts], 1)
    return Flow(edges, heat)


def _masks(layer: Layer, channels: list[int]) -> Tensor:
    """(U + 1, C)"""
    masks = torch.zeros(len(channels) + 1, layer.channels)
    masks[range(len(channels)), channels] = 1
    masks[-1] = 1 - masks[:-1].sum(0)
    return masks


def _pooled(values: Tensor, channels: list[int]) -> Tensor:
    """(N, C) -> (N, U + 1)"""
    own = values[:, channels]
    return torch.cat([own, (values.sum(1) - own.sum(1)).unsqueeze(1)], 1)
