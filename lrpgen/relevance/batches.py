"""How many windows are explained at a time: as told, or what the GPU's memory holds; fewer when memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from ..device import free_memory, out_of_memory, peak_memory
from ..errors import InputError
from ..progress import say
from .store import Batch
from .work import Asked, Work

ON_CPU = 256  # larger batches gain nothing there
MOST = 8192
PROBES = (8, 32)  # windows whose memory is measured
SHARE = 0.8  # of the free memory that may be taken: what is measured is not all that is taken


class Batches:
    """Explains what it is given, `size` windows at a time; halves `size` whenever memory runs out.

    Each window's result is its own: where a batch is cut changes it by rounding at most.
    """

    def __init__(self, explain: Callable[[Asked], Batch], size: int) -> None:
        self.explain, self.size = explain, size

    def __call__(self, asked: Asked) -> Iterator[Batch]:
        """Raises `InputError` when memory does not hold a single window."""
        at = 0
        while at < len(asked.numbers):
            part = asked.part(at, at + self.size)
            try:
                batch = self.explain(part)
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
                batch = None
            if batch is None:  # after the handler: the error held on to what the batch had taken
                self._halve(len(part.numbers))
                continue
            yield batch
            at += self.size

    def _halve(self, failed: int) -> None:
        if failed == 1:
            raise InputError(
                "memory does not hold even one window at a time; use a machine or GPU with more of it, fewer members, "
                "or fewer shuffles as --reference"
            )
        self.size = failed // 2
        say(f"memory does not hold {failed:,} windows at a time; going on with {self.size:,}")
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def batch_size(work: Work, explain: Callable[[Asked], Batch], device: torch.device) -> int:
    """Windows of `work` that fit at a time: on a GPU from its free memory and what few windows take, else `ON_CPU`."""
    if device.type != "cuda" or len(work.rows) < max(PROBES):
        return ON_CPU
    try:
        explain(work.read(work.rows[: max(PROBES)]))  # what libraries take once is taken now
        taken = [peak_memory(device, lambda n=n: explain(work.read(work.rows[:n]))) for n in PROBES]
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        return min(PROBES)
    size = that_fits(taken[0], taken[1], free_memory(device))
    say(f"explaining {size:,} windows at a time, {free_memory(device) / 2**30:.1f} GiB are free on {device}")
    return size


def that_fits(few: int, many: int, free: int) -> int:
    """Windows for `free` bytes, when PROBES windows took `few` and `many` bytes: a constant and so much each. Ours."""
    each = (many - few) / (PROBES[1] - PROBES[0])
    if each <= 0:
        return MOST
    constant = max(0.0, few - each * PROBES[0])
    return max(1, min(MOST, int((SHARE * free - constant) / each)))
