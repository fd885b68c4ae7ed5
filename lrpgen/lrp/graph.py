"""A captured model as plain data: nodes in order, constants by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree


@dataclass(frozen=True)
class Ref:
    """Stands in a node's arguments for the value of another node, the input or a constant."""

    name: str


@dataclass(frozen=True)
class Node:
    """One operation. `op` is its ATen name without overload (`conv1d`), `layer` the path of the module it came from."""

    name: str
    op: str
    call: Callable[..., Any]
    args: Any  # a tuple
    kwargs: dict[str, Any]
    layer: str
    ndim: int = 0  # dimensions of its value; 0 for several values or a number

    def refs(self) -> list[str]:
        """Names this node reads, each once, in order."""
        leaves = pytree.tree_leaves((self.args, self.kwargs), is_leaf=lambda leaf: isinstance(leaf, Ref))
        return list(dict.fromkeys(leaf.name for leaf in leaves if isinstance(leaf, Ref)))

    def run(self, values: dict[str, Any]) -> Any:
        args, kwargs = pytree.tree_map(
            lambda leaf: values[leaf.name] if isinstance(leaf, Ref) else leaf,
            (self.args, self.kwargs),
            is_leaf=lambda leaf: isinstance(leaf, Ref),
        )
        return self.call(*args, **kwargs)


@dataclass
class Graph:
    """A captured model: nodes in order, constants by name, the names of its input and output."""

    nodes: list[Node]
    constants: dict[str, Tensor]
    input: str
    output: str
    input_shape: tuple[int, ...]
    dtype: torch.dtype = torch.float32

    def to(self, device: torch.device) -> Graph:
        """The same graph with its constants on `device`; the user's module is not moved."""
        return replace(self, constants={name: value.to(device) for name, value in self.constants.items()})
