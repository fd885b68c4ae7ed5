"""The walk back: relevance from the output to the input, and the ledger of where it went."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from .composites import Composite
from .graph import Graph
from .kernel import Flow, Local, linear
from .ledger import COLUMNS, Entry, entry_of
from .ops import WEIGHTED, fills, refuse, signal_of
from .prune import Prune, matrix_relevance, pruned
from .rules import Rule
from .sums import Tally, multiplied, per_sample, tally
from .walk import Walk

OUT = ":out"  # behind a layer's name: the relevance of its output rather than that of its input


@dataclass
class Plan:
    """What the way back does, decided once for a graph."""

    composite: Composite
    prune: Prune | None = None
    wanted: frozenset[str] = frozenset()

    def rules(self, walk: Walk) -> dict[str, tuple[str, Rule]]:
        """(name, rule) of every linear node, by node name."""
        chosen, depth = {}, 0
        for local in walk.locals:
            if local.kind == "linear":
                weighted = local.node.op in WEIGHTED
                first = weighted and local.names[0] in walk.inputlike
                chosen[local.node.name] = self.composite.rule_for(
                    local.node, first=first, depth=depth if weighted else -1
                )
                depth += weighted
        return chosen

    def shares(self, walk: Walk) -> dict[str, tuple[float, float]]:
        """Pruned shares (positive, negative) of every pruned node, by node name."""
        if self.prune is None:
            return {}
        names = [
            local.node.name
            for local in walk.locals
            if local.node.op in WEIGHTED
            and self.prune.applies(local.node.layer)
            and (self.prune.prune_input or local.names[0] not in walk.inputlike)
        ]
        return {name: self.prune.shares_at(i, len(names)) for i, name in enumerate(names)}


@dataclass
class Result:
    """multipliers, direct: relevance = difference * multipliers + direct. log_scale: (N,), true = relevance * exp of it."""

    multipliers: Tensor
    direct: Tensor | float = 0.0
    ledger: list[Entry] = field(default_factory=list)
    layers: dict[str, Tensor] = field(default_factory=dict)
    log_scale: Tensor | None = None


@dataclass
class _Carried:
    """Relevance on its way to one value. Under relative rules also the log of its scale and what it should sum to.

    At the input and what is only moved values of it, `value` is the multiplier and `direct` what is no multiple of it.
    """

    value: Tensor
    log_scale: Tensor | None = None
    due: Tensor | None = None
    direct: Tensor | None = None


def backward(graph: Graph, walk: Walk, R: Tensor, plan: Plan, *, spend: bool = False) -> Result:
    """Relevance `R` (shape of the output) down to the input. spend : values of the walk are not needed any more.

    Up to the first weights the walk carries multipliers (relevance = value * multiplier), so that bases that are absent
    from the input get their hypothetical contribution; above that, relevance itself.
    """
    way = _WayBack(graph, walk, plan, spend)
    way.start(R)
    for local in reversed(walk.locals):
        arriving = way.carried.pop(local.node.name, None)
        if arriving is not None:  # else nothing below the target reads this node
            way.step(local, arriving)
        local.free()
    return way.finish(R)


class _WayBack:
    """The state of one walk back. spend : what the walk evaluated, and what waits, may be overwritten."""

    def __init__(self, graph: Graph, walk: Walk, plan: Plan, spend: bool = False) -> None:
        self.graph, self.walk, self.plan, self.spend = graph, walk, plan, spend
        self.rules, self.shares = plan.rules(walk), plan.shares(walk)
        self.carried: dict[str, _Carried] = {}
        self.ledger: list[Entry] = []
        self.layers: dict[str, Tensor] = {}

    def start(self, R: Tensor) -> None:
        first = _Carried(R)
        if self.graph.output in self.walk.inputlike:  # a model that only moves its input
            first.value, first.direct = _as_multiplier(R, self.walk.locals[-1].deltas()[1])
        if self.plan.composite.relative:
            first.log_scale, first.due = torch.zeros(len(R), dtype=torch.float64, device=R.device), per_sample(R)
        self.carried[self.graph.output] = first

    def finish(self, R: Tensor) -> Result:
        at_input = self.carried.get(self.graph.input)
        assert at_input is not None
        self.ledger.reverse()
        direct = 0.0 if at_input.direct is None else at_input.direct
        return Result(at_input.value, direct, self.ledger, self.layers, at_input.log_scale)

    def step(self, local: Local, arriving: _Carried) -> None:
        node, kind = local.node, local.kind
        if (mine := node.layer + OUT) in self.plan.wanted:
            self.layers[mine] = _true(arriving.value, arriving.log_scale)
        handed: list[Any]
        directs: list[Tensor | None] = [None] * len(local.names)
        if kind == "linear":
            handed, directs = self._linear(local, arriving)
        elif kind == "route":
            handed = local.pull(arriving.value)
            if arriving.direct is not None:
                directs = list(local.pull(arriving.direct))
        elif kind == "pass":
            handed = [arriving.value]
        elif kind == "gate":
            signal = signal_of(node, self.graph)
            sizes = [leaf.shape for leaf in local.inputs]  # a signal may be spread over a larger gate
            handed = [
                arriving.value.sum_to_size(size) if name == signal else None
                for name, size in zip(local.names, sizes, strict=True)
            ]
        elif callable(kind):
            found: Any = kind(local.inputs, local.output, arriving.value)
            handed = [None if r is None else r.clone() for r in found]  # it may hand one tensor down twice
        else:
            raise refuse(node)
        if kind == "route" and fills(node, local.names):
            self._keep_fill(local, arriving, handed, directs)
        dues = self._dues(local, arriving, handed)
        changes = local.deltas()[0]
        for name, change, value, due, direct in zip(local.names, changes, handed, dues, directs, strict=True):
            if value is None:
                continue
            if name in self.walk.inputlike and kind != "linear" and node.name not in self.walk.inputlike:
                value, direct = _as_multiplier(value, change)  # an activation comes first
            self._carry(name, _Carried(value, arriving.log_scale, due, direct), change)

    def _keep(self, local: Local, arriving: _Carried, kept: Flow) -> None:
        """A ledger row for a node without a rule that does not hand down all that arrives."""
        entry = entry_of(local.node, str(local.kind), arriving.value, kept)
        entry.sum_out = entry.sum_in - entry.absorbed_bias - entry.stranded
        entry.mass = per_sample(arriving.value.abs())
        self._enter(entry, arriving)

    def _keep_fill(self, local: Local, arriving: _Carried, handed: list[Any], directs: list[Tensor | None]) -> None:
        """What a node brings in of its own (padding, constants beside the signal) keeps its share, as a bias does."""
        inputs, output, _ = local.deltas()
        R = arriving.value
        if local.node.name in self.walk.inputlike:  # multipliers on their way: relevance is value * multiplier
            R = output * R if arriving.direct is None else output * R + arriving.direct
            pairs = zip(inputs, handed, directs, strict=True)
            handed = [a * m if direct is None else a * m + direct for a, m, direct in pairs]
        kept = torch.stack([per_sample(R), *(-per_sample(r) for r in handed)]).sum(0)
        self._keep(local, replace(arriving, value=R), Flow(bias=kept))

    def _carry(self, name: str, new: _Carried, change: Tensor) -> None:
        old = self.carried.get(name)
        if old is not None:
            at = change if name in self.walk.inputlike else None
            new = _join(old, new, at) if new.due is not None else _added(old, new, self.spend)
        self.carried[name] = _rescaled(new)

    def _dues(self, local: Local, arriving: _Carried, handed: list[Any]) -> list[Tensor | None]:
        """What each branch should sum to: all of what arrived, or at a skip its own share of it."""
        if arriving.due is None or len(handed) == 1:
            return [arriving.due] * len(handed)
        sums = [torch.zeros_like(arriving.due) if r is None else per_sample(r) for r in self._relevances(local, handed)]
        total = torch.stack(sums).sum(0)
        return [torch.where(total == 0, 0.0, arriving.due * part / total) for part in sums]

    def _relevances(self, local: Local, handed: list[Any]) -> list[Any]:
        """Relevance where the network's input, or moved values of it, were handed a multiplier."""
        multiplied = local.kind == "linear" or local.node.name in self.walk.inputlike
        likes = [multiplied and name in self.walk.inputlike for name in local.names]
        changes = local.deltas()[0]
        return [change * value if like else value for like, change, value in zip(likes, changes, handed, strict=True)]

    def _linear(self, local: Local, arriving: _Carried) -> tuple[list[Tensor], list[Tensor | None]]:
        node, R = local.node, arriving.value
        name, rule = self.rules[node.name]
        again = node.name in self.shares and self.plan.prune is not None and self.plan.prune.redistribute == "matrix"
        at_input = not self.walk.inputlike.isdisjoint(local.names)
        flow = linear(local, R, rule, spend=self.spend and not again, multipliers=at_input)
        entry = entry_of(node, name, R, flow)
        handed, directs, size = [], [], 0
        for number, (source, a) in enumerate(zip(local.names, local.deltas()[0], strict=True)):
            is_input = source in self.walk.inputlike
            multiplier = flow.multipliers[number] if flow.multipliers else None
            direct = flow.directs[number] if flow.directs else None
            if multiplier is None:
                r, found = flow.shares[number]
            elif direct is None:
                if any(other.data_ptr() == multiplier.data_ptr() for other in flow.multipliers[number + 1 :]):
                    multiplier = multiplier.clone()  # an addition's: one tensor for all branches
                r, found = multiplied(a, multiplier.clone() if is_input else multiplier)
            else:
                r = a * multiplier + direct
                found = tally(r)
            entry.mass = entry.mass + found.mass
            if node.name in self.shares:
                r, found = self._pruned(local, flow, r, entry)
                if is_input and multiplier is not None:  # what is absent keeps its hypothetical contribution
                    multiplier = torch.where(a == 0, multiplier, r / torch.where(a == 0, 1.0, a))
            entry.sum_out = entry.sum_out + found.total
            entry.zeros = entry.zeros + found.zeros
            size += r[0].numel()
            handed.append(multiplier if is_input else r)
            directs.append(direct if is_input else None)
            if node.layer in self.plan.wanted:
                self.layers[node.layer] = _true(r, arriving.log_scale)
        entry.zeros = entry.zeros / size
        self._enter(entry, arriving)
        return handed, directs

    def _pruned(self, local: Local, flow: Flow, r: Tensor, entry: Entry) -> tuple[Tensor, Tally]:
        """r, which may be overwritten, pruned and redistributed."""
        prune = self.plan.prune
        assert prune is not None
        shares = self.shares[local.node.name]
        if prune.redistribute == "lambda":
            r, found, dropped = pruned(r, *shares, prune.loss)
            entry.dropped = entry.dropped + dropped
            return r, found
        left, _, dropped = pruned(r.clone(), *shares, prune.loss)
        assert flow.s is not None
        result, pooled = matrix_relevance(local, flow.s, flow.filled, r, (left != 0) | (r == 0))
        entry.dropped, entry.pooled = entry.dropped + dropped, entry.pooled + pooled
        result = torch.where((dropped > 0).reshape(-1, *[1] * (r.dim() - 1)), result, r)
        return result, tally(result)

    def _enter(self, entry: Entry, arriving: _Carried) -> None:
        if arriving.log_scale is not None:
            unit = arriving.log_scale.exp()
            for column in COLUMNS:
                if column != "zeros":
                    setattr(entry, column, getattr(entry, column) * unit)
        self.ledger.append(entry)


def _join(old: _Carried, new: _Carried, at: Tensor | None) -> _Carried:
    """Two branches of a skip meet: each is divided by its own sum, so that the split it was given holds again.

    at : the value they meet at, where multipliers are carried; None where relevance is. A branch whose sum vanishes has
    nothing to be restored from and is left as it is.
    """
    parts = []
    for part in (old, new):
        assert part.due is not None
        relevance = part.value if at is None else part.value * at
        relevance = relevance if part.direct is None else relevance + part.direct
        own, mass = per_sample(relevance), per_sample(relevance.abs())
        factor = torch.where(own.abs() > 1e-9 * mass, part.due / torch.where(own == 0, 1.0, own), 1.0)
        parts.append(_scaled(part, factor, torch.zeros_like(part.due)))
    return replace(_added(*parts), due=parts[0].due + parts[1].due)


def _added(old: _Carried, new: _Carried, spend: bool = False) -> _Carried:
    """The sum of two, at the larger of their scales; in the memory of the first where that may be spent."""
    if old.log_scale is None or new.log_scale is None:
        value = old.value.add_(new.value) if spend and old.value.shape == new.value.shape else old.value + new.value
        return _Carried(value, direct=_sum(old.direct, new.direct))
    scale = torch.maximum(old.log_scale, new.log_scale)
    old = _scaled(old, (old.log_scale - scale).exp(), scale)
    new = _scaled(new, (new.log_scale - scale).exp(), scale)
    return replace(old, value=old.value + new.value, direct=_sum(old.direct, new.direct))


def _sum(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    return b if a is None else a if b is None else a + b


def _scaled(carried: _Carried, factor: Tensor, log_scale: Tensor) -> _Carried:
    """The same relevance at another scale; factor (n,)."""
    factor = factor.to(carried.value.dtype).reshape(-1, *[1] * (carried.value.dim() - 1))
    direct = None if carried.direct is None else carried.direct * factor
    return replace(carried, value=carried.value * factor, log_scale=log_scale, direct=direct)


def _true(r: Tensor, log_scale: Tensor | None) -> Tensor:
    """A copy of relevance at its true size, which under relative rules is far below 1 in deep nets."""
    return r.clone() if log_scale is None else r * log_scale.exp().to(r.dtype).reshape(-1, *[1] * (r.dim() - 1))


def _rescaled(carried: _Carried) -> _Carried:
    """Largest magnitude 1 under relative rules, the rest in the logarithm: a plain product runs out of exponents."""
    if carried.log_scale is None:
        return carried
    size = carried.value.abs().flatten(1).amax(1)
    size = torch.where(size > 0, size, torch.ones_like(size))
    return _scaled(carried, 1 / size, carried.log_scale + size.double().log())


def _as_multiplier(r: Tensor, change: Tensor) -> tuple[Tensor, Tensor]:
    """Relevance as (multiplier, direct): a multiple of the input (its difference from the reference) unless that is 0."""
    there = change != 0
    return torch.where(there, r / torch.where(there, change, 1.0), 0.0), torch.where(there, 0.0, r)
