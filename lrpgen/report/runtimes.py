"""What each job of the workflow took: Snakemake's benchmark files of the sample, where they are beside the results."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

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
    try:
        last = pd.read_csv(path, sep="\t").iloc[-1]
        seconds, cpu, memory = (pd.to_numeric(last.get(key), errors="coerce") for key in ("s", "cpu_time", "max_rss"))
    except (ValueError, IndexError, pd.errors.ParserError) as error:
        raise InputError(f"{path} is not a benchmark file of Snakemake ({error}); remove it") from error
    return Runtime(path.stem, _known(seconds), _known(cpu), _known(memory * 2**20))


def _known(value: float) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
