"""What `explain` returns: relevance of every input value, and where each unit of it went."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .ledger import COLUMNS, Entry

if TYPE_CHECKING:
    import pandas as pd


AVERAGED = ("relevance", "multipliers", "hypothetical", "start", "output", "base")  # per sample, floating


@dataclass
class Explanation:
    """Relevance of every input value, and where each unit of it went.

    relevance : (N, ...) shape of the input; (input - reference) * multipliers, plus what the rules flat, wsquare and zbox
        give whatever the input is.
    multipliers : (N, ...) relevance per unit of input; for one-hot DNA the hypothetical contributions of all four bases.
    hypothetical : (N, ...) what each base would get in this place: multipliers, less what the reference had there.
    start : (N,) relevance that entered at the output: the explained value, or its difference from the reference.
    output : (N, K) what the model said.
    base : (N, K) the same at the reference, 0 without one; max-pools take the reference's values where the input has its
        winners, so that output - base is what relevance conserves.
    target : (N,) the output explained, -1 when it was a callable.
    entries : one ledger entry per linear node, from input to output; `ledger` is the same as a table.
    layers : relevance at the input (`NAME:out`: at the output) of each layer asked for, at its true size.
    log_scale : (N,) under relative rules: true relevance = relevance * exp(log_scale), often too small for a float.
    rules : (layer, op, rule, pruned shares) of every node, as `describe` prints them.
    """

    relevance: Tensor
    multipliers: Tensor
    hypothetical: Tensor
    start: Tensor
    output: Tensor
    base: Tensor
    target: Tensor
    entries: list[Entry]
    layers: dict[str, Tensor] = field(default_factory=dict)
    log_scale: Tensor | None = None
    rules: list[tuple[str, str, str, str]] = field(default_factory=list)

    @property
    def ledger(self) -> pd.DataFrame:
        """One row per sample and layer: where its relevance came from and went.

        The first to arrive sums to `start`: with a reference, output - base at the target.
        sum_in (arriving from above) = sum_out (handed down) + absorbed (by bias and epsilon) + stranded + scaled.
        dropped_share: share of the layer's relevance mass that pruning dropped and redistributed (inside sum_out).
        """
        import pandas as pd

        tables = []
        for entry in self.entries:
            columns = {column: getattr(entry, column).cpu().numpy() for column in COLUMNS}
            names = {"sample": range(len(self.relevance)), "layer": entry.layer, "op": entry.op, "rule": entry.rule}
            tables.append(pd.DataFrame({**names, **columns}))
        table = pd.concat(tables, ignore_index=True)
        table["absorbed"] = table["absorbed_bias"] + table["absorbed_epsilon"]
        table["dropped_share"] = (table["dropped"] / table["mass"]).where(table["mass"] > 0, 0.0)
        return table

    def describe(self) -> str:
        """A table of which rule each node got: layer, operation, rule, pruned share."""
        return table_text(("layer", "op", "rule", "pruned"), self.rules)

    def to_npz(self, path: str | os.PathLike[str]) -> None:
        """Write relevance, multipliers, output and target as a compressed .npz, whole or not at all."""
        import numpy as np

        from ..files import atomic

        arrays = {name: getattr(self, name).cpu().numpy() for name in ("relevance", "multipliers", "output", "target")}
        with atomic(Path(path).with_suffix(".npz")) as tmp:
            np.savez_compressed(tmp, **arrays)


def table_text(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in [header, *rows]
    )


def joined(parts: list[Explanation]) -> Explanation:
    """Batches, in order, as one explanation."""
    if len(parts) == 1:
        return parts[0]
    scales = [part.log_scale for part in parts if part.log_scale is not None]
    return _combined(
        parts, torch.cat, torch.cat([part.target for part in parts]), torch.cat(scales) if scales else None
    )


def averaged(parts: list[Explanation]) -> Explanation:
    """The mean of several explanations of the same samples: over references, or over strands."""
    if len(parts) == 1:
        return parts[0]
    return _combined(parts, lambda same: torch.stack(same).mean(0), parts[0].target, None)


def _combined(
    parts: list[Explanation], combine: Callable[[list[Tensor]], Tensor], target: Tensor, log_scale: Tensor | None
) -> Explanation:
    entries = []
    for same in zip(*(part.entries for part in parts), strict=True):
        columns = {column: combine([getattr(entry, column) for entry in same]) for column in COLUMNS}
        entries.append(Entry(same[0].layer, same[0].op, same[0].rule, **columns))
    return Explanation(
        **{name: combine([getattr(part, name) for part in parts]) for name in AVERAGED},
        target=target,
        entries=entries,
        layers={name: combine([part.layers[name] for part in parts]) for name in parts[0].layers},
        log_scale=log_scale,
        rules=parts[0].rules,
    )
