"""What an explanation costs in time and memory, beside other methods and libraries: `make bench-speed`.

Writes benchmarks/speed.json, and from it the tables and the figure of docs/performance.md. Each row is a network, a size
and a batch, in a process of its own: all of lrpgen's methods once in every round, so that what else the machine does falls
on all of them, then the other libraries'. Of each the median over rounds of its time as a multiple of gradient * input's in
the same round (one forward, one backward to the input), with the smallest and the largest. Peak memory: how far it rises
above what the process had before, one process for each method. `--quick` prints, and writes nothing.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import torch
from speed_methods import BASE, OWN, PEERS, PIECES, SLOW, Method, method
from speed_nets import inputs, network
from speed_page import write

from lrpgen.device import peak_memory
from lrpgen.files import write_json
from lrpgen.provenance import versions

ROOT = Path(__file__).parents[1]
Figures = dict[str, Any]


class Case(NamedTuple):
    """A row. size: bp, or pixels of one side. peers: how often other libraries' methods run, and the slow ones among them."""

    net: str
    size: int
    batch: int
    peers: tuple[int, int] = (0, 0)


QUICK = (Case("basset", 1000, 1), Case("basset", 1000, 8, (2, 0)), Case("bpnet", 2114, 1), Case("resnet18", 64, 2))
FULL = (
    Case("basset", 1000, 64, (3, 0)),
    Case("basset", 1000, 1, (3, 0)),
    Case("bpnet", 2114, 16, (3, 0)),
    Case("basset", 1000, 8, (3, 1)),
    Case("resnet18", 224, 4, (3, 0)),
    Case("deepac-rapid", 250, 64, (3, 0)),
    Case("basset", 250, 64),
    Case("basset", 4000, 16),
    Case("bpnet", 10_000, 4),
    Case("bpnet", 100_000, 1),
    Case("resnet18", 224, 1, (3, 0)),
    Case("vgg16", 224, 1, (3, 0)),
    Case("basset", 1000, 512),
)


def in_a_process(step: Callable[..., Any], *given: Any) -> Any:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(step, *given).result()


def set_up(case: Case, threads: int, names: list[str]) -> tuple[dict[str, Method], torch.Tensor, dict[str, str]]:
    """Methods, input, and what each method that cannot explain this network says."""
    torch.set_num_threads(threads)
    warnings.simplefilter("ignore")
    x, ready, refused = inputs(*case[:3]), {}, {}
    for name in names:
        net = network(case.net, case.size)  # of its own: some libraries change what they explain
        try:
            ready[name] = method(name, net, x[:1], "cpu")
            ready[name](x[:1])
        except Exception as error:  # other libraries raise all kinds
            if name in (BASE, PIECES) or name in OWN:
                raise
            refused[name] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    return {name: run for name, run in ready.items() if name not in refused}, x, refused


def timed(case: Case, threads: int, rounds: int, limit: float) -> Figures:
    """Ratios of lrpgen's methods, then of other libraries' where the case has them, each beside gradient * input."""
    found = rounds_of(case, threads, dict.fromkeys((BASE, PIECES, *OWN), rounds), limit)
    peers = {name: times for group, times in zip((PEERS, SLOW), case.peers, strict=True) for name in group if times}
    if peers:
        found = {**rounds_of(case, threads, {BASE: max(peers.values()), **peers}, limit), **found}
    return found


def rounds_of(case: Case, threads: int, often: dict[str, int], limit: float) -> Figures:
    """Seconds of every method in every round, each round beginning with another one; the first round warms up, and none
    begins after `limit` seconds but for three."""
    methods, x, refused = set_up(case, threads, list(often))
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    begin = time.perf_counter()
    for number in range(max(often.values()) + 1):
        if number > 3 and time.perf_counter() - begin > limit:
            break
        names = list(methods)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            if number > often[name] or (name in SLOW and number == 0):
                continue
            start = time.perf_counter()
            methods[name](x)
            if number:
                seconds[name].append(time.perf_counter() - start)
        gc.collect()
    found: Figures = {name: summary(each, seconds[BASE]) for name, each in seconds.items()}
    return found | {name: {"refused": why} for name, why in refused.items()}


def summary(seconds: list[float], base: list[float]) -> Figures:
    ratios = [own / other for own, other in zip(seconds, base, strict=False)]
    middle, ends = statistics.median(ratios), (min(ratios), max(ratios))
    found = {"seconds": round(statistics.median(seconds), 5), "ratio": round(middle, 3)}
    return found | {"smallest": round(ends[0], 3), "largest": round(ends[1], 3), "rounds": len(ratios)}


def memory(case: Case, name: str, threads: int) -> float:
    """MB by which memory rises in one explanation, what compiles and loads being done before."""
    methods, x, _ = set_up(case, threads, [name])
    return round(peak_memory(torch.device("cpu"), lambda: methods[name](x)) / 2**20, 1)


def row(case: Case, threads: int, rounds: int, limit: float) -> Figures:
    methods = in_a_process(timed, case, threads, rounds, limit)
    peaks = {name: in_a_process(memory, case, name, threads) for name in (BASE, *OWN)}
    for name, peak in peaks.items():
        methods[name] |= {"peak_mb": peak, "peak_ratio": round(peak / max(peaks[BASE], 1.0), 2)}
    return {"net": case.net, "size": case.size, "batch": case.batch, "methods": methods}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small networks and batches, under two minutes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=25, help="at most")
    parser.add_argument(
        "--seconds", type=float, default=40.0, help="after so many no round of a row begins; three are made"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "speed.json")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md")
    arguments = parser.parse_args()
    machine = f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, {arguments.threads} threads, no GPU used"
    result: Figures = {"machine": machine, "versions": versions(), "rows": []}
    for case in QUICK if arguments.quick else FULL:
        result["rows"].append(
            row(case, arguments.threads, arguments.rounds, 5 if arguments.quick else arguments.seconds)
        )
        print(result["rows"][-1], flush=True)
        if not arguments.quick:
            write_json(arguments.output, result)
            write(result, arguments.page, arguments.page.parent / "figures" / "speed.svg")


if __name__ == "__main__":
    main()
