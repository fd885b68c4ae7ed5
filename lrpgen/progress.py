"""Progress for people and for logs: a bar with rate and time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

LOG_EVERY = 10.0  # seconds between two lines in a log


@dataclass
class Phase:
    """Work that had a progress bar: how many items of it this process did, and in how many seconds."""

    what: str
    unit: str
    count: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> str:
        each = self.seconds / max(self.count, 1)
        return f"{1 / each:,.0f} {self.unit}/s" if each < 1 else f"{each:.1f} s per {self.unit.removesuffix('s')}"


@dataclass
class Voice:
    """How this process talks on standard error. quiet : not at all. plain : lines, on a terminal too."""

    quiet: bool = False
    plain: bool = False
    phases: dict[str, Phase] = field(default_factory=dict)  # by what the work is called, in order

    def begin(self, *, quiet: bool = False, plain: bool = False) -> None:
        """A new command: forget the work of the last one."""
        self.quiet, self.plain, self.phases = quiet, plain, {}

    @property
    def lively(self) -> bool:
        return sys.stderr.isatty() and not (self.plain or self.quiet)


VOICE = Voice()


@contextlib.contextmanager
def progress(what: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
    """Yield `advance(n)`. `what` names the work, `unit` its items (windows, epochs)."""
    phase = VOICE.phases.setdefault(what, Phase(what, unit))
    bar = _bar if VOICE.lively else _lines
    start = time.monotonic()
    try:
        with bar(what, total, unit) as show:

            def advance(n: int) -> None:
                phase.count += n
                show(n)

            yield advance
    finally:
        phase.seconds += time.monotonic() - start


@contextlib.contextmanager
def _bar(what: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    phase, start = Phase(what, unit), time.monotonic()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total, rate="")

        def advance(n: int) -> None:
            phase.count += n
            phase.seconds = max(time.monotonic() - start, 1e-9)
            bar.update(task, advance=n, rate=phase.rate)

        yield advance


@contextlib.contextmanager
def _lines(what: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
    start = last = time.monotonic()
    done = 0

    def advance(n: int) -> None:
        nonlocal done, last
        done += n
        now = time.monotonic()
        if now - last >= LOG_EVERY or done >= total:
            last = now
            rate = done / max(now - start, 1e-9)
            left = (total - done) / rate
            say(f"{what}: {done:,}/{total:,} {unit}, {rate:,.1f} {unit}/s, {left:.0f} s left")

    yield advance


def say(line: str) -> None:
    """One plain line for the person at the terminal or the log."""
    if not VOICE.quiet:
        print(line, file=sys.stderr, flush=True)
