"""Which rule a linear node gets: a composite is an ordered list of (kind of layer, rule), the first match wins."""

from __future__ import annotations

from ..errors import InputError
from .capture import Node
from .rules import LINEAR, RULES, Denominator

Composite = tuple[tuple[frozenset[str], str], ...]

# A rule's own name is a composite that uses it in every linear layer.
COMPOSITES: dict[str, Composite] = {name: ((frozenset(LINEAR), name),) for name in RULES}


def composite(name: str) -> Composite:
    """Look a composite up. Raises `InputError` with the names there are."""
    if name not in COMPOSITES:
        raise InputError(f"composite {name!r} is not known; choose one of {', '.join(sorted(COMPOSITES))}")
    return COMPOSITES[name]


def rule_for(node: Node, chosen: Composite) -> tuple[str, Denominator]:
    name = next(name for ops, name in chosen if node.op in ops)
    return name, RULES[name]
