"""One linear node: the rule's sums, their division, and the products with the transposed weights."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..errors import InputError
from .graph import Node
from .ops import WEIGHTED, WITH_CONSTANT
from .rules import RELATIVE, SKIPS, Branch, Level, Part, Rule, _neg, _pos, stabiliser
from .sparse import sparse_pull, turned
from .sums import Tally, divided, per_sample, sharable, shared

ADDITIONS = ("add", "sub", "rsub")
STATISTICS = ("batch_statistics_norm", "layer_norm", "group_norm", "instance_norm")
AVERAGES = ("mean", "sum", "avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d")


@dataclass
class Local:
    """One node evaluated on its own.

    names, inputs : the inputs that carry relevance, leaves of their own. output : its value, tied to just those leaves.
    weight, bias : of a layer with weights; bias, or what an affine node adds, broadcasts to the output.
    base : inputs and output at the reference, when there is one. differences : from them, made when first asked for.
    """

    node: Node
    kind: object
    names: list[str]
    inputs: list[Tensor]
    output: Tensor
    weight: Tensor | None = None
    bias: Tensor | None = None
    base: tuple[list[Tensor], Tensor] | None = None
    differences: tuple[list[Tensor], Tensor] | None = None

    def pull(self, s: Tensor, filled: Tensor | None = None) -> list[Tensor]:
        """Transposed product of the node at this point: one tensor per input, in its shape. filled: (N,), share of s not 0."""
        if self.weight is not None:
            return [self.transposed(self.output, self.inputs[0], self.weight, s, filled)]
        return list(torch.autograd.grad(self.output, self.inputs, s, retain_graph=True))

    def transposed(self, output: Tensor, leaf: Tensor, weight: Tensor, s: Tensor, filled: Tensor | None) -> Tensor:
        """The same for a layer with weights, whose `output` came of `leaf` and `weight`."""

        def full() -> Tensor:
            found = turned(self.node, s, weight)
            return torch.autograd.grad(output, leaf, s, retain_graph=True)[0] if found is None else found

        return sparse_pull(self.node, s, weight, leaf, filled, full)

    def push(self, inputs: list[Tensor]) -> Tensor:
        """Product of the node at this point: for a max-pool, what other `inputs` have where this one has its winners."""
        with torch.enable_grad():
            s = torch.zeros_like(self.output, requires_grad=True)
            pulled = torch.autograd.grad(self.output, self.inputs, s, create_graph=True)
            return torch.autograd.grad(pulled, s, inputs)[0]

    def apply(self, a: Tensor, w: Tensor) -> Tensor:
        """The layer on other inputs and weights, without its bias."""
        if self.node.op == "addmm":
            return a @ w
        source, weight, bias = WEIGHTED[self.node.op]
        args = [None if position == bias else arg for position, arg in enumerate(self.node.args)]
        args[source], args[weight] = a, w
        with torch.enable_grad():
            return self.node.call(*args, **{k: v for k, v in self.node.kwargs.items() if k != "bias"})

    def deltas(self) -> tuple[list[Tensor], Tensor, Tensor | None]:
        """Inputs, output and bias as the rules see them: differences from the reference, where biases cancel."""
        inputs, output = [leaf.detach() for leaf in self.inputs], self.output.detach()
        if self.base is None:
            return inputs, output, self.bias
        if self.differences is None:
            self.differences = [a - b for a, b in zip(inputs, self.base[0], strict=True)], output - self.base[1]
        return *self.differences, None

    def free(self) -> None:
        """Drop all values; the node is done."""
        self.output = self.inputs = self.base = self.differences = None  # pyright: ignore[reportAttributeAccessIssue]


@dataclass
class Flow:
    """What one linear node hands down and what it kept.

    multipliers : one per input (relevance = input * multiplier + direct). directs : what is no multiple of an input (flat,
    wsquare, the box's bounds, a branch of 0 at a skip), or None; empty where nothing is. shares : in place of multipliers
    relevance itself, and its tally. bias, epsilon, stranded, scaled : kept, (N,) float64. arrived : sum of R, (N,) float64,
    where it was counted on the way. s, filled : of a plain rule, R divided, and the share of it that is not 0.
    """

    multipliers: list[Tensor] = field(default_factory=list)
    directs: list[Tensor | None] = field(default_factory=list)
    shares: list[tuple[Tensor, Tally]] = field(default_factory=list)
    bias: Tensor | float = 0.0
    epsilon: Tensor | float = 0.0
    stranded: Tensor | float = 0.0
    scaled: Tensor | float = 0.0
    arrived: Tensor | None = None
    s: Tensor | None = None
    filled: Tensor | None = None


def linear(local: Local, R: Tensor, rule: Rule, *, spend: bool = False, multipliers: bool = True) -> Flow:
    """Relevance R (shape of the output) down one linear node.

    spend : its output and R are not needed any more. multipliers : where they are, rather than relevance itself.

    Nodes without weights (add, average, norm) split by contribution with the rule's stabiliser, whatever the rule; under
    a relative rule averages divide by the sum of magnitudes.
    """
    if rule.divisor in SKIPS and len(local.inputs) > 1:
        return _skip(local, R, rule.divisor)
    inputs, z, bias = local.deltas()
    eps = stabiliser(rule.epsilon or (1e-6 if rule.divisor in RELATIVE else 0.0), z.dtype)
    if rule.divisor in RELATIVE and (local.weight is not None or local.node.op in AVERAGES):
        return _relative(local, R, inputs[0], z, bias, rule.divisor)
    if local.node.op == "add" and not multipliers and bias is None and sharable(R, z, inputs) and not local.node.kwargs:
        return _met(R, z, inputs, eps, spend)
    if local.weight is None or rule.plain:
        return _plain(local, R, z, bias, eps, spend)
    flow = Flow()
    parts = _Parts(inputs[0])
    for branch in rule.branches:
        _branch(local, R, branch, parts, z, bias, eps, flow)
    if rule.branches[0].where != "all":
        flow.stranded = per_sample(torch.where(z == 0, R, 0.0))
    flow.multipliers, flow.directs = [parts.multiplier()], [parts.direct]
    return flow


def _skip(local: Local, R: Tensor, how: str) -> Flow:
    """Where branches meet: `magnitude` abs(u) / (abs(u) + abs(v)), `half` 1/2; both 1/2 where all branches are 0.

    u, v : what each branch adds, `alpha` of the addition included.
    """
    inputs = local.deltas()[0]
    if any(a.shape != R.shape for a in inputs):
        raise InputError(
            f"rule {how} splits sums of values of one shape, {local.node.layer} adds others; use signed there"
        )
    slopes = local.pull(torch.ones_like(R)) if how == "magnitude" else [torch.zeros_like(R)] * len(inputs)
    sizes = [(a * slope).abs() for a, slope in zip(inputs, slopes, strict=True)]
    total = torch.stack(sizes).sum(0)
    shares = [torch.where(total == 0, 1 / len(inputs), size / torch.where(total == 0, 1.0, total)) for size in sizes]
    flow = Flow()
    for a, share in zip(inputs, shares, strict=True):
        r, steady = share * R, a.abs() > torch.finfo(a.dtype).eps * share * R.abs()
        flow.multipliers.append(torch.where(steady, r / torch.where(steady, a, 1.0), 0.0))
        flow.directs.append(torch.where(steady, 0.0, r))
    return flow


def _met(R: Tensor, z: Tensor, inputs: list[Tensor], eps: float, spend: bool) -> Flow:
    """Two branches that meet, in one pass: an addition is most of what a net of skips does."""
    (arrived, epsilon, stranded), *shares = shared(R if spend else R.clone(), z if spend else z.clone(), inputs, eps)
    return Flow(shares=shares, epsilon=epsilon, stranded=stranded, arrived=arrived)


def _plain(local: Local, R: Tensor, z: Tensor, bias: Tensor | None, eps: float, spend: bool) -> Flow:
    own = local.base is not None or local.node.op in (*WEIGHTED, *ADDITIONS)  # not memory of another node
    q = divided(R, z, eps, bias, spend=spend and own and local.node.op not in STATISTICS)
    kept = {"bias": q.bias, "epsilon": q.epsilon, "stranded": q.stranded, "arrived": q.arrived}
    flow = Flow(local.pull(q.s, q.filled), s=q.s, filled=q.filled, **kept)
    if local.base is not None and local.node.op in STATISTICS:
        # Their statistics differ at the reference: a shift of its own, kept as a bias is.
        handed = [per_sample(a * multiplier) for a, multiplier in zip(local.deltas()[0], flow.multipliers, strict=True)]
        flow.bias = per_sample(q.s * z) - torch.stack(handed).sum(0)
    return flow


def _relative(local: Local, R: Tensor, a: Tensor, z: Tensor, bias: Tensor | None, divisor: str) -> Flow:
    if divisor == "layer":
        d = z.abs().flatten(1).amax(1).reshape(-1, *[1] * (z.dim() - 1)).expand_as(z)
    elif local.weight is None:
        d = _magnitudes(local, a)
    else:
        d = local.apply(a.abs(), local.weight.abs()).detach()
        d = d if bias is None else d + bias.abs()
    q = divided(R, d, 0.0, bias)
    return Flow(local.pull(q.s, q.filled), bias=q.bias, scaled=per_sample(R - q.s * z))


def _magnitudes(local: Local, a: Tensor) -> Tensor:
    args = list(local.node.args)
    args[0] = a.abs()
    return local.node.call(*args, **local.node.kwargs)


@dataclass
class _Parts:
    """The input, and the multipliers that its positive and negative entries collect from the branches."""

    a: Tensor
    positive: Tensor | float = 0.0
    negative: Tensor | float = 0.0
    direct: Tensor | None = None
    signed: bool = field(init=False)

    def __post_init__(self) -> None:
        self.signed = bool(self.a.min() < 0)

    def part(self, of: Part) -> Tensor:
        return self.a if of is _pos and not self.signed else of(self.a)

    def add(self, part: object, grad: Tensor) -> None:
        if isinstance(part, Level):
            self.direct = grad * part.value + (0.0 if self.direct is None else self.direct)
            return
        if part is not _neg:
            self.positive = self.positive + grad
        if part is not _pos:
            self.negative = self.negative + grad

    def multiplier(self) -> Tensor:
        """An entry that is 0 gets what it would get if it were there (one-hot entries are 0 or 1)."""
        if not self.signed and isinstance(self.positive, Tensor):
            return self.positive
        zero = torch.zeros_like(self.a)
        return torch.where(self.a < 0, zero + self.negative, zero + self.positive)


def _branch(
    local: Local, R: Tensor, branch: Branch, parts: _Parts, z: Tensor, bias: Tensor | None, eps: float, flow: Flow
) -> None:
    assert local.weight is not None
    terms = [term for term in branch.terms if parts.signed or term.a is not _neg]
    leaves = [parts.part(term.a).detach().requires_grad_() for term in terms]
    outputs = [local.apply(leaf, term.weight(local.weight)) for leaf, term in zip(leaves, terms, strict=True)]
    total = outputs[0].detach()
    for output in outputs[1:]:
        total = total + output.detach()
    shift = branch.bias(bias) if branch.bias is not None and bias is not None else None
    total = total if shift is None else total + shift
    share = R if branch.share == 1.0 else branch.share * R
    if branch.where != "all":
        share = torch.where(z > 0 if branch.where == "pos" else z < 0, share, 0.0)
    q = divided(share, total, eps, shift, spend=True)
    for term, leaf, output in zip(terms, leaves, outputs, strict=True):
        parts.add(term.a, local.transposed(output, leaf, term.weight(local.weight), q.s, q.filled))
    flow.bias, flow.epsilon = flow.bias + q.bias, flow.epsilon + q.epsilon


def constant_of(local: Local, values: dict[str, object]) -> Tensor | None:
    """The constant part of an affine node, broadcastable to its output, or None if there is none."""
    node = local.node
    if node.op in WEIGHTED:
        position = WEIGHTED[node.op][2]
        there = position is not None and len(node.args) > position
        ref = node.args[position] if there else node.kwargs.get("bias")
        if ref is None:
            return None
        bias = values[ref.name]
        assert isinstance(bias, Tensor)
        return bias.reshape(-1, *[1] * int(node.op[-2])) if node.op.startswith("conv") else bias
    if node.op not in WITH_CONSTANT:
        return None
    if node.op == "batch_statistics_norm":  # diagonal: what is not the input times its slope
        (slope,) = local.pull(torch.ones_like(local.output))
        return local.output.detach() - local.inputs[0].detach() * slope
    if node.op in ADDITIONS and all(getattr(arg, "name", None) in local.names for arg in node.args[:2]):
        return None  # branches meet, nothing is added to them
    with torch.no_grad():  # the other norms standardise zeros to zeros: what is left is their bias
        zeros = {name: torch.zeros_like(leaf[:1]) for name, leaf in zip(local.names, local.inputs, strict=True)}
        constant = node.run({**values, **zeros})
    return constant if constant.any() else None
