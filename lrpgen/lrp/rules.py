"""How relevance passes a layer with weights: rules as data over one kernel.

r_j = a_j * sum_k rho(w_jk) R_k / d_k. A rule is a list of branches; a branch says which part of the inputs meets which
part of the weights, which part of the bias belongs to the sum d, and which share of R it takes. The products with the
transposed weights are torch's own derivative of that single operation, or equal it (`sparse`), so stride, padding, dilation
and groups are exact and an epsilon pass costs what a gradient costs.

Sources: lrp0, epsilon, alpha-beta, flat, wsquare, zbox: Bach et al. 2015, Montavon et al. 2017, Lapuschkin et al. 2019;
gamma: Montavon et al. 2019 in the generalised form for negative activations. magnitude: Otsuki et al. 2024 (ECCV).
relative, relative_layer: Ours, a reconstruction of R-LRP (Nyiri, Gibaru 2025, arXiv 2501.14322), whose equations were not
available.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import InputError

Part = Callable[[Tensor], Tensor]


def _pos(t: Tensor) -> Tensor:
    return t.clamp(min=0)


def _neg(t: Tensor) -> Tensor:
    return t.clamp(max=0)


def _all(t: Tensor) -> Tensor:
    return t


@dataclass(frozen=True)
class Boost:
    """w + gamma * part(w): the gamma rule's weights."""

    gamma: float
    part: Part

    def __call__(self, w: Tensor) -> Tensor:
        return w + self.gamma * self.part(w)


@dataclass(frozen=True)
class Level:
    """A constant in place of the input (one for flat and wsquare, the bounds of the box for zbox), with a sign."""

    value: float
    sign: float = 1.0

    def __call__(self, a: Tensor) -> Tensor:
        return torch.full_like(a, self.value)


@dataclass(frozen=True)
class Term:
    """One product: a part of the inputs with a part of the weights. `Level` inputs are no multiple of the input."""

    a: Part
    w: Part

    def weight(self, w: Tensor) -> Tensor:
        return self.w(w) * (self.a.sign if isinstance(self.a, Level) else 1.0)


@dataclass(frozen=True)
class Branch:
    """terms: products summed in d; bias: its part in d (None = none); share: of R; where: sign of z it serves."""

    terms: tuple[Term, ...]
    bias: Part | None = _all
    share: float = 1.0
    where: str = "all"  # all | pos | neg


@dataclass(frozen=True)
class Rule:
    """A rule: branches, the stabiliser, and how d is made (`own` sum, `relative` to absolute sums, `layer` maximum);
    of a skip, how its branches share (`magnitude`, `half`)."""

    branches: tuple[Branch, ...]
    epsilon: float = 1e-6
    divisor: str = "own"

    @property
    def plain(self) -> bool:
        """The layer as it is: its own evaluation serves, no other weights are needed."""
        return self.branches == PLAIN and self.divisor == "own"


PLAIN = (Branch((Term(_all, _all),)),)
POSITIVE = (Term(_pos, _pos), Term(_neg, _neg))
NEGATIVE = (Term(_pos, _neg), Term(_neg, _pos))


def lrp0() -> Rule:
    return Rule(PLAIN, epsilon=0.0)


def epsilon(eps: float = 1e-6) -> Rule:
    return Rule(PLAIN, epsilon=eps)


def zplus(eps: float = 1e-6) -> Rule:
    return Rule((Branch(POSITIVE, _pos),), eps)


def alpha_beta(alpha: float = 2.0, beta: float = 1.0, eps: float = 1e-6) -> Rule:
    if abs(alpha - beta - 1) > 1e-9 or beta < 0:
        raise InputError(f"rule alpha_beta({alpha}, {beta}): alpha - beta must be 1 and beta at least 0")
    return Rule((Branch(POSITIVE, _pos, alpha), Branch(NEGATIVE, _neg, -beta)), eps)


def gamma(g: float = 0.25, eps: float = 1e-6) -> Rule:
    """Where z > 0 positive contributions count (1 + g) times, where z < 0 negative ones do."""
    up, down = Boost(g, _pos), Boost(g, _neg)
    return Rule(
        (
            Branch((Term(_pos, up), Term(_neg, down)), up, where="pos"),
            Branch((Term(_pos, down), Term(_neg, up)), down, where="neg"),
        ),
        eps,
    )


def wsquare(eps: float = 1e-6) -> Rule:
    return Rule((Branch((Term(Level(1.0), torch.square),), None),), eps)


def flat(eps: float = 1e-6) -> Rule:
    return Rule((Branch((Term(Level(1.0), torch.ones_like),), None),), eps)


def zbox(low: float = 0.0, high: float = 1.0, eps: float = 1e-6) -> Rule:
    """Inputs between `low` and `high`: a w - low w+ - high w-."""
    if low > high:
        raise InputError(f"rule zbox({low}, {high}): the lower bound is above the upper one")
    return Rule((Branch((Term(_all, _all), Term(Level(low, -1.0), _pos), Term(Level(high, -1.0), _neg)), None),), eps)


def relative() -> Rule:
    """d_k = sum_j |a_j w_jk| + |b_k|: coefficients in [-1, 1]."""
    return Rule(PLAIN, 0.0, "relative")


def relative_layer() -> Rule:
    """d = max_k |z_k|, one number per sample and layer."""
    return Rule(PLAIN, 0.0, "layer")


def signed() -> Rule:
    """At a skip: u / (u + v), stabilised. What an addition does unless told otherwise."""
    return Rule(PLAIN, 1e-6)


def magnitude() -> Rule:
    """At a skip: abs(u) / (abs(u) + abs(v)) (Otsuki et al. 2024)."""
    return Rule(PLAIN, 0.0, "magnitude")


def half() -> Rule:
    """At a skip: the same to each branch."""
    return Rule(PLAIN, 0.0, "half")


RELATIVE = ("relative", "layer")  # divisors under which relevance is conserved up to a factor
SKIPS: dict[str, Callable[..., Rule]] = {rule.__name__: rule for rule in (signed, magnitude, half)}
RULES: dict[str, Callable[..., Rule]] = {
    rule.__name__: rule
    for rule in (lrp0, epsilon, gamma, zplus, alpha_beta, wsquare, flat, zbox, relative, relative_layer)
}


def parse_rule(text: str) -> Rule:
    """`gamma`, `gamma(0.1)`, `alpha_beta(2, 1)`, ... Raises `InputError` with the rules there are."""
    match = re.fullmatch(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*", text)
    known = {**RULES, **SKIPS}
    if match is None or match[1] not in known:
        raise InputError(
            f"rule {text!r} is not known; choose one of {', '.join(known)}, with numbers as in gamma(0.25)"
        )
    try:
        return known[match[1]](*(float(number) for number in (match[2] or "").split(",") if number.strip()))
    except (ValueError, TypeError):
        raise InputError(f"rule {text!r}: its numbers cannot be read; write them as in gamma(0.25)") from None


def stabiliser(eps: float, dtype: torch.dtype) -> float:
    """eps, but not below what the type can tell apart near 1, where it would vanish (half precision)."""
    return eps and max(eps, torch.finfo(dtype).eps if dtype.itemsize < 4 else 0.0)
