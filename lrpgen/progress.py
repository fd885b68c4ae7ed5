"""Progress for people and for logs: a bar with rate and time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

LOG_EVERY = 10.0  # seconds between two lines in a log


@contextlib.contextmanager
def progress(what: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
    """Yield `advance(n)`. `what` names the work, `unit` its items (windows, epochs)."""
    bar = _bar if sys.stderr.isatty() else _lines
    with bar(what, total, unit) as advance:
        yield advance


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
    start = time.monotonic()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total, rate="")

        def advance(n: int) -> None:
            done = bar.tasks[0].completed + n
            rate = done / max(time.monotonic() - start, 1e-9)
            bar.update(task, advance=n, rate=f"{rate:,.0f} {unit}/s" if rate >= 1 else f"{1 / rate:.1f} s per {unit}")

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
    print(line, file=sys.stderr, flush=True)
