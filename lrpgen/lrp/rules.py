"""How relevance passes one node: three kinds of operation, one small function each.

linear  affine in its inputs (convolution, dense, average, batch norm, add): r_j = a_j * sum_k w_jk R_k / d_k, where the
        rule chooses the denominator d. The factor that multiplies a_j is the *multiplier*.
route   values only move or are selected (view, cat, slice, max-pool): relevance follows the value.
pass    element by element (ReLU, dropout in eval mode): relevance unchanged.

The products with the transposed weights come from torch's own derivative of that single operation, so stride, padding,
dilation and groups are exact, and an epsilon pass costs what a gradient costs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import UnsupportedOpError
from .capture import Graph, Node, Ref

WEIGHTED = frozenset({"conv1d", "conv2d", "conv3d", "linear"})  # layers with weights: pruned by PLRP
LINEAR = WEIGHTED | {
    "add", "sub", "mul", "div", "neg", "batch_norm", "mean", "avg_pool1d", "avg_pool2d", "avg_pool3d",
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
}  # fmt: skip
ROUTE = frozenset({
    "max_pool1d", "max_pool2d", "max_pool3d", "view", "reshape", "_unsafe_view", "flatten", "unflatten", "permute",
    "transpose", "t", "squeeze", "unsqueeze", "cat", "slice", "select", "narrow", "flip", "constant_pad_nd",
})  # fmt: skip
PASS = frozenset(
    {"relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "exp", "sigmoid", "tanh", "dropout", "clone"}
)
KINDS = {**dict.fromkeys(LINEAR, "linear"), **dict.fromkeys(ROUTE, "route"), **dict.fromkeys(PASS, "pass")}


@dataclass(frozen=True)
class Denominator:
    """How a linear rule divides. Source: Bach et al. 2015 (lrp0, epsilon); METHODS: sign(0) = 1."""

    divide: Callable[[Tensor, Tensor, float], Tensor]  # (R, z, eps) -> R / d
    epsilon: float


def _divide_zero(R: Tensor, z: Tensor, eps: float) -> Tensor:
    return torch.where(z == 0, torch.zeros((), dtype=z.dtype, device=z.device), R / z)


def _divide_epsilon(R: Tensor, z: Tensor, eps: float) -> Tensor:
    return R / (z + torch.where(z < 0, -eps, eps))


RULES = {"lrp0": Denominator(_divide_zero, 0.0), "epsilon": Denominator(_divide_epsilon, 1e-6)}


@dataclass
class Local:
    """One node evaluated on its own: inputs that carry relevance, and the output tied to just those."""

    node: Node
    inputs: list[Tensor]
    output: Tensor
    bias: Tensor | None  # what a linear node adds to its output, broadcastable to it

    def pull(self, s: Tensor) -> list[Tensor]:
        """Transposed product of the node at this point: one tensor per input, in its shape."""
        return list(torch.autograd.grad(self.output, self.inputs, s))


@dataclass
class Flow:
    """What one node hands down (a multiplier for each input) and what it kept, (N,)."""

    multipliers: list[Tensor]
    bias: Tensor | float = 0.0
    epsilon: Tensor | float = 0.0
    stranded: Tensor | float = 0.0


def linear(local: Local, R: Tensor, rule: Denominator) -> Flow:
    """r_j = a_j * sum_k w_jk R_k / d_k; the bias's and the stabiliser's shares are returned, not lost."""
    z = local.output.detach()
    s = rule.divide(R, z, rule.epsilon)
    flow = Flow(local.pull(s))
    if local.bias is not None:
        flow.bias = _per_sample(s * local.bias)
    if rule.epsilon:
        flow.epsilon = rule.epsilon * _per_sample(torch.where(z < 0, -s, s))
    else:
        flow.stranded = _per_sample(torch.where(z == 0, R, 0.0))
    return flow


def _per_sample(values: Tensor) -> Tensor:
    return values.flatten(1).sum(1, dtype=torch.float64)


def kind_of(node: Node, active: list[str]) -> str:
    """`linear`, `route` or `pass`. Raises `UnsupportedOpError` naming op and layer."""
    kind = KINDS.get(node.op)
    product = node.op in ("mul", "div") and len(active) > 1
    # A weight or a divisor that depends on the input: the node is not affine in it.
    bent = node.op in WEIGHTED | {"div"} and active != [_name(node.args[0])]
    if kind is None or product or bent:
        what = f"{node.op!r} of two values that both depend on the input" if product or bent else f"the op {node.op!r}"
        raise UnsupportedOpError(
            f"layer {node.layer!r}: no relevance rule for {what}; "
            "rewrite that layer with supported operations, or explain the part of the model before it"
        )
    return kind


def _name(arg: object) -> str | None:
    return arg.name if isinstance(arg, Ref) else None


def bias_of(node: Node, graph: Graph, inputs: dict[str, Tensor], values: dict[str, object]) -> Tensor | None:
    """The constant part of an affine node: its value at zero input, (1 or N, ...), or None if there is none."""
    if node.op in WEIGHTED:
        bias = node.args[2] if len(node.args) > 2 else node.kwargs.get("bias")
        if bias is None:
            return None
        value = values[bias.name]
        assert isinstance(value, Tensor)
        spatial = 0 if node.op == "linear" else int(node.op[-2])
        return value.reshape(-1, *[1] * spatial)
    if node.op in ("batch_norm", "add", "sub"):
        zeros = {name: torch.zeros_like(value[:1]) for name, value in inputs.items()}
        with torch.no_grad():
            constant = node.run({**values, **zeros})
        return constant if constant.any() else None
    return None
