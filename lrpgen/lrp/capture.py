"""From a `torch.nn.Module` to a flat list of ATen nodes with their layer names; batch norm folded on the way.

`torch.export` traces the module once; `run_decompositions({})` makes in-place operations functional and leaves
convolutions, pools and linear layers whole. So reused modules, functional calls, `a + b` and in-place ReLU all come out
as plain nodes, and nothing is hooked to, or changed on, the user's module.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx.node import map_arg
from torch.utils import _pytree as pytree

from ..errors import InputError, UnsupportedOpError


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


def capture(model: nn.Module, x: Tensor, *, fold: bool = True) -> Graph:
    """Capture `model` as a graph with a free batch dimension.

    Parameters
    ----------
    model : the module; traced in eval mode and left exactly as it was (mode, weights, hooks, gradients).
    x : (N, ...) an input it accepts; only its shape without N, its dtype and device matter.
    fold : fold batch norm into the convolution or linear layer that feeds only it.

    Raises
    ------
    UnsupportedOpError : the module cannot be exported (control flow on values, say).
    InputError : the module's output is not one tensor.
    """
    example = torch.zeros((2, *x.shape[1:]), dtype=x.dtype, device=x.device)
    with _eval_mode(model), warnings.catch_warnings(), _quiet_export():
        warnings.simplefilter("ignore")
        try:
            program = torch.export.export(
                model, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},), strict=False
            ).run_decompositions({})
        except Exception as error:  # torch.export raises many kinds; the user needs one sentence
            first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise UnsupportedOpError(
                f"the model cannot be captured by torch.export on an input of shape {tuple(example.shape)} ({first}); "
                "make its forward free of control flow on tensor values and of a fixed batch size"
            ) from error
    graph = _flatten(program, x)
    if fold:
        _fold_batch_norm(graph)
    return graph


@contextlib.contextmanager
def _eval_mode(model: nn.Module) -> Iterator[None]:
    training = [module for module in model.modules() if module.training]
    try:
        for module in training:
            module.training = False
        yield
    finally:
        for module in training:
            module.training = True


@contextlib.contextmanager
def _quiet_export() -> Iterator[None]:
    """torch.export logs its own tracebacks before it raises; the user gets our sentence instead."""
    logger = logging.getLogger("torch")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _flatten(program: torch.export.ExportedProgram, x: Tensor) -> Graph:
    signature = program.graph_signature
    state = {**program.state_dict, **program.constants}
    targets = {
        **signature.inputs_to_parameters,
        **signature.inputs_to_buffers,
        **signature.inputs_to_lifted_tensor_constants,
    }
    constants = {name: state[target].detach() for name, target in targets.items()}
    if len(signature.user_outputs) != 1:
        raise InputError(
            f"the model returns {len(signature.user_outputs)} tensors, one is needed; wrap it to return one"
        )
    nodes: list[Node] = []
    alias: dict[str, str] = {}
    layers: dict[str, int] = {}
    for node in program.graph.nodes:
        if node.op != "call_function":
            continue
        args, kwargs = _refs(node, alias)
        call: Any = node.target
        op = _op_name(call)
        if op == "getitem" and nodes and args[0] == Ref(nodes[-1].name) and nodes[-1].op == "batch_norm":
            alias[node.name] = nodes[-1].name  # its further results (saved statistics) are empty in eval mode
            continue
        if op == "_native_batch_norm_legit_no_training":
            call, op = _batch_norm, "batch_norm"
        nodes.append(Node(node.name, op, call, args, kwargs, _layer_name(node, layers)))
    (source,), (output,) = list(map(str, signature.user_inputs)), list(map(str, signature.user_outputs))
    return Graph(nodes, constants, source, alias.get(output, output), tuple(x.shape[1:]), x.dtype)


def _refs(node: torch.fx.Node, alias: dict[str, str]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    def ref(arg: torch.fx.Node) -> Any:
        return Ref(alias.get(arg.name, arg.name))

    replaced: Any = map_arg((node.args, node.kwargs), ref)
    return tuple(replaced[0]), dict(replaced[1])


def _op_name(target: Any) -> str:
    packet = getattr(target, "overloadpacket", None)
    return packet.__name__ if packet is not None else target.__name__


def _layer_name(node: torch.fx.Node, seen: dict[str, int]) -> str:
    """The module path, or the node's own name for functional calls; a second use of a module gets `:2`."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    path = stack[-1][0] if stack else ""
    is_leaf = bool(stack) and str(stack[-1][1]).startswith("torch.nn.modules")
    name = path if path and is_leaf else ".".join(part for part in (path, node.name) if part)
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else f"{name}:{seen[name]}"


def _batch_norm(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, mean: Tensor, var: Tensor, *rest: float
) -> Tensor:
    return torch.nn.functional.batch_norm(x, mean, var, weight, bias, False, 0.0, rest[-1])


FOLDABLE = {"conv1d": 0, "conv2d": 0, "conv3d": 0, "linear": 0}  # op -> output-channel axis of its weight


def _fold_batch_norm(graph: Graph) -> None:
    """conv/linear then batch norm, nothing else reading in between: one layer with scaled weights (exact)."""
    by_name = {node.name: node for node in graph.nodes}
    readers: dict[str, int] = {graph.output: 1}
    for node in graph.nodes:
        for name in node.refs():
            readers[name] = readers.get(name, 0) + 1
    for norm in [node for node in graph.nodes if node.op == "batch_norm"]:
        layer = by_name.get(norm.args[0].name)
        if layer is None or layer.op not in FOLDABLE or readers[layer.name] != 1:
            continue
        if not all(isinstance(arg, Ref) and arg.name in graph.constants for arg in layer.args[1:3] if arg is not None):
            continue  # weights computed on the way (a parametrisation): the diagonal-linear rule takes the norm
        folded = _folded(graph, layer, norm)
        graph.nodes[graph.nodes.index(norm)] = folded
        graph.nodes.remove(layer)
        by_name[folded.name] = folded


def _folded(graph: Graph, layer: Node, norm: Node) -> Node:
    gamma, beta, mean, var = (None if ref is None else graph.constants[ref.name] for ref in norm.args[1:5])
    assert mean is not None
    assert var is not None
    scale = torch.rsqrt(var.double() + norm.args[-1]) * (1.0 if gamma is None else gamma.double())
    weight = graph.constants[layer.args[1].name].double()
    bias_ref = layer.args[2] if len(layer.args) > 2 else None
    bias = 0.0 if bias_ref is None else graph.constants[bias_ref.name].double()
    bias = (bias - mean.double()) * scale + (0.0 if beta is None else beta.double())
    names = (f"{layer.name}.folded_weight", f"{layer.name}.folded_bias")
    graph.constants[names[0]] = (weight * scale.reshape(-1, *[1] * (weight.dim() - 1))).to(graph.dtype)
    graph.constants[names[1]] = bias.to(graph.dtype)
    return replace(layer, name=norm.name, args=(layer.args[0], Ref(names[0]), Ref(names[1]), *layer.args[3:]))
