"""Which rule a layer gets: ordered (what, rule) entries, the user's first, the first match wins.

A composite is written as text, the same in Python, on the command line and in a configuration: a name, then overrides.
`epsilon_plus`, `epsilon_plus,conv1*=flat`, `zplus,op:linear=epsilon(0.01),depth:0=zbox(0,1)`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..errors import InputError
from .graph import Node
from .ops import CONVOLUTIONS
from .rules import RELATIVE, RULES, SKIPS, Rule, parse_rule

ADDITIONS = ("add", "sub", "rsub")
# (what, rule). What: `first` (reads the network's input), `conv`, `any`, `op:NAME`, `depth:K`, or a layer name pattern.
Entries = tuple[tuple[str, str], ...]

COMPOSITES: dict[str, Entries] = {
    **{name: (("any", name),) for name in RULES},
    "epsilon_plus": (("conv", "zplus"), ("any", "epsilon")),
    "epsilon_plus_flat": (("first", "flat"), ("conv", "zplus"), ("any", "epsilon")),
    "epsilon_gamma_box": (("first", "zbox"), ("conv", "gamma"), ("any", "epsilon")),
    "alpha2_beta1": (("conv", "alpha_beta(2,1)"), ("any", "epsilon")),
    "alpha2_beta1_flat": (("first", "flat"), ("conv", "alpha_beta(2,1)"), ("any", "epsilon")),
}


@dataclass(frozen=True)
class Composite:
    """Entries and the rules they name, checked once."""

    text: str
    entries: Entries
    rules: dict[str, Rule]

    def rule_for(self, node: Node, *, first: bool, depth: int) -> tuple[str, Rule]:
        """Name and rule of a linear node. first: it reads the network's input; depth: its number among the layers with
        weights, counted from the input (-1 for nodes without weights, which no `depth:` matches)."""
        name = next(rule for what, rule in self.entries if _matches(what, node, first, depth))
        if name in SKIPS and node.op not in ADDITIONS:
            raise InputError(f"rule {name} is for additions, {node.layer} is a {node.op}; write op:add={name}")
        return name, self.rules[name]

    @property
    def relative(self) -> bool:
        return any(rule.divisor in RELATIVE for rule in self.rules.values())


def composite(text: str) -> Composite:
    """Read a composite. Raises `InputError` with the names there are."""
    name, *overrides = re.split(r",(?![^()]*\))", text)
    name = name.strip()
    if name not in COMPOSITES:
        try:
            parse_rule(name)
        except InputError:
            if name.partition("(")[0].strip() in RULES:
                raise  # a rule with numbers that do not fit
            known = ", ".join(COMPOSITES)
            raise InputError(f"composite {name!r} is not known; choose one of {known}") from None
    entries: list[tuple[str, str]] = []
    for override in overrides:
        what, found, rule = override.partition("=")
        if not found:
            raise InputError(f"composite override {override!r} is not of the form LAYER=RULE, for example conv1*=flat")
        entries.append((what.strip(), rule.strip()))
    entries += COMPOSITES.get(name, (("any", name),))
    return Composite(text, tuple(entries), {rule: parse_rule(rule) for _, rule in entries})


def _matches(what: str, node: Node, first: bool, depth: int) -> bool:
    if what == "any":
        return True
    if what == "first":
        return first
    if what == "conv":
        return node.op in CONVOLUTIONS
    if what.startswith("op:"):
        return node.op == what[3:]
    if what.startswith("depth:"):
        return what[6:] == str(depth)
    return fnmatchcase(node.layer, what)
