"""Expressions over counts of motifs: `A and (B or C >= 2) and not N`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Mapping

import numpy as np

from ..errors import InputError

Counts = Mapping[str, np.ndarray]
COMPARISONS: dict[type, Callable[..., np.ndarray]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip


def read_logic(text: str, names: Collection[str], place: str) -> Callable[[Counts], np.ndarray]:
    """A function of counts (name -> (N,)) that gives bool (N,). A name alone is true where its count is above 0.

    `and`, `or`, `not`, parentheses and comparisons of a name with a whole number, as in Python. Raises `InputError`
    with `place` for anything else and for a name that is not in `names`.
    """
    try:
        return _read(ast.parse(text.strip(), mode="eval").body, names)
    except SyntaxError:
        wrong = f"{text!r} cannot be read"
    except ValueError as error:
        wrong = str(error)
    raise InputError(f"{place}: {wrong}; write names of motifs and pairs with and, or, not, or A >= 2")


def _read(node: ast.expr, names: Collection[str]) -> Callable[[Counts], np.ndarray]:
    match node:
        case ast.BoolOp(op=op, values=values):
            parts = [_read(value, names) for value in values]
            join = np.logical_and if isinstance(op, ast.And) else np.logical_or
            return lambda counts: join.reduce([part(counts) for part in parts])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            part = _read(operand, names)
            return lambda counts: ~part(counts)
        case ast.Compare(left=ast.Name(id=name), ops=[op], comparators=[ast.Constant(value=int(number))]) if (
            type(op) in COMPARISONS
        ):
            compare, count = COMPARISONS[type(op)], _name(name, names)
            return lambda counts: compare(counts[count], number)
        case ast.Name(id=name):
            count = _name(name, names)
            return lambda counts: counts[count] > 0
    raise ValueError(f"{ast.unparse(node)!r} is no part of such an expression")


def _name(name: str, names: Collection[str]) -> str:
    if name not in names:
        raise ValueError(f"there is no {name!r} among {', '.join(names)}")
    return name
