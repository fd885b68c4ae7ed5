"""What every command does before and after its work: no output takes the place of an input; it says what came out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from typer.core import TyperCommand

from ..errors import InputError
from .outcome import OUTPUTS, telling


class Guarded(TyperCommand):
    """A command that refuses to write over its own input, or two outputs to one place.

    Its function returns None, or key numbers by name: then a summary is shown at the end.
    """

    def invoke(self, ctx: Any) -> None:
        check_places(ctx.params)
        with telling(ctx) as outcome:
            outcome.numbers = super().invoke(ctx)


def check_places(params: dict[str, Any]) -> None:
    """Raise `InputError` where a path in OUTPUTS is also the path of another parameter, or a folder that holds it."""
    owner: dict[str, str] = {}
    for name in sorted(params, key=OUTPUTS.__contains__):  # inputs first
        values = params[name] if isinstance(params[name], list | tuple) else [params[name]]
        for path in (value for value in values if isinstance(value, Path) or (name == "model" and value)):
            place = os.path.realpath(path)
            if name in OUTPUTS and place in owner:
                raise InputError(f"--{name} {path} is also given as {owner[place]}; choose another place for it")
            inside = [what for at, what in owner.items() if what not in OUTPUTS and at.startswith(place + os.sep)]
            if name == "output" and inside:
                raise InputError(f"--output {path} is a folder that holds {inside[0]}; choose another place for it")
            owner[place] = name
