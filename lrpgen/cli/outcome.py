"""What a command says when it has done its work: a summary for people, one JSON object for machines, or just a path."""

from __future__ import annotations

import contextlib
import io
import json
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..progress import VOICE, Phase, say

OUTPUTS = ("output", "history", "metrics", "plots", "calibrate")  # parameters that name what a command writes
PREFIXES = ("bigwig",)  # and those that name several files by how they begin
Numbers = dict[str, Any]


@dataclass
class Outcome:
    """inputs, outputs : parameter -> path or paths. numbers : what the command's function returned; None = no summary."""

    command: str
    inputs: dict[str, Any]
    outputs: dict[str, str]
    numbers: Numbers | None = None
    seconds: float = 0.0

    def rows(self) -> list[tuple[str, str]]:
        """(what, value) for people: read, phases with their rates, numbers, written."""
        read = [(f"read: {name}", _listed(paths)) for name, paths in self.inputs.items()]
        work = [(phase.what, _worked(phase)) for phase in VOICE.phases.values() if phase.count]
        found = [(name.replace("_", " "), _shown(value)) for name, value in (self.numbers or {}).items()]
        return [*read, *work, *found, *((f"wrote: {name}", _sized(path)) for name, path in self.outputs.items())]


@contextlib.contextmanager
def telling(ctx: Any) -> Iterator[Outcome]:
    """Time the block and tell what came of it as --json, --quiet and --plain of the root say; nothing after an error."""
    outcome, start = _begun(ctx), time.monotonic()
    as_json = ctx.find_root().params.get("json", False)
    text = io.StringIO()
    with contextlib.redirect_stdout(text) if as_json else contextlib.nullcontext():
        yield outcome
    outcome.seconds = time.monotonic() - start
    if outcome.numbers is not None and not VOICE.quiet:
        (_table if VOICE.lively else _lines)(outcome)
    if as_json:
        print(_json(outcome, text.getvalue()))
    elif VOICE.quiet and outcome.outputs:
        print(next(iter(outcome.outputs.values())))


def _begun(ctx: Any) -> Outcome:
    names, at = [], ctx
    while at.parent is not None:
        names.insert(0, at.info_name)
        at = at.parent
    inputs: dict[str, Any] = {}
    outputs: dict[str, str] = {}
    for name, value in ctx.params.items():
        if isinstance(value, Path):
            (outputs if name in OUTPUTS + PREFIXES else inputs)[name] = str(value)
        elif isinstance(value, list | tuple) and value and isinstance(value[0], Path):
            inputs[name] = [str(path) for path in value]
    order = [name for name in OUTPUTS + PREFIXES if name in outputs]
    return Outcome(" ".join(names), inputs, {name: outputs[name] for name in order})


def _json(outcome: Outcome, text: str) -> str:
    """`text`: what the command would have printed itself, such as the list of `lrpgen models list`."""
    found = {**asdict(outcome), "numbers": _finite(outcome.numbers or {})}
    found["phases"] = [asdict(phase) for phase in VOICE.phases.values()]
    return json.dumps(found | ({"text": text} if text else {}), allow_nan=False)


def _finite(value: Any) -> Any:
    """JSON knows neither NaN nor infinity: they are null."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _lines(outcome: Outcome) -> None:
    say(f"{outcome.command}: done in {_time(outcome.seconds)}")
    rows = outcome.rows()
    width = max((len(what) for what, _ in rows), default=0)
    for what, value in rows:
        say(f"  {what:<{width}}  {value}")


def _table(outcome: Outcome) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2), title_justify="left", title_style="bold")
    table.title = f"{outcome.command}: done in {_time(outcome.seconds)}"
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for what, value in outcome.rows():
        table.add_row(Text(what), Text(value))  # as they are: paths may hold [brackets]
    Console(file=sys.stderr).print(table)


def _worked(phase: Phase) -> str:
    return f"{phase.count:,} {phase.unit} in {_time(phase.seconds)}, {phase.rate}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(one)}" for name, one in value.items()) or "none"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else "none" if value is None else str(value)


def _listed(paths: Any) -> str:
    if isinstance(paths, str):
        return paths
    more = f" and {len(paths) - 3:,} more" if len(paths) > 3 else ""
    return ", ".join(paths[:3]) + more


def _sized(path: str) -> str:
    """The path, and for a file how large it is."""
    place = Path(path)
    if not place.is_file():
        return path
    size, unit = float(place.stat().st_size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size >= 1000:
            size, unit = size / 1000, larger
    return f"{path} ({size:.3g} {unit})"


def _time(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s"
    hours, rest = divmod(whole, 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"
