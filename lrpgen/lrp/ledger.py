"""The ledger: where the relevance that arrived at each node went."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .graph import Node
from .kernel import Flow
from .sums import per_sample


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
    stranded: Tensor  # met a zero it could not be divided by
    scaled: Tensor  # taken by a relative rule's factor
    dropped: Tensor  # mass pruned and redistributed: part of sum_out
    pooled: Tensor  # of that, what matrix redistribution found no column for
    mass: Tensor  # sum of |r| handed down, before pruning
    zeros: Tensor  # share of exact zeros in what was handed down


COLUMNS = tuple(Entry.__dataclass_fields__)[3:]


def entry_of(node: Node, rule: str, R: Tensor, flow: Flow) -> Entry:
    zero = torch.zeros(len(R), dtype=torch.float64, device=R.device)
    kept = {"absorbed_bias": flow.bias, "absorbed_epsilon": flow.epsilon, "stranded": flow.stranded}
    columns = dict.fromkeys(COLUMNS, zero)
    columns |= {name: zero + value for name, value in {**kept, "scaled": flow.scaled}.items()}
    return Entry(
        node.layer, node.op, rule, **{**columns, "sum_in": per_sample(R) if flow.arrived is None else flow.arrived}
    )
