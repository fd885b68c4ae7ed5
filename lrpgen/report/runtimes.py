"""What each job of the workflow took: Snakemake's benchmark files of the sample, where they are beside the results."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError


@dataclass(frozen=True)
class Runtime:
    """seconds on the clock and of processors, peak resident memory in bytes; None where it was too short to measure."""

    job: str
    seconds: float | None
    cpu: float | None
    memory: float | None


def read_runtimes(folder: Path) -> list[Runtime]:
    """Jobs from ../../benchmark_runs/SAMPLE/*.tsv of a results folder, the longest first; the report's own is left out.

    Of a job that ran several times the last line counts. Empty when there are none.
    """
    here = folder.resolve()
    found = [
        _one(path)
        for path in sorted((here.parent.parent / "benchmark_runs" / here.name).glob("*.tsv"))
        if path.stem != "report"
    ]
    return sorted(found, key=lambda one: -(one.seconds or 0))


def _one(path: Path) -> Runtime:
    with open(path, encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    if not rows or "s" not in rows[-1]:
        raise InputError(f"{path} is not a benchmark file of Snakemake; remove it or run its job again")
    seconds, cpu, megabytes = (_known(rows[-1].get(key)) for key in ("s", "cpu_time", "max_rss"))
    return Runtime(path.stem, seconds, cpu, None if megabytes is None else megabytes * 2**20)


def _known(text: str | None) -> float | None:
    """Snakemake writes "-" or "NA" for what it could not measure."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
