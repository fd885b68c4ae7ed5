"""A study as files: network.json (docs/neurons.md says what is in it), curves.tsv, summary.txt and figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..files import write_json, write_text
from .layers import tops
from .study import Study, Unit
from .words import selections, sentences

FORMAT, VERSION = "lrpgen-network", 1
MOST = 256  # positions of a profile; longer inputs are summed in bins
SIDE = 32  # the same for each side of a picture
SEEN = 100  # columns of a deconvolution that are kept, around its strongest


def write_study(
    folder: Path, study: Study, facts: dict[str, Any], classes: list[str], inputs: list[str], tolerance: float
) -> dict[str, Any]:
    """Write all files into `folder`; returns what network.json holds. classes : names of the outputs. inputs : of the inputs."""
    import pandas as pd

    from ..plots.neurons import curves_figure
    from ..plots.style import save

    network = describe(study, facts, classes, inputs, tolerance)
    write_json(folder / "network.json", network)
    write_text(folder / "summary.txt", "".join(f"{line}.\n" for line in network["findings"]))
    of = {layer.node: layer for layer in study.layers}
    table = pd.DataFrame(
        [(of[p.layer].name, p.selector, p.k, of[p.layer].channels, p.mse, p.share, p.smape) for p in study.curves],
        columns=["layer", "selector", "k", "channels", "mse", "mse_share", "smape"],
    )
    table.to_csv(folder / "curves.tsv", sep="\t", index=False, float_format="%.6g")
    if len(table):
        save(curves_figure(table), folder / "curves")
    return network


def describe(
    study: Study, facts: dict[str, Any], classes: list[str], inputs: list[str], tolerance: float
) -> dict[str, Any]:
    """network.json as a dictionary: layers, nodes and edges refer to each other by their place in the lists."""
    names = _names(study, classes)
    chosen = selections(study, tolerance)
    number = {layer.node: i for i, layer in enumerate(study.layers)}
    nodes, place = [], {}
    for layer in study.layers:
        channels: list[int | None] = [*study.shown[layer.node]]
        rest = layer.channels > len(channels)
        for i, channel in enumerate([*channels, None] if rest else channels):
            place[layer.node, i] = len(nodes)
            nodes.append(_node(study, number[layer.node], i, channel, names, inputs))
    edges = [
        [place[upper, i], place[lower, j], [_short(value) for value in values[:, i, j].tolist()]]
        for (upper, lower), values in study.edges.items()
        for i in range(values.shape[1])
        for j in range(values.shape[2])
        if bool((values[:, i, j] != 0).any())
    ]
    paths = {
        group: [{"relevance": _short(path.total), "nodes": [place[key] for key in path.nodes]} for path in found]
        for group, found in zip(study.groups, study.paths, strict=True)
    }
    layers = [
        {
            "name": layer.name,
            "op": layer.op,
            "channels": layer.channels,
            "below": [number[name] for name in layer.below if name in number],
            "selection": chosen.get(layer.node),
        }
        for layer in study.layers
    ]
    groups = [{"name": name, "inputs": count} for name, count in zip(study.groups, study.counts, strict=True)]
    full = {name: _listed(coarse(heat)) for name, heat in zip(study.groups, study.full, strict=True)}
    return {
        "format": FORMAT,
        "version": VERSION,
        "setting": facts,
        "groups": groups,
        "input": {"shape": list(study.full.shape[1:]), "bin": bins(study.full.shape[1:]), "heat": full},
        "layers": layers,
        "nodes": nodes,
        "edges": edges,
        "paths": paths,
        "findings": sentences(study, chosen, names),
    }


def _names(study: Study, classes: list[str]) -> dict[tuple[str, int], str]:
    """Channels are called by their number, those of the output by their class."""
    outputs = {layer.node for layer in tops(study.layers) if layer.channels == len(classes)}
    return {
        (layer.node, channel): classes[channel] if layer.node in outputs else str(channel)
        for layer in study.layers
        for channel in study.shown[layer.node]
    }


def _node(
    study: Study, number: int, i: int, channel: int | None, names: dict[tuple[str, int], str], inputs: list[str]
) -> dict[str, Any]:
    layer = study.layers[number]
    node, others = layer.node, [c for c in range(layer.channels) if c not in study.shown[layer.node]]

    def by_group(values: Tensor) -> dict[str, float]:
        own = values[:, others].sum(1) if channel is None else values[:, channel]
        return {name: _short(value) for name, value in zip(study.groups, own.tolist(), strict=True)}

    return {
        "layer": number,
        "channel": channel,
        "name": f"{len(others)} others" if channel is None else names[node, channel],
        "activation": by_group(study.activation[node]),
        "share": by_group(study.share[node]),
        "relevance": by_group(study.relevance[node]),
        "heat": {name: _listed(coarse(heat)) for name, heat in zip(study.groups, study.heat[node][:, i], strict=True)},
        "unit": None if channel is None else _unit(study.units[node][i], inputs),
    }


def _unit(unit: Unit, inputs: list[str]) -> dict[str, Any] | None:
    """Pictures are summed over their colours; sequences keep a row per base, cut to what the unit saw."""
    if unit.activation <= 0:
        return None
    found = {"input": inputs[unit.input], "activation": _short(unit.activation)}
    if unit.reconstruction.dim() > 2:
        return {**found, "start": 0, "values": _listed(coarse(unit.reconstruction.sum(0)))}
    strength = unit.reconstruction.abs().sum(0)
    seen = strength.nonzero().flatten()
    if not len(seen):
        return None
    first = max(int(seen[0]), min(int(strength.argmax()) - SEEN // 2, int(seen[-1]) + 1 - SEEN))
    last = min(int(seen[-1]) + 1, first + SEEN)
    return {**found, "start": first, "values": _listed(unit.reconstruction[:, first:last])}


def bins(shape: torch.Size | tuple[int, ...]) -> int:
    """Positions along each axis that are summed into one."""
    most = MOST if len(shape) == 1 else SIDE
    return max(-(-size // most) for size in shape)


def coarse(values: Tensor) -> Tensor:
    """A heat map (L) or (H, W) in bins, which keep its sum."""
    size = bins(values.shape)
    for axis in range(values.dim()):
        parts = values.split(size, axis)
        values = torch.cat([part.sum(axis, keepdim=True) for part in parts], axis)
    return values


def _listed(values: Tensor) -> Any:
    return _short(values.tolist())


def _short(value: Any) -> Any:
    """Four significant digits: what a picture shows."""
    return [_short(one) for one in value] if isinstance(value, list) else float(f"{value:.4g}")
