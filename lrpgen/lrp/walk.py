"""The walk forward: every node evaluated on its own, at the input and, where there is one, at the reference."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from .graph import Graph, Node
from .kernel import Local, constant_of
from .ops import WEIGHTED, WINNERS, kind_of


@dataclass
class Walk:
    """A forward pass: every node evaluated on its own, ready to be walked back."""

    x: Tensor
    output: Tensor
    locals: list[Local] = field(default_factory=list)
    inputlike: set[str] = field(default_factory=set)  # the input and what is only moved values of it


def forward(graph: Graph, x: Tensor) -> Walk:
    """Evaluate the graph; inputs of each node are leaves of their own, so that no autograd graph spans two nodes."""
    values: dict[str, Any] = {**graph.constants, graph.input: x}
    walk = Walk(x, x, inputlike={graph.input})
    active = {graph.input}
    last_use = {name: i for i, node in enumerate(graph.nodes) for name in node.refs()}
    for i, node in enumerate(graph.nodes):
        names = [name for name in node.refs() if name in active]
        if names and node.op != "sym_size":
            local = _evaluate(node, graph, names, values)
            walk.locals.append(local)
            values[node.name] = local.output.detach()
            active.add(node.name)
            if local.kind == "route" and all(name in walk.inputlike for name in names):
                walk.inputlike.add(node.name)
        else:
            values[node.name] = node.run(values)
        _free(values, node, i, last_use, graph)
    walk.output = values[graph.output]
    return walk


def _evaluate(node: Node, graph: Graph, names: list[str], values: dict[str, Any]) -> Local:
    kind = kind_of(node, names, graph)
    leaves = {name: values[name].detach() for name in names}
    if kind not in ("linear", "route"):
        with torch.no_grad():
            return Local(node, kind, names, list(leaves.values()), node.run(values))
    for leaf in leaves.values():
        leaf.requires_grad_()
    with torch.enable_grad():
        output = node.run({**values, **leaves})
    local = Local(node, kind, names, list(leaves.values()), output)
    if kind == "linear":
        local.bias = constant_of(local, values)
        if node.op in WEIGHTED:
            weight = node.args[WEIGHTED[node.op][1]]
            local.weight = values[weight.name]
    return local


def attach_reference(graph: Graph, walk: Walk, reference: Tensor) -> Tensor:
    """Give every node that needs them its values at the reference; returns the output there.

    Max-pools take the reference's value where the *input* has its winner, so that relevance and difference go one way.
    What is conserved is then the difference along that routing.
    """
    of = {local.node.name: local for local in walk.locals}
    winners = any(local.node.op in WINNERS for local in walk.locals)  # each sample has winners of its own
    single = {graph.input} if winners and len(reference) < len(walk.x) else set()  # still one for all samples
    values: dict[str, Any] = {**graph.constants, graph.input: reference}
    last_use = {name: i for i, node in enumerate(graph.nodes) for name in node.refs()}
    with torch.no_grad():
        for i, node in enumerate(graph.nodes):
            local = of.get(node.name)
            shared = single.intersection(node.refs())
            if node.op in WEIGHTED or (local is not None and local.kind == "pass"):
                single |= {node.name} if shared else set()
            else:
                values |= {name: values[name].expand(len(walk.x), *values[name].shape[1:]) for name in shared}
                single -= shared
            there = [values[name] for name in local.names] if local is not None else []
            values[node.name] = local.push(there) if local is not None and node.op in WINNERS else node.run(values)
            if local is not None and (local.kind == "linear" or any(name in walk.inputlike for name in local.names)):
                local.base = (there, values[node.name])
            _free(values, node, i, last_use, graph)
    return values[graph.output]


def _free(values: dict[str, Any], node: Node, i: int, last_use: dict[str, int], graph: Graph) -> None:
    """Drop what nobody reads any more; the locals keep what the way back needs."""
    for name in node.refs():
        if last_use[name] == i and name != graph.output and name not in graph.constants:
            values.pop(name, None)
