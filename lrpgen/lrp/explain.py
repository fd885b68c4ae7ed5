"""`explain(model, x)`: the door of the engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..device import choose_device
from ..errors import InputError
from . import composites
from .capture import Graph, capture
from .propagate import Entry, Result, backward, forward
from .prune import Prune

if TYPE_CHECKING:
    import pandas as pd

Target = int | Tensor | Callable[[Tensor], Tensor] | None
LEDGER_COLUMNS = (
    "sum_in", "sum_out", "absorbed_bias", "absorbed_epsilon", "stranded", "dropped", "mass", "zeros",
)  # fmt: skip


@dataclass
class Explanation:
    """Relevance of every input value, and where each unit of it went.

    relevance : (N, ...) shape of the input; input * multipliers.
    multipliers : (N, ...) for one-hot DNA the hypothetical contributions of all four bases.
    output : (N, K) what the model said. target : (N,) the output explained, -1 when it was a callable.
    entries : one ledger entry per linear node, from input to output; `ledger` is the same as a table.
    layers : relevance at the input of each layer asked for.
    """

    relevance: Tensor
    multipliers: Tensor
    output: Tensor
    target: Tensor
    entries: list[Entry]
    layers: dict[str, Tensor] = field(default_factory=dict)

    @property
    def ledger(self) -> pd.DataFrame:
        """One row per sample and layer: where its relevance came from and went.

        sum_in (arriving from above) = sum_out (handed down) + absorbed (by bias and epsilon) + stranded.
        dropped_share: share of the layer's relevance mass that pruning dropped and redistributed (inside sum_out).
        """
        import pandas as pd

        tables = []
        for entry in self.entries:
            columns = {column: getattr(entry, column).cpu().numpy() for column in LEDGER_COLUMNS}
            names = {"sample": range(len(self.relevance)), "layer": entry.layer, "op": entry.op, "rule": entry.rule}
            tables.append(pd.DataFrame({**names, **columns}))
        table = pd.concat(tables, ignore_index=True)
        table["absorbed"] = table["absorbed_bias"] + table["absorbed_epsilon"]
        table["dropped_share"] = (table["dropped"] / table["mass"]).where(table["mass"] > 0, 0.0)
        return table

    def to_npz(self, path: str | os.PathLike[str]) -> None:
        """Write relevance, multipliers, output and target as a compressed .npz, whole or not at all."""
        import numpy as np

        from ..files import atomic

        arrays = {name: getattr(self, name).cpu().numpy() for name in ("relevance", "multipliers", "output", "target")}
        with atomic(Path(path).with_suffix(".npz")) as tmp:
            np.savez_compressed(tmp, **arrays)


def explain(
    model: nn.Module | Graph | str | os.PathLike[str],
    x: Tensor,
    *,
    target: Target = None,
    composite: str = "epsilon",
    prune: Prune | None = None,
    layers: Iterable[str] = (),
    device: str = "auto",
    batch_size: int | None = None,
) -> Explanation:
    """Layer-wise relevance of the inputs for one output of the model, optionally pruned (PLRP).

    Parameters
    ----------
    model : a module, a captured `Graph`, or the path of a saved model. The module is read, never changed.
    x : (N, C, ...) float or integer one-hot.
    target : None = the top output of each sample; int; LongTensor (N,); or a callable from the output to one scalar per
        sample, whose gradient * output is then where relevance starts.
    composite : name of a composite (`epsilon`, `lrp0`).
    prune : None = the plain rule.
    layers : names of layers whose input relevance is kept in `Explanation.layers`.
    device : `auto` (a GPU if torch sees one), `cpu`, `cuda`, `cuda:N`.
    batch_size : samples at a time; None = all at once.

    Raises
    ------
    InputError : x, target, composite or a layer name does not fit. UnsupportedOpError : a node has no rule.
    """
    chosen = composites.composite(composite)
    place = choose_device(device)
    graph = as_graph(model, x).to(place)
    x = _checked(x, graph)
    if isinstance(target, Tensor):
        if target.shape != (len(x),):
            raise InputError(f"target has shape {tuple(target.shape)}, one index for each sample is needed")
        target = target.cpu().long()
    wanted = frozenset(layers)
    _check_layers(wanted, graph)
    parts, outputs, targets = [], [], []
    for rows in torch.arange(len(x)).split(batch_size or max(len(x), 1)):
        part = x[rows].to(place, graph.dtype)
        walk = forward(graph, part)
        output = walk.output.unsqueeze(1) if walk.output.dim() == 1 else walk.output
        picked, R = _start(output, target[rows] if isinstance(target, Tensor) else target)
        result = backward(graph, walk, R.view_as(walk.output), chosen, prune, wanted)
        result.relevance = part * result.multipliers
        parts.append(result)
        outputs.append(output)
        targets.append(picked)
    return _join(parts, torch.cat(outputs), torch.cat(targets))


def as_graph(model: nn.Module | Graph | str | os.PathLike[str], x: Tensor) -> Graph:
    """Capture a module (or load and capture a saved one); a graph is returned as it is."""
    if isinstance(model, Graph):
        return model
    if not isinstance(model, nn.Module):
        from ..models import load_model

        model = load_model(model)
    weight = next(iter(model.parameters()), None)
    dtype = torch.float32 if weight is None else weight.dtype
    where = "cpu" if weight is None else weight.device
    return capture(model, x[:1].to(where, dtype))


def _checked(x: Tensor, graph: Graph) -> Tensor:
    if tuple(x.shape[1:]) != graph.input_shape:
        raise InputError(
            f"input has shape {tuple(x.shape)}, the model was captured for {('N', *graph.input_shape)}; "
            "give windows of that width"
        )
    if len(x) == 0:
        raise InputError("input holds no samples; give at least one")
    if x.is_floating_point() and not torch.isfinite(x).all():
        raise InputError("input holds NaN or infinite values; remove them")
    return x


def _check_layers(wanted: frozenset[str], graph: Graph) -> None:
    known = {node.layer for node in graph.nodes}
    if missing := sorted(wanted - known):
        raise InputError(f"layer {missing[0]!r} is not in the model; its layers are {', '.join(sorted(known))}")


def _start(output: Tensor, target: Target) -> tuple[Tensor, Tensor]:
    """Target index per sample and the relevance that enters at the output: the logit at the target."""
    if callable(target) and not isinstance(target, Tensor):
        leaf = output.detach().requires_grad_()
        with torch.enable_grad():
            (slope,) = torch.autograd.grad(target(leaf).sum(), leaf)
        return torch.full((len(output),), -1, device=output.device), slope * output
    if output.dim() != 2:
        raise InputError(
            f"the model's output has shape {tuple(output.shape)}; give target as a callable that reduces it"
        )
    if target is None:
        index = output.argmax(1)
    elif isinstance(target, int):
        index = torch.full((len(output),), target, device=output.device)
    else:
        index = target.to(output.device)
    if index.numel() and (int(index.min()) < 0 or int(index.max()) >= output.shape[1]):
        raise InputError(
            f"target {int(index.max())} lies outside the model's {output.shape[1]} outputs, counted from 0"
        )
    return index, torch.zeros_like(output).scatter(1, index[:, None], output.gather(1, index[:, None]))


def _join(parts: list[Result], output: Tensor, target: Tensor) -> Explanation:
    entries = []
    for same_layer in zip(*(part.ledger for part in parts), strict=True):
        columns = {column: torch.cat([getattr(entry, column) for entry in same_layer]) for column in LEDGER_COLUMNS}
        first = same_layer[0]
        entries.append(Entry(first.layer, first.op, first.rule, **columns))
    return Explanation(
        relevance=torch.cat([part.relevance for part in parts]),
        multipliers=torch.cat([part.multipliers for part in parts]),
        output=output,
        target=target,
        entries=entries,
        layers={name: torch.cat([part.layers[name] for part in parts]) for name in parts[0].layers},
    )
