"""The first convolution of a captured model, and which bases of the window each of its positions reads.

Where the bases come from is not guessed from names: the numbers of the input's entries are sent through whatever moves
them (flips, permutations, padding, dropout in eval mode), and the convolution's own input then says which entry is where.
So any layout (`NLC1`), any order of bases and networks that read both strands come out right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ...errors import InputError
from ...lrp.graph import Graph, Node, Ref
from ...lrp.ops import WEIGHTED
from ...lrp.propagate import OUT

KERNELS = ("conv1d", "conv2d")


class NoFiltersError(InputError):
    """The model's first layer is no set of filters that read the bases."""


@dataclass(frozen=True)
class Use:
    """One use of the filters.

    name : of the node. layer : its name in the engine. places (P, W): the base of the window (0-based) that each of the W
    columns reads at each of the P positions of the output, -1 in the padding. reverse : the filters read the other strand.
    """

    name: str
    layer: str
    places: Tensor
    reverse: bool

    @property
    def relevance(self) -> str:
        """What `explain(layers=...)` calls the relevance of the convolution's output."""
        return self.layer + OUT


@dataclass(frozen=True)
class FirstLayer:
    """Filters (F,) of W columns and every use of them: a network that shares weights between strands uses them twice.

    others : further convolutions that read the bases, with weights of their own.
    """

    layer: str
    filters: int
    uses: list[Use]
    others: list[str]

    @property
    def width(self) -> int:
        return self.uses[0].places.shape[1]


def first_layer(graph: Graph, name: str | None = None) -> FirstLayer:
    """The convolution that reads the bases; of several the first, or the one called `name`.

    Raises
    ------
    NoFiltersError : there is none, it reads computed values, not all four bases, or is grouped.
    InputError : `name` is not one of them.
    """
    found = _readers_of_bases(graph)
    if not found:
        raise NoFiltersError("the model has no 1-d or 2-d convolution that reads the bases; filters need one")
    named = [node for node in found if name in (None, node.layer)]
    if not named:
        known = ", ".join(node.layer for node in found)
        raise InputError(f"no convolution {name!r} reads the bases; choose one of {known}")
    weight = _weight(graph, named[0])
    same = [node for node in found if _equal(_weight(graph, node), weight)]
    others = [node.layer for node in found if node not in same]
    return FirstLayer(named[0].layer, len(weight), [_use(graph, node, weight) for node in same], others)


def values_at(graph: Graph, x: Tensor, names: list[str]) -> dict[str, Tensor]:
    """Values of some nodes for the input `x`; only what they need is computed."""
    needed = set(names)
    for node in reversed(graph.nodes):
        if node.name in needed:
            needed.update(node.refs())
    values: dict[str, Any] = {**graph.constants, graph.input: x}
    for node in graph.nodes:
        if node.name in needed:
            values[node.name] = node.run(values)
    return {name: values[name] for name in names}


def _readers_of_bases(graph: Graph) -> list[Node]:
    """Convolutions before which there is no other layer with weights, in the order of the graph."""
    active, deep = {graph.input}, set[str]()
    found = []
    for node in graph.nodes:
        names = [name for name in node.refs() if name in active]
        if not names:
            continue
        active.add(node.name)
        if any(name in deep for name in names):
            deep.add(node.name)
        elif node.op in WEIGHTED:
            deep.add(node.name)
            if node.op in KERNELS:
                found.append(node)
    return found


def _weight(graph: Graph, node: Node) -> Tensor:
    name = node.args[1].name
    if name in graph.constants:
        return graph.constants[name]
    nothing = torch.zeros(1, *graph.input_shape, dtype=graph.dtype, device=_device(graph))
    return values_at(graph, nothing, [name])[name]  # weights computed on the way (a parametrisation)


def _equal(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and bool(torch.equal(a, b))


def _device(graph: Graph) -> torch.device:
    return next((value.device for value in graph.constants.values()), torch.device("cpu"))


def _use(graph: Graph, node: Node, weight: Tensor) -> Use:
    length = graph.input_shape[-1]
    entries = _columns(_numbered_input(graph, node), node, weight)  # (entries of the kernel, P)
    place = torch.where(entries >= 0, entries % length, -1)
    inside = (entries >= 0).all(0)
    if not bool(inside.any()):
        raise NoFiltersError(f"the filters of {node.layer} are wider than the window; nothing can be read from them")
    at = int(torch.nonzero(inside)[0])
    order: dict[int, list[int]] = {}  # base read by the first whole position -> entries of the kernel, in its order
    size = weight[0, 0].numel()
    for entry in sorted(range(len(entries)), key=lambda row: row % size):
        order.setdefault(int(place[entry, at]), []).append(entry)
    bases = entries // length
    if any(sorted(int(bases[entry, at]) for entry in column) != [0, 1, 2, 3] for column in order.values()):
        raise NoFiltersError(
            f"the filters of {node.layer} do not read all four bases of each position; they are no motifs"
        )
    first = torch.tensor([column[0] for column in order.values()])
    for number, column in enumerate(order.values()):
        if not bool((place[column][:, inside] == place[first[number], inside]).all()):
            raise NoFiltersError(
                f"the filters of {node.layer} read bases of several positions at once; they are no motifs"
            )
    reads = list(order)
    return Use(node.name, node.layer, place[first].T.contiguous(), reads[0] > reads[-1])


def _numbered_input(graph: Graph, node: Node) -> Tensor:
    """The convolution's input (1, ...) with, in place of each value, the number of the input's entry it is, from 1.

    Raises `InputError` unless it is made of moved entries, which a second, random input shows.
    """
    source = node.args[0]
    assert isinstance(source, Ref)
    shape = (1, *graph.input_shape)
    numbers = torch.arange(1, 1 + shape[1] * shape[2], dtype=torch.float64, device=_device(graph)).reshape(shape)
    found = values_at(graph, numbers, [source.name])[source.name]
    trial = torch.rand(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(found.device)
    moved = values_at(graph, trial, [source.name])[source.name].double()
    index = found.double().round().long().clamp(0, numbers.numel())
    expected = trial.flatten()[(index - 1).clamp(min=0)]
    if not bool(((index == 0) | torch.isclose(expected, moved, rtol=1e-6)).all()):
        raise NoFiltersError(
            f"{node.layer} reads values computed from the bases, not the bases; filters cannot be shown"
        )
    return index


def _columns(index: Tensor, node: Node, weight: Tensor) -> Tensor:
    """(entries of the kernel, P): number from 0 of the input's entry under each, -1 in the padding."""
    stride, padding, dilation, groups = (
        _argument(node, at, default) for at, default in ((3, 1), (4, 0), (5, 1), (6, 1))
    )
    if groups != 1:
        raise NoFiltersError(f"{node.layer} is a grouped convolution, whose filters do not read all bases")
    kernel = tuple(weight.shape[2:])
    axes = len(kernel)
    stride, dilation = _each(stride, axes), _each(dilation, axes)
    if isinstance(padding, str):
        total = [d * (k - 1) if padding == "same" else 0 for d, k in zip(dilation, kernel, strict=True)]
        sides = [(whole // 2, whole - whole // 2) for whole in total]
    else:
        sides = [(side, side) for side in _each(padding, axes)]
    values = index.double()
    if axes == 1:
        values, kernel, stride, dilation = values.unsqueeze(2), (1, *kernel), [1, *stride], [1, *dilation]
    padded = F.pad(values, [amount for side in reversed(sides) for amount in side])
    return F.unfold(padded, kernel, tuple(dilation), 0, tuple(stride))[0].round().long().cpu() - 1


def _argument(node: Node, at: int, default: Any) -> Any:
    return node.args[at] if len(node.args) > at else default


def _each(value: Any, axes: int) -> list[int]:
    values = list(value) if isinstance(value, list | tuple) else [value]
    return values * axes if len(values) == 1 else values
