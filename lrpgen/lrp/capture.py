"""From a `torch.nn.Module` to a flat list of ATen nodes with their layer names; batch norm folded on the way.

`torch.export` traces the module once; `run_decompositions({})` makes in-place operations functional and leaves
convolutions, pools and linear layers whole. So reused modules, functional calls, `a + b` and in-place ReLU all come out
as plain nodes, and nothing is hooked to, or changed on, the user's module.
"""

from __future__ import annotations

import contextlib
import logging
import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx.node import map_arg
from torch.utils import _pytree as pytree

from ..errors import InputError, UnsupportedOpError
from .canonical import canonical
from .fold import fold_batch_norm
from .graph import Graph, Node, Ref

logger = logging.getLogger("lrpgen")


def capture(model: nn.Module, x: Tensor, *, output: str | None = None, fold: bool = True) -> Graph:
    """Capture `model` as a graph with a free batch dimension.

    Parameters
    ----------
    model : the module; traced in eval mode and left exactly as it was (mode, weights, hooks, gradients).
    x : (N, ...) an input it accepts; only its shape without N, its dtype and device matter.
    output : which tensor to explain when the model returns several: a path such as `1`, `counts` or `heads.0`.
    fold : fold batch norm into the convolution or linear layer beside it.

    A softmax, log-softmax or sigmoid at the very output is left out (and logged): what is explained is the logit.

    Raises
    ------
    UnsupportedOpError : the module cannot be exported (control flow on values, say).
    InputError : several outputs and none or an unknown one chosen.
    """
    example = torch.zeros((2, *x.shape[1:]), dtype=x.dtype, device=x.device)
    with _eval_mode(model), warnings.catch_warnings(), _quiet_export():
        warnings.simplefilter("ignore")
        try:
            exported = torch.export.export(
                model, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},), strict=False
            )
            program = exported.run_decompositions({})
        except Exception as error:  # torch.export raises many kinds; the user needs one sentence
            first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise UnsupportedOpError(
                f"the model cannot be captured by torch.export on an input of shape {tuple(example.shape)} ({first}); "
                "make its forward free of control flow on tensor values and of a fixed batch size"
            ) from error
    graph = _flatten(program, x, _chosen_output(program, output))
    _leave_out_final_activation(graph)
    if fold:
        fold_batch_norm(graph)
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


def _chosen_output(program: torch.export.ExportedProgram, wanted: str | None) -> str:
    """Name of the graph value at the path `wanted`; paths are the keys and positions of the returned structure."""
    names = [str(name) for name in program.graph_signature.user_outputs]
    tree = pytree.tree_unflatten(names, program.call_spec.out_spec)  # pyright: ignore[reportArgumentType]
    paths = {
        ".".join(str(getattr(key, "key", getattr(key, "idx", key))) for key in path): name
        for path, name in pytree.tree_flatten_with_path(tree)[0]
    }
    if wanted is None and len(paths) == 1:
        return names[0]
    if wanted not in paths:
        what = "returns several tensors" if wanted is None else f"has no output {wanted!r}"
        raise InputError(f"the model {what}; choose one with output=, there are: {', '.join(map(repr, paths))}")
    return paths[wanted]


def _flatten(program: torch.export.ExportedProgram, x: Tensor, output: str) -> Graph:
    signature = program.graph_signature
    state = {**program.state_dict, **program.constants}
    targets = {
        **signature.inputs_to_parameters,
        **signature.inputs_to_buffers,
        **signature.inputs_to_lifted_tensor_constants,
    }
    constants = {name: state[target].detach() for name, target in targets.items()}
    nodes: list[Node] = []
    tuples: dict[str, Node] = {}
    layers: dict[str, int] = {}
    for node in program.graph.nodes:
        if node.op != "call_function":
            continue
        args, kwargs = _refs(node)
        op = _op_name(node.target)
        if op == "getitem" and args[0].name in tuples:  # one result of several: the whole op again, that result picked
            made = tuples[args[0].name]
            picked = _Pick(made.call, args[1])
            nodes.append(replace(made, name=node.name, call=picked, **_extent(node.meta["val"])))
            continue
        value = node.meta.get("val")
        made = canonical(Node(node.name, op, node.target, args, kwargs, _layer_name(node, layers), **_extent(value)))
        if isinstance(value, list | tuple):
            tuples[node.name] = made
        else:
            nodes.append(made)
    (source,) = map(str, signature.user_inputs)
    used = _needed(nodes, output)
    return Graph([n for n in nodes if n.name in used], constants, source, output, tuple(x.shape[1:]), x.dtype)


def _extent(value: Any) -> dict[str, int]:
    """Dimensions, and the product of those that do not depend on the batch."""
    if not isinstance(value, Tensor):
        return {}
    return {"ndim": value.dim(), "size": math.prod(size for size in value.shape if isinstance(size, int))}


@dataclass(frozen=True)
class _Pick:
    call: Callable[..., Any]
    index: int

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        found = self.call(*args, **kwargs)
        return found[self.index] if isinstance(found, list | tuple) else found


def _needed(nodes: list[Node], output: str) -> set[str]:
    needed = {output}
    for node in reversed(nodes):
        if node.name in needed:
            needed.update(node.refs())
    return needed


def _refs(node: torch.fx.Node) -> tuple[tuple[Any, ...], dict[str, Any]]:
    def ref(arg: torch.fx.Node) -> Any:
        return Ref(arg.name)

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


FINAL = ("softmax", "_softmax", "log_softmax", "_log_softmax", "sigmoid")


def _leave_out_final_activation(graph: Graph) -> None:
    by_name = {node.name: node for node in graph.nodes}
    while (last := by_name.get(graph.output)) is not None and last.op in FINAL:
        logger.info("explaining the input of the final %s (%s), the logit", last.op.strip("_"), last.layer)
        graph.output = last.args[0].name
        graph.nodes.remove(last)
