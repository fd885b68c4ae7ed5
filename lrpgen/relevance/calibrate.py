"""How fast a job explains on this machine, and into how many shards the work is best divided."""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections import deque
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..files import check_output, write_json
from ..models import Card
from ..progress import say
from .batches import Batches, batch_size
from .feeding import fed
from .gathering import join
from .job import Job
from .run import Explainer, attributes
from .store import create
from .work import Work, of_tiles, of_windows

MEASURED = 20.0  # seconds
MOST_SHARDS = 1000  # schedulers and command lines take no more; jobs then last longer


def calibrate_windows(job: Job, windows: Path, labels: list[str] | None, minutes: float) -> dict[str, Any]:
    """Explain some of the windows that `explain_windows` would and write `job.output`, a JSON file; returns what it says.

    minutes : how long a job should last. Errors as in `run.explain_windows`.
    """
    card = job.card()
    with of_windows(job, card, windows, labels) as work:
        return _calibrate(job, card, work, minutes)


def calibrate_tiles(job: Job, genome: Path, stride: int, minutes: float) -> dict[str, Any]:
    """The same for tiles of a genome."""
    card = job.card()
    with of_tiles(job, card, genome, stride) as work:
        return _calibrate(job, card, work, minutes)


def shards_needed(windows: int, windows_per_second: float, start_seconds: float, minutes: float) -> int:
    """Jobs of about `minutes` each, of which a job spends `start_seconds` before it explains. Ours."""
    seconds = 60 * minutes - start_seconds
    if seconds <= 0:
        raise InputError(f"a job needs {start_seconds:.0f} s to start; give it more than {minutes:g} minutes")
    return max(1, min(math.ceil(windows / (windows_per_second * seconds)), windows, MOST_SHARDS))


def _calibrate(job: Job, card: Card, work: Work, minutes: float) -> dict[str, Any]:
    check_output(job.output)
    begun = time.monotonic()
    explainer = Explainer(job, card, work.whole)
    batches = Batches(explainer, job.batch_size or batch_size(work, explainer, explainer.place))
    deque(batches(work.read(work.rows[: batches.size])), maxlen=0)  # the first batch warms up
    started = time.monotonic()
    count = _timed(job, card, work, explainer, batches)
    rate, start = count / (time.monotonic() - started), started - begun
    found = {
        "windows": work.total,
        "windows_per_second": round(rate, 2),
        "start_seconds": round(start, 2),
        "measured_windows": count,
        "minutes_per_job": minutes,
        "shards": shards_needed(work.total, rate, start, minutes),
        "threads": job.threads or len(os.sched_getaffinity(0)),
        "batch_size": batches.size,
        "device": attributes(job, card, work)["device"],
    }
    write_json(job.output, found)
    say(f"{rate:,.0f} windows/s; {work.total:,} windows, {minutes:g} minutes per job: {found['shards']:,} shards")
    return found


def _timed(job: Job, card: Card, work: Work, explainer: Explainer, batches: Batches) -> int:
    """Do what a job does with as many windows as fit in the time; returns how many."""
    attrs = attributes(job, card, work)
    end = time.monotonic() + MEASURED
    with tempfile.TemporaryDirectory(dir=job.output.parent, prefix=".calibrate.") as folder:
        block = Path(folder) / "block.h5"
        parts = np.split(work.rows, range(batches.size, len(work.rows), batches.size))
        with create(block, attrs) as writer, closing(fed(work.read, parts, explainer.place.type == "cuda")) as feed:
            for batch in chain.from_iterable(map(batches, feed)):
                writer.append(batch)
                if time.monotonic() > end:
                    break
            writer.layers(explainer.layers)
        return join([block], Path(folder) / "shard.h5", attrs)
