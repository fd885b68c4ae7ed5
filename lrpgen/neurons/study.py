"""All that is asked about a network's neurons, on tensors: over batches of inputs, by group of inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import InputError
from ..lrp.composites import Composite
from ..lrp.composites import composite as read_composite
from ..lrp.graph import Graph
from ..lrp.prune import Prune
from ..lrp.walk import forward
from .batch import Batch, normalised
from .deconvolution import deconvolve, strongest_units
from .flow import Shown, flow
from .layers import Layer, tops
from .paths import Path, critical_paths
from .selection import curves

Key = tuple[str, int]  # node of a layer, and which of its shown channels; the one after the last is all others


@dataclass(frozen=True)
class Setting:
    """shown : channels of a layer that are looked at one by one, the strongest. draws : of the random control. paths : kept
    of each group. batch_size : inputs at a time."""

    composite: str = "epsilon"
    prune: Prune | None = None
    shown: int = 12
    draws: int = 3
    paths: int = 3
    batch_size: int = 64
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("shown", "draws", "paths", "batch_size"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}={getattr(self, name)} is too small; give at least 1")


class Point(NamedTuple):
    """Mean errors over all inputs of the heat map that k channels of a layer leave (see `selection.Error`)."""

    layer: str
    selector: str
    k: int
    mse: float
    share: float
    smape: float


class Unit(NamedTuple):
    """The input (its number) in which a channel is most active, how active, and the deconvolution of that unit."""

    input: int
    activation: float
    reconstruction: Tensor


@dataclass
class Study:
    """Means over the inputs of each of G groups; U + 1: the shown channels of a layer, then all others together.

    activation, share : node -> (G, C) A and R of every channel, each input's normalised (`batch.normalised`).
    relevance : node -> (G, C) R as it is. edges, heat : as of `flow.Flow`, with G in place of N. full : (G, ...) the heat map.
    curves : of layers between input and output. units : node -> one for each shown channel.
    """

    layers: list[Layer]
    groups: list[str]
    counts: list[int]
    shown: Shown
    activation: dict[str, Tensor] = field(default_factory=dict)
    share: dict[str, Tensor] = field(default_factory=dict)
    relevance: dict[str, Tensor] = field(default_factory=dict)
    edges: dict[tuple[str, str], Tensor] = field(default_factory=dict)
    heat: dict[str, Tensor] = field(default_factory=dict)
    full: Tensor = field(default_factory=lambda: torch.empty(0))
    curves: list[Point] = field(default_factory=list)
    units: dict[str, list[Unit]] = field(default_factory=dict)
    paths: list[list[Path]] = field(default_factory=list)


def study(
    graph: Graph,
    x: Tensor,
    target: Tensor,
    groups: list[str],
    group: Tensor,
    setting: Setting | None = None,
    advance: Callable[[int], None] = lambda done: None,
) -> Study:
    """Look at the neurons of a network.

    Parameters
    ----------
    x : (N, C, L) or (N, C, H, W). target : int64 (N,), the output that each input is explained for. groups : names;
    group : int64 (N,), which of them each input is of. advance : is told how many inputs are done, twice N in all.

    Raises
    ------
    InputError : no inputs, no layers with weights, relative rules. UnsupportedOpError : as of `lrpgen.explain`.
    """
    setting = setting or Setting()
    if not len(x):
        raise InputError("there are no inputs to look at; give at least one")
    rules = read_composite(setting.composite)
    parts = torch.arange(len(x)).split(setting.batch_size)
    only = _batch(graph, x, target, rules, setting) if len(parts) == 1 else None  # one batch is made once

    def batches() -> Iterator[tuple[Tensor, Batch]]:
        for rows in parts:
            yield rows, only or _batch(graph, x[rows], target[rows], rules, setting)
            advance(len(rows))

    found, strongest = _ranked(batches, groups, group, setting.shown)
    _follow(found, batches, group, setting)
    for layer in found.layers:
        found.units[layer.node] = _units(graph, x, layer, found.shown[layer.node], strongest[layer.node])
    found.paths = [_paths(found, at, setting.paths) for at in range(len(groups))]
    return found


def _batch(graph: Graph, x: Tensor, target: Tensor, rules: Composite, setting: Setting) -> Batch:
    place = next((value.device for value in graph.constants.values()), x.device)
    made = Batch(graph, x.to(place, graph.dtype).contiguous(), target.to(place), rules, setting.prune)
    if not made.layers:
        raise InputError(
            "the model has no convolution or dense layer that relevance reaches; there are no neurons to show"
        )
    return made


class _Means:
    """Means by group of values that come in batches."""

    def __init__(self, groups: int, group: Tensor) -> None:
        self.group, self.counts = group, torch.bincount(group, minlength=groups)
        self.sums: dict = {}

    def add(self, key: object, rows: Tensor, values: Tensor) -> None:
        values = values.detach().double().cpu()
        if key not in self.sums:
            self.sums[key] = torch.zeros(len(self.counts), *values.shape[1:], dtype=torch.float64)
        self.sums[key].index_add_(0, self.group[rows], values)

    def of(self, key: object) -> Tensor:
        sums = self.sums[key]
        return sums / self.counts.clamp(min=1).reshape(-1, *[1] * (sums.dim() - 1))


def _ranked(
    batches: Callable[[], Iterator[tuple[Tensor, Batch]]], groups: list[str], group: Tensor, most: int
) -> tuple[Study, dict[str, Tensor]]:
    """A and R of all channels, and which are shown; node -> (C,) number of the input in which each channel is most active."""
    means = _Means(len(groups), group)
    peak: dict[str, tuple[Tensor, Tensor]] = {}
    layers: list[Layer] = []
    for rows, batch in batches():
        layers = batch.layers
        for layer in layers:
            node = layer.node
            means.add(("activation", node), rows, normalised(batch.activation[node]))
            means.add(("share", node), rows, normalised(batch.relevance[node]))
            means.add(("size", node), rows, normalised(batch.relevance[node]).abs())
            means.add(("relevance", node), rows, batch.relevance[node])
            value, at = layer.by_channel(batch.values[node]).amax(2).cpu().max(0)
            old = peak.get(node, (torch.full_like(value, -torch.inf), at))
            peak[node] = (torch.maximum(value, old[0]), torch.where(value > old[0], rows[at], old[1]))
        means.add("full", rows, batch.heat)
    size = {layer.node: means.of(("size", layer.node)).amax(0) for layer in layers}  # in the group it matters most to
    shown = {
        node: sorted(values.argsort(dim=0, descending=True, stable=True)[:most].tolist())
        for node, values in size.items()
    }
    found = Study(layers, groups, means.counts.tolist(), shown, full=means.of("full"))
    for name in ("activation", "share", "relevance"):
        setattr(found, name, {layer.node: means.of((name, layer.node)) for layer in layers})
    return found, {node: at for node, (_, at) in peak.items()}


def _follow(
    found: Study, batches: Callable[[], Iterator[tuple[Tensor, Batch]]], group: Tensor, setting: Setting
) -> None:
    """Edges, heat maps of channels and curves into `found`."""
    means = _Means(len(found.groups), group)
    generator = torch.Generator().manual_seed(setting.seed)
    outputs = {layer.node for layer in tops(found.layers)}
    errors: dict[tuple[str, str, int], Tensor] = {}
    for rows, batch in batches():
        going = flow(batch, found.shown)
        for key, values in going.edges.items():
            means.add(key, rows, values)
        for node, values in going.heat.items():
            means.add(node, rows, values)
        for layer in batch.layers:
            if layer.node in outputs:
                continue  # relevance starts at one channel of it
            for selector, k, error in curves(batch, layer, setting.draws, generator):
                key = (layer.node, selector, k)
                errors[key] = errors.get(key, 0) + torch.stack(list(error)).sum(1).cpu()
    found.edges = {key: means.of(key) for key in means.sums if isinstance(key, tuple)}
    found.heat = {layer.node: means.of(layer.node) for layer in found.layers}
    found.curves = [Point(*key, *(total / len(group)).tolist()) for key, total in errors.items()]


def _units(graph: Graph, x: Tensor, layer: Layer, channels: list[int], strongest: Tensor) -> list[Unit]:
    """What the most active unit of each shown channel saw, in the input where it was that."""
    rows = strongest[channels]
    place = next((value.device for value in graph.constants.values()), x.device)
    walk = forward(graph, x[rows].to(place, graph.dtype).contiguous())
    values = next(local.output.detach() for local in walk.locals if local.node.name == layer.node)
    seed = strongest_units(layer, values, torch.tensor(channels, device=values.device))
    back = deconvolve(graph, walk, layer, seed).cpu()
    active = layer.per_channel(seed).sum(1).tolist()
    return [Unit(*one) for one in zip(rows.tolist(), active, back, strict=True)]


def _paths(found: Study, group: int, count: int) -> list[Path]:
    """Critical paths among shown channels, from the outputs that are explained to the first layers."""
    keys = [(layer.node, i) for layer in found.layers for i in range(len(found.shown[layer.node]))]
    edges: dict[tuple[Key, Key], float] = {}
    for (upper, lower), values in found.edges.items():
        for i, row in enumerate(values[group, :-1, :-1].tolist()):
            edges |= {((upper, i), (lower, j)): weight for j, weight in enumerate(row)}
    ends = {layer.node for layer in found.layers if not layer.below}
    starts = {layer.node for layer in tops(found.layers)}
    explained = [
        (node, i) for node, i in keys if node in starts and found.relevance[node][group, found.shown[node][i]] != 0
    ]
    return critical_paths(keys, edges, explained, {key for key in keys if key[0] in ends}, count)
