"""One walk forward, one walk back: relevance from the output to the input, and the ledger of where it went."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from .capture import Graph, Node
from .composites import Composite, rule_for
from .prune import Prune, prune_factors
from .rules import WEIGHTED, Local, bias_of, kind_of, linear


@dataclass
class Entry:
    """Where the relevance of one linear node went; tensors are (N,) float64. sum_in = sum_out + what was kept."""

    layer: str
    op: str
    rule: str
    sum_in: Tensor
    sum_out: Tensor
    absorbed_bias: Tensor
    absorbed_epsilon: Tensor
    stranded: Tensor
    dropped: Tensor  # mass pruned and redistributed: part of sum_out
    mass: Tensor  # sum of |r| handed down, before pruning
    zeros: Tensor  # share of exact zeros in what was handed down


@dataclass
class Walk:
    """A forward pass: every node evaluated on its own, ready to be walked back."""

    output: Tensor
    locals: list[Local]
    names: list[list[str]]
    kinds: list[str]
    inputlike: set[str]


@dataclass
class Result:
    multipliers: Tensor
    relevance: Tensor
    ledger: list[Entry]
    layers: dict[str, Tensor] = field(default_factory=dict)


def forward(graph: Graph, x: Tensor) -> Walk:
    """Evaluate the graph; inputs of each node are leaves of their own, so that no autograd graph spans two nodes."""
    values: dict[str, object] = {**graph.constants, graph.input: x}
    active: set[str] = {graph.input}
    walk = Walk(x, [], [], [], {graph.input})
    last_use = {name: i for i, node in enumerate(graph.nodes) for name in node.refs()}
    for i, node in enumerate(graph.nodes):
        names = [name for name in node.refs() if name in active]
        leaves = {}
        if names and node.op != "sym_size":
            kind = kind_of(node, names)
            leaves = {name: values[name].detach() for name in names}  # pyright: ignore[reportAttributeAccessIssue]
            local = _evaluate(node, graph, kind, leaves, values)
            values[node.name] = local.output.detach()
            active.add(node.name)
            if kind == "route" and all(name in walk.inputlike for name in names):
                walk.inputlike.add(node.name)
            walk.locals.append(local)
            walk.names.append(names)
            walk.kinds.append(kind)
        else:
            values[node.name] = node.run(values)
        for name in node.refs():  # free what nobody reads any more; the locals keep what the way back needs
            if last_use[name] == i and name != graph.output and name not in graph.constants:
                values.pop(name, None)
    output = values[graph.output]
    assert isinstance(output, Tensor)
    walk.output = output
    return walk


def _evaluate(node: Node, graph: Graph, kind: str, leaves: dict[str, Tensor], values: dict[str, object]) -> Local:
    if kind == "pass":
        with torch.no_grad():
            return Local(node, list(leaves.values()), node.run(values), None)
    for leaf in leaves.values():
        leaf.requires_grad_()
    with torch.enable_grad():
        output = node.run({**values, **leaves})
    bias = bias_of(node, graph, leaves, values) if kind == "linear" else None
    return Local(node, list(leaves.values()), output, bias)


def backward(
    graph: Graph, walk: Walk, R: Tensor, chosen: Composite, prune: Prune | None, wanted: frozenset[str] = frozenset()
) -> Result:
    """Relevance `R` (shape of the output) down to the input. `wanted`: layer names whose input relevance is kept.

    Up to the first weights the walk carries multipliers (relevance = value * multiplier), so that bases that are absent
    from the input get their hypothetical contribution; below that, relevance itself.
    """
    carried: dict[str, Tensor] = {graph.output: R}
    result = Result(R, R, [])
    for i in reversed(range(len(walk.locals))):
        local, names, kind = walk.locals[i], walk.names[i], walk.kinds[i]
        node = local.node
        arriving = carried.pop(node.name, None)
        if arriving is None:
            continue  # nothing below the target reads this node
        if kind == "linear":
            handed = _linear(local, names, arriving, chosen, prune, walk.inputlike, result, node.layer in wanted)
        elif kind == "route":
            handed = local.pull(arriving)
        else:
            handed = [arriving]
        for name, leaf, value in zip(names, local.inputs, handed, strict=True):
            if name in walk.inputlike and kind != "linear" and node.name not in walk.inputlike:
                value = _as_multiplier(value, leaf)
            carried[name] = carried[name] + value if name in carried else value
        local.output = local.inputs = None  # pyright: ignore[reportAttributeAccessIssue]  # free as we go
    result.multipliers = carried[graph.input]
    result.ledger.reverse()
    return result


def _linear(
    local: Local,
    names: list[str],
    R: Tensor,
    chosen: Composite,
    prune: Prune | None,
    inputlike: set[str],
    result: Result,
    wanted: bool,
) -> list[Tensor]:
    node = local.node
    rule_name, rule = rule_for(node, chosen)
    flow = linear(local, R, rule)
    zero = torch.zeros(len(R), dtype=torch.float64, device=R.device)
    entry = Entry(
        node.layer, node.op, rule_name, R.flatten(1).sum(1, dtype=torch.float64), zero,
        zero + flow.bias, zero + flow.epsilon, zero + flow.stranded, zero, zero, zero,
    )  # fmt: skip
    handed, size = [], 0
    for name, leaf, multiplier in zip(names, local.inputs, flow.multipliers, strict=True):
        is_input = name in inputlike
        r = leaf.detach() * multiplier
        entry.mass = entry.mass + r.abs().flatten(1).sum(1, dtype=torch.float64)
        if prune and node.op in WEIGHTED and prune.applies(node.layer) and (prune.prune_input or not is_input):
            factors, dropped = prune_factors(r, *prune.shares)
            entry.dropped = entry.dropped + dropped
            r = r * factors
            # Bases that are absent carry no relevance and keep their hypothetical contribution.
            multiplier = torch.where(leaf == 0, multiplier, multiplier * factors)
        entry.sum_out = entry.sum_out + r.flatten(1).sum(1, dtype=torch.float64)
        entry.zeros = entry.zeros + (r == 0).flatten(1).sum(1)
        size += r[0].numel()
        handed.append(multiplier if is_input else r)
        if wanted:
            result.layers[node.layer] = r
    entry.zeros = entry.zeros / size
    result.ledger.append(entry)
    return handed


def _as_multiplier(r: Tensor, value: Tensor) -> Tensor:
    """Multiplier of a relevance that reached the input through an activation: undefined at 0, where it is set to 0."""
    zero = torch.zeros((), dtype=r.dtype, device=r.device)
    return torch.where(value == 0, zero, r / torch.where(value == 0, 1.0, value))
