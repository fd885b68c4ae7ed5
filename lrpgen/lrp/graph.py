"""A captured model as plain data: nodes in order, constants by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
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
    size: int = 0  # values of one sample in it

    def refs(self) -> list[str]:
        """Names this node reads, each once, in order."""
        return self._reads

    @cached_property
    def _reads(self) -> list[str]:
        leaves = pytree.tree_leaves((self.args, self.kwargs), is_leaf=lambda leaf: isinstance(leaf, Ref))
        return list(dict.fromkeys(leaf.name for leaf in leaves if isinstance(leaf, Ref)))

    def run(self, values: dict[str, Any]) -> Any:
        args, kwargs = _filled(self.args, values), _filled(self.kwargs, values)
        return self.call(*args, **kwargs)


def _filled(args: Any, values: dict[str, Any]) -> Any:
    """Arguments with values in place of references."""
    if isinstance(args, Ref):
        return values[args.name]
    if isinstance(args, list | tuple):
        return [_filled(arg, values) for arg in args]
    if isinstance(args, dict):
        return {name: _filled(arg, values) for name, arg in args.items()}
    return args


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
