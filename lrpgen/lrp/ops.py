"""Which kind each ATen operation is, and how to add one.

linear  affine in its inputs: explained by a rule (layers with weights) or by contribution (average, add, norm).
route   values only move or are selected (view, cat, slice, max-pool, dropout in eval mode): relevance follows the value.
pass    element by element (ReLU): relevance unchanged.
gate    a signal scaled by a value that also depends on the input (sigmoid gate, normaliser): all to the signal.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ..errors import UnsupportedOpError
from .graph import Graph, Node, Ref

# Positions of (input, weight, bias) among the arguments of layers with weights.
WEIGHTED = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "linear"), (0, 1, 2)),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), (0, 1, 2)),
    **dict.fromkeys(("matmul", "mm", "bmm"), (0, 1, None)),
    "addmm": (1, 2, 0),
}
CONVOLUTIONS = frozenset(op for op in WEIGHTED if op.startswith("conv"))
LINEAR = frozenset(WEIGHTED) | {
    "add", "sub", "rsub", "mul", "div", "neg", "mean", "sum", "cumsum", "avg_pool1d", "avg_pool2d", "avg_pool3d",
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "_adaptive_avg_pool2d",
    "batch_norm", "batch_statistics_norm", "layer_norm", "group_norm", "instance_norm",
}  # fmt: skip
WITH_CONSTANT = frozenset(
    {"add", "sub", "rsub", "batch_norm", "batch_statistics_norm", "layer_norm", "group_norm", "instance_norm"}
)
WINNERS = frozenset({
    "max_pool1d", "max_pool2d", "max_pool3d", "max_pool1d_with_indices", "max_pool2d_with_indices",
    "max_pool3d_with_indices", "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d", "amax", "max",
})  # fmt: skip
ROUTE = WINNERS | frozenset({
    "view", "reshape", "_unsafe_view", "flatten", "unflatten", "permute", "transpose", "t", "squeeze", "unsqueeze",
    "expand", "repeat", "cat", "stack", "slice", "select", "narrow", "index_select", "split", "split_with_sizes",
    "chunk", "unbind", "flip", "roll", "constant_pad_nd", "pad", "upsample_nearest1d", "upsample_nearest2d",
    "clone", "contiguous", "alias", "_to_copy", "to", "dropout", "feature_dropout",
})  # fmt: skip
PASS = frozenset({
    "relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "exp", "sigmoid", "tanh", "hardtanh", "relu6", "selu",
    "celu", "mish", "hardswish", "hardsigmoid", "log_sigmoid", "clamp_min", "clamp", "detach", "lift_fresh_copy",
    "native_dropout",
})  # fmt: skip
GATES = frozenset({"sigmoid", "hardsigmoid", "softmax", "_softmax", "tanh", "rsqrt", "reciprocal"})
SHAPES = frozenset({"view", "reshape", "expand", "unsqueeze", "squeeze", "permute", "transpose", "clone", "slice"})

CustomRule = Callable[[list[Tensor], Tensor, Tensor], list[Tensor]]
KINDS: dict[str, str | CustomRule] = {
    **dict.fromkeys(LINEAR, "linear"),
    **dict.fromkeys(ROUTE, "route"),
    **dict.fromkeys(PASS, "pass"),
}


def register(op: str, kind: str | CustomRule) -> None:
    """Teach the engine an operation.

    Parameters
    ----------
    op : its ATen name, as an `UnsupportedOpError` prints it.
    kind : `linear`, `route` or `pass`, or a function(inputs, output, R) -> one relevance tensor for each input.

    Example
    -------
    >>> import lrpgen
    >>> lrpgen.lrp.register("log1p", "pass")
    >>> lrpgen.lrp.register("pow", lambda inputs, output, R: [R])
    """
    if isinstance(kind, str) and kind not in ("linear", "route", "pass"):
        raise ValueError(f"kind {kind!r} is not one of linear, route, pass or a function")
    KINDS[op] = kind


def kind_of(node: Node, active: list[str], graph: Graph) -> str | CustomRule | None:
    """The kind of a node, given which of its inputs depend on the network's input; None when there is no rule.

    A node without a rule is only an error once relevance arrives at it (`refuse`): a normaliser is evaluated, and
    nothing of the explanation goes through it.
    """
    if node.op in ("mul", "div") and sum(getattr(arg, "name", None) in active for arg in node.args[:2]) > 1:
        return "gate" if signal_of(node, graph) is not None else None
    source = node.args[WEIGHTED[node.op][0]] if node.op in WEIGHTED else node.args[0] if node.args else None
    if node.op in (*WEIGHTED, "div") and active != [getattr(source, "name", None)]:
        return None  # weights or a divisor that depend on the input: not affine in it
    return KINDS.get(node.op)


def fills(node: Node, active: list[str]) -> bool:
    """Whether a node puts values beside those it moves: a padding, or a constant joined to the signal."""
    return node.op in ("constant_pad_nd", "pad") or (node.op in ("cat", "stack") and set(node.refs()) != set(active))


def signal_of(node: Node, graph: Graph) -> str | None:
    """Which factor of a product of two values carries the signal: not the gate. None when that cannot be told."""
    first, second = (arg.name if isinstance(arg, Ref) else None for arg in node.args[:2])
    if node.op == "div":
        return first  # a value over its normaliser
    by_name = {other.name: other for other in graph.nodes}
    gated = [name for name in (first, second) if name is not None and _is_gate(by_name.get(name), by_name)]
    if first is None or second is None or len(gated) != 1:
        return None
    return second if gated[0] == first else first


def _is_gate(node: Node | None, by_name: dict[str, Node]) -> bool:
    while node is not None and node.op in SHAPES:
        node = by_name.get(node.args[0].name)
    return node is not None and node.op in GATES


def refuse(node: Node) -> UnsupportedOpError:
    return UnsupportedOpError(
        f"layer {node.layer!r}: no relevance rule for {node.op!r} as it is used there; "
        f"teach it with lrpgen.lrp.register({node.op!r}, ...), or rewrite that layer with supported operations"
    )
