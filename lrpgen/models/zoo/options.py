"""Options of an architecture of the zoo, checked against the types in its signature."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any, get_args, get_type_hints

from ...errors import InputError


def check_options(name: str, maker: Callable[..., Any], kwargs: dict[str, Any]) -> None:
    """Raise `InputError` for an option whose value is of another kind than the architecture takes.

    int: a whole number of at least 1, or 0 where None is allowed too (trimming). float: a share, 0 <= x < 1. Names the
    architecture does not take are left to its constructor.
    """
    hints = get_type_hints(maker.__init__ if inspect.isclass(maker) else maker)
    for key, value in kwargs.items():
        if key in hints and (wanted := _wanted(hints[key], value)):
            raise InputError(f"architecture {name}: {key}={value!r} must be {wanted}")


def _wanted(hint: Any, value: Any) -> str:
    """What an option of type `hint` must be where `value` is not; "" where it is."""
    kinds = [kind for kind in get_args(hint) if kind is not type(None)] if type(None) in get_args(hint) else [hint]
    optional = kinds[0] is not hint
    if value is None and optional:
        return ""
    if kinds[0] is int:
        least = 0 if optional else 1
        return "" if _whole(value, least) else f"a whole number of at least {least}"
    if kinds[0] is float:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1
        return "" if fits else "a number from 0 to below 1"
    if kinds[0] is bool:
        return "" if isinstance(value, bool) else "true or false"
    if kinds[0] is str:
        return "" if isinstance(value, str) else "a word"
    if kinds[0] == Sequence[int]:
        fits = isinstance(value, list | tuple) and all(_whole(one, 1) for one in value)
        return "" if fits else "whole numbers of at least 1 with commas between, one for each layer"
    return ""


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least
