"""The names of methods that are compared. `attribution` runs them.

A method is written NAME, NAME:ARGUMENTS, and either with @REFERENCE:

    gradient   gradient*input   integrated_gradients   deeplift   deepshap   ism
    epsilon   gamma(0.1)   epsilon_plus,conv1*=flat           any composite (`lrp.composites`)
    sglrp   sglrp:epsilon_plus                                epsilon unless a composite is given
    plrp-lambda:0.25:epsilon_plus   plrp-matrix:0.5           share of the mass dropped, composite
    plrp-input:0.25:epsilon   plrp-linear:0.5:epsilon         input pruned too; share growing with depth
    plrp-adaptive:0.1:epsilon                                 largest relative change per layer, composite
    ...@uniform   ...@composition   ...@10                    reference; a number is that of dinucleotide shuffles

Without @ the reference is zeros, and twenty shuffles for deepshap. Shuffles depend on the seed and on a sequence's place
alone, so that all methods see the same ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import InputError
from ..lrp.composites import COMPOSITES
from ..lrp.composites import composite as read_composite
from ..lrp.prune import Prune
from .peers import PEERS

UNIT = "gradient*input"  # whose time is the unit of cost
SHUFFLES = 20  # of deepshap, as is usual for it
MOST = 0.9  # share that adaptive pruning may reach: the largest of the comparison
SHARES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9)
REFERENCES = ("", "@uniform", "@composition", "@10")
COMPARED_RULES = ("lrp0", "epsilon", "gamma", "zplus", "alpha2_beta1", "epsilon_plus", "relative", "relative_layer")
REFERRED = ("integrated_gradients", "deeplift")  # peers that take a reference
WITHOUT_REFERENCE = ("gradient", UNIT, "ism")

# What sets apart the variants of plrp-lambda.
VARIANTS: dict[str, dict[str, Any]] = {
    "plrp-matrix": {"redistribute": "matrix"},
    "plrp-input": {"prune_input": True},
    "plrp-linear": {"schedule": "linear"},
}
# Name -> how. Any other composite of the engine is a method too.
METHODS: dict[str, str] = {
    "gradient": "gradient of the output by the input",
    "gradient*input": "gradient times input",
    "integrated_gradients": "captum, steps doubled until the completeness error is below 1 %",
    "deeplift": "rescale rule, one reference (DNA tangermeme, images captum)",
    "deepshap": "DeepLIFT, mean over dinucleotide shuffles (DNA only)",
    "ism": "in-silico mutagenesis by tangermeme (DNA only)",
    **{rule: f"LRP, composite {rule}" for rule in COMPARED_RULES},
    "sglrp": "LRP from the softmax gradient, SGLRP[:COMPOSITE]",
    "plrp-lambda": "pruned LRP, what is kept scaled, :SHARE[:COMPOSITE]",
    "plrp-matrix": "pruned LRP, propagated anew, :SHARE[:lrp0 or epsilon]",
    "plrp-input": "as plrp-lambda, the network's input pruned too",
    "plrp-linear": "as plrp-lambda, the share growing linearly from the first pruned layer to the last",
    "plrp-adaptive": "pruned LRP, shares by layer and input, :CHANGE[:COMPOSITE]",
}


class Method(NamedTuple):
    """A method as read. composite is empty for those that are not LRP; reference None = zeros."""

    text: str
    name: str
    composite: str = ""
    prune: Prune | None = None
    reference: str | int | None = None

    @property
    def dna_only(self) -> bool:
        """In-silico mutagenesis, and what takes shuffles of sequences as its reference."""
        return self.name in ("ism", "deepshap") or isinstance(self.reference, int)

    @property
    def base(self) -> str | None:
        """Of pruned LRP the method without pruning."""
        after = "" if self.reference is None else f"@{self.reference}"
        return f"{self.composite}{after}" if self.prune else None


def compared(
    rules: Sequence[str] = ("epsilon", "epsilon_plus"),
    shares: Sequence[float] = SHARES,
    references: Sequence[str] = REFERENCES,
) -> list[str]:
    """The methods of a comparison, written out: PLRP with each of `rules` and `shares`, and all that take one with each of
    `references`."""
    lrp = [*COMPARED_RULES, "sglrp"]
    lrp += [f"plrp-lambda:{share:g}:{rule}" for rule in rules for share in shares]
    lrp += [f"plrp-matrix:{share:g}:epsilon" for share in shares]
    lrp += [f"plrp-{how}:{share:g}:{rule}" for how in ("input", "linear") for rule in rules for share in (0.25, 0.5)]
    lrp += [f"plrp-adaptive:0.1:{rule}" for rule in rules]
    every = [method + reference for method in (*REFERRED, *lrp) for reference in references]
    return list(dict.fromkeys([*PEERS, *every]))


def usual() -> list[str]:
    """The methods that `lrpgen evaluate` compares unless told: the peers, rules, references, p, and ways to prune."""
    lrp = ["epsilon", "gamma", "zplus", "alpha2_beta1", "epsilon_plus", "relative"]
    lrp += ["epsilon@uniform", "epsilon@10", "epsilon_plus@uniform"]
    lrp += [f"plrp-lambda:{share:g}:epsilon" for share in SHARES]
    lrp += [f"plrp-lambda:{share:g}:{rule}" for rule in ("epsilon_plus", "epsilon@uniform") for share in (0.1, 0.25)]
    return [*PEERS, *lrp, "plrp-matrix:0.25:epsilon", "plrp-input:0.25:epsilon", "plrp-adaptive:0.1:epsilon"]


def read_method(text: str) -> Method:
    """Read a method's name. Raises `InputError` with the names there are."""
    body, at, after = text.strip().partition("@")
    name, _, rest = body.partition(":")
    if name not in PEERS and name not in METHODS:
        name = re.split(r"\W", body)[0]
    reference = _read_reference(text, after) if at else SHUFFLES if name == "deepshap" else None
    if name in PEERS:
        if rest:
            raise InputError(f"method {text!r}: {name} takes no arguments; write {name}")
        if at and name in WITHOUT_REFERENCE:
            raise InputError(f"method {text!r}: {name} has no reference; write {name}")
        if name == "deepshap" and not isinstance(reference, int):
            raise InputError(
                f"method {text!r}: deepshap averages over shuffles; write deepshap@20, or deeplift@{after}"
            )
        return Method(text, name, reference=reference)
    prune, rule = None, body
    if name.startswith("plrp-"):
        number, _, rule = rest.partition(":")
        prune = _read_prune(text, name, number)
    elif name == "sglrp":
        rule = rest
    elif name not in COMPOSITES:
        raise InputError(f"method {text!r} is not known; choose one of {', '.join(METHODS)}")
    rules = read_composite(rule or "epsilon").rules
    if name == "plrp-matrix" and not all(found.plain for found in rules.values()):
        raise InputError(f"method {text!r}: plrp-matrix is defined for lrp0 and epsilon; use plrp-lambda with {rule}")
    return Method(text, name, rule or "epsilon", prune, reference)


def _read_reference(text: str, reference: str) -> str | int:
    if reference in ("uniform", "composition"):
        return reference
    if reference.isdecimal() and int(reference) > 0:
        return int(reference)
    raise InputError(f"method {text!r}: reference {reference!r} is not known; write @uniform, @composition or a number")


def _read_prune(text: str, name: str, number: str) -> Prune:
    try:
        value = float(number)
    except ValueError:
        raise InputError(f"method {text!r} lacks its number; write it as in {name}:0.25:epsilon") from None
    if name == "plrp-adaptive":
        return Prune(positive=MOST, loss=value)
    options = {
        "plrp-matrix": {"redistribute": "matrix"},
        "plrp-input": {"prune_input": True},
        "plrp-linear": {"schedule": "linear"},
    }
    return Prune(positive=value, **options.get(name, {}))
