"""Products of layers with weights in a short number format; all the rest, relevance too, in the graph's own. Ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch.utils import _pytree as pytree

from .graph import Graph
from .ops import WEIGHTED


def mixed(graph: Graph, dtype: torch.dtype) -> Graph:
    """The same graph with the products of convolutions and linear layers, forward and back, in `dtype`.

    Their inputs and weights are rounded to it and so are their results; biases, divisions, sums and the ledger are not,
    so that stabilisers stay as small as they were.
    """
    nodes = [replace(node, call=_rounded(node.call, dtype)) if node.op in WEIGHTED else node for node in graph.nodes]
    return replace(graph, nodes=nodes)


def _rounded(call: Callable[..., Any], dtype: torch.dtype) -> Callable[..., Any]:
    def short(leaf: Any) -> Any:
        return leaf.to(dtype) if isinstance(leaf, torch.Tensor) and leaf.is_floating_point() else leaf

    def rounded(*args: Any, **kwargs: Any) -> torch.Tensor:
        kind = next(leaf.dtype for leaf in args if isinstance(leaf, torch.Tensor))
        args, kwargs = pytree.tree_map(short, (args, kwargs))
        return call(*args, **kwargs).to(kind)

    return rounded
