"""What an explanation costs on a GPU, and whether it is right there: `benchmarks/gpu.sh`, under 8 minutes.

Writes benchmarks/gpu.json: relevance on the GPU against the CPU by rule, in float32, TF32 and with bfloat16 products; windows
per second by network, format and method, and their ratio to gradient * input; the share of the time in which the GPU
computes; a job from FASTA to shard on disk against the same work without disk; what the human genome would take.
`--device cpu --small` runs all of it on a machine without a GPU.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from scaling import random_genome
from speed_methods import BASE, OWN, PEERS, method
from speed_nets import inputs, network

from lrpgen.files import write_json
from lrpgen.lrp import Graph, Prune, capture, explain
from lrpgen.lrp.prune import prune_factors
from lrpgen.models import Card, save_model
from lrpgen.models.zoo import build
from lrpgen.provenance import versions
from lrpgen.relevance.precision import AMPERE, computing, prepared
from lrpgen.relevance.run import Job, explain_tiles

ROOT = Path(__file__).parents[1]
HUMAN, STRIDE, WIDTH = 3.1e9, 500, 1000
RULES = ("lrp0", "epsilon", "epsilon_plus", "alpha2_beta1", "epsilon_gamma_box", "epsilon_plus_flat", "relative")
METHODS = (BASE, "epsilon", "epsilon_plus", "PLRP-lambda 0.25", "PLRP-lambda 0.9", "epsilon, uniform reference")
# (network, bp or pixels, batch); the small ones for a machine without a GPU
LARGE = (
    ("basset", 1000, 2048),
    ("deepac-rapid", 250, 2048),
    ("bpnet", 2114, 512),
    ("resnet18", 224, 256),
    ("vgg16", 224, 64),
)
SMALL = (("basset", 250, 4), ("resnet18", 32, 2))
Figures = dict[str, Any]


def formats(device: torch.device) -> tuple[str, ...]:
    new = device.type == "cuda" and torch.cuda.get_device_capability(device) >= AMPERE
    return ("float32", "tf32", "bfloat16") if new else ("float32", "bfloat16")


def finished(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds(run: Callable[[], Any], device: torch.device, repeats: int) -> float:
    times = []
    for number in range(repeats + 1):  # the first warms up
        finished(device)
        start = time.perf_counter()
        run()
        finished(device)
        if number:
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def differences(graph: Graph, x: torch.Tensor, device: torch.device) -> list[Figures]:
    """Relative L1 distance of each window's relevance from the CPU's in float32, by rule and format."""
    rows = []
    runs: list[tuple[str, Figures]] = [(rule, {"composite": rule}) for rule in RULES]
    runs += [(name, OWN[name]) for name in OWN if name not in RULES]
    for name, how in runs:
        exact = explain(graph, x, target=0, device="cpu", **how).relevance.flatten(1)
        for kind in formats(device):
            if kind == "bfloat16" and "prune" in how:
                continue  # refused by jobs: rounding decides what is dropped
            with computing(kind, device):
                found = explain(prepared(graph, kind), x, target=0, device=str(device), **how).relevance
            error = (found.cpu().flatten(1) - exact).abs().sum(1) / exact.abs().sum(1)
            rows.append({"method": name, "format": kind, "median": float(error.median()), "max": float(error.max())})
    return rows


def selection(device: torch.device) -> int:
    """Entries of a million that this device drops and a full sort on the CPU does not, or the other way; ties included."""
    r = torch.randn(10, 100_000, generator=torch.Generator().manual_seed(1)).mul(1000).round()
    ours, _ = prune_factors(r.to(device), 0.25, 0.125)
    sorted_, _ = prune_factors(r, 0.25, 0.125, loss=float("inf"))
    return int(((ours.cpu() == 0) != (sorted_ == 0)).sum())


def rates(case: tuple[str, int, int], device: torch.device, repeats: int) -> list[Figures]:
    """Windows per second of each format and method, and the ratio to gradient * input in the same format."""
    name, size, batch = case
    net, x = network(name, size).to(device), inputs(*case).to(device)
    rows = []
    for kind in formats(device):
        graph = prepared(capture(net, x[:1]), kind)
        base = None
        for what in (*METHODS, *PEERS) if kind == "float32" else METHODS:
            if kind == "bfloat16" and ("prune" in OWN.get(what, {}) or what == BASE):
                continue  # gradient * input in bfloat16 would be another model; ratios are to float32
            try:
                run = method(what, net, x[:1], str(device)) if what not in OWN else _own(graph, what, device)
                with computing(kind, device):
                    took = seconds(lambda run=run: run(x), device, repeats)
            except Exception as error:
                if what not in PEERS:
                    raise
                rows.append({"format": kind, "method": what, "refused": str(error).splitlines()[0][:200]})
                net = network(name, size).to(device)  # some libraries leave theirs behind
                continue
            base = took if what == BASE else base
            row = {"format": kind, "method": what, "per_second": round(batch / took, 1)}
            rows.append(row | ({"throughput_ratio": round(base / took, 3)} if base else {}))
    busy = share_busy(_own(capture(net, x[:1]), "PLRP-lambda 0.25", device), x, device)
    return [{"net": name, "size": size, "batch": batch, **row} for row in rows] + [
        {"net": name, "size": size, "batch": batch, "method": "PLRP-lambda 0.25", "share_busy": busy}
    ]


def _own(graph: Graph, name: str, device: torch.device) -> Callable[[torch.Tensor], Any]:
    return lambda given: explain(graph, given, target=0, device=str(device), **OWN[name])


def share_busy(run: Callable[[torch.Tensor], Any], x: torch.Tensor, device: torch.device) -> float | None:
    """Share of an explanation's time in which kernels run: what is missing are gaps between launches and waits."""
    if device.type != "cuda":
        return None
    from torch.profiler import ProfilerActivity, profile

    took = seconds(lambda: run(x), device, 3)
    with profile(activities=[ProfilerActivity.CUDA]) as found:
        run(x)
        finished(device)
    kernels = sum(event.self_device_time_total for event in found.key_averages())
    return round(kernels / 1e6 / took, 3)


def from_disk_to_disk(device: torch.device, bases: int, batch: int | None) -> Figures:
    """Windows per second of a whole job, and of its network on windows that wait on the device."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        torch.manual_seed(1)
        net = build("basset", classes=3, width=WIDTH).eval()
        options = {"classes": 3, "width": WIDTH}
        save_model(folder / "m.safetensors", net, Card("basset", options, ["a", "b", "c"], WIDTH, 0, 0))
        genome = random_genome(folder / "g.fa", bases)
        job = Job(
            folder / "m.safetensors", folder / "s.h5", "a", prune=Prune(0.25), batch_size=batch, device=str(device)
        )
        start = time.perf_counter()
        windows = explain_tiles(job, genome, STRIDE)
        whole = windows / (time.perf_counter() - start)
    x = inputs("basset", WIDTH, batch or 1024).to(device)
    run = _own(capture(net.to(device), x[:1]), "PLRP-lambda 0.25", device)
    took = seconds(lambda: run(x), device, 3)
    alone = len(x) / took
    found = {"windows": windows, "per_second": round(whole, 1), "compute_only_per_second": round(alone, 1)}
    hours = 2 * HUMAN / STRIDE / whole / 3600  # both strands
    return found | {"share_of_compute_only": round(whole / alone, 3), "human_genome_hours": float(f"{hours:.3g}")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="sizes that a CPU can bear")
    parser.add_argument("--minutes", type=float, default=7.0, help="no further network is begun after this")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "gpu.json")
    arguments = parser.parse_args()
    device, start = torch.device(arguments.device), time.perf_counter()
    named = torch.cuda.get_device_name(device) if device.type == "cuda" else "none"
    result: Figures = {"gpu": named, "cores": len(os.sched_getaffinity(0)), "versions": versions()}
    size, batch, bases = (250, 4, 20_000) if arguments.small else (1000, 64, 20_000_000)
    graph = capture(network("basset", size), inputs("basset", size, 1))
    result["differences"] = differences(graph, inputs("basset", size, batch), device)
    result["selected_otherwise"] = selection(device)
    result["end_to_end"] = from_disk_to_disk(device, bases, 8 if arguments.small else None)
    result["rates"] = []
    for case in SMALL if arguments.small else LARGE:
        if time.perf_counter() - start < 60 * arguments.minutes:
            result["rates"] += rates(case, device, 1 if arguments.small else 5)
        write_json(arguments.output, result)
    print(f"{arguments.output}: {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
