"""Quality of the embedded default over several seeds, and the price of an explanation: `make bench-default`.

Writes benchmarks/embedded_default.json: per seed AUROC, average precision and base rate on the test part; and the median
time of an explanation of 256 test windows as a multiple of gradient * input on the same model, alternated in one run.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from lrpgen.files import write_json
from lrpgen.lrp import Prune, capture, explain
from lrpgen.models import load_model
from lrpgen.models.predict import predict
from lrpgen.models.training import Training, train
from lrpgen.provenance import versions
from lrpgen.sequences import WindowOptions, make_windows, read_windows

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data" / "hla"
BATCH, REPEATS = 256, 7


def quality(folder: Path, seed: int) -> dict[str, Any]:
    """Train with `seed` on the fixed windows; figures of the test part."""
    train(folder / "windows.h5", folder / f"{seed}.safetensors", Training(seed=seed, device="cpu"))
    metrics = predict(folder / "windows.h5", folder / f"{seed}.safetensors", folder / "p.tsv", device="cpu")
    test = metrics["splits"]["test"]["classes"]
    keys = ("auroc", "average_precision", "base_rate")
    return {"seed": seed, **{site: {key: round(test[site][key], 4) for key in keys} for site in ("donor", "acceptor")}}


def price(folder: Path, seed: int) -> dict[str, float]:
    """Median seconds per method and their ratio to gradient * input."""
    model = load_model(folder / f"{seed}.safetensors")
    windows = read_windows(folder / "windows.h5")
    x = torch.from_numpy(windows.onehot[(windows.regions["split"] == "test").to_numpy()][:BATCH]).float()
    graph = capture(model, x)

    def gradient() -> None:
        leaf = x.clone().requires_grad_()
        torch.autograd.grad(model(leaf)[:, 0].sum(), leaf)

    methods: dict[str, Callable[[], Any]] = {
        "gradient*input": gradient,
        "epsilon": lambda: explain(graph, x, target=0, device="cpu"),
        "PLRP-lambda 0.25": lambda: explain(graph, x, target=0, prune=Prune(0.25), device="cpu"),
        "epsilon, uniform reference": lambda: explain(graph, x, target=0, reference="uniform", device="cpu"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    for repeat in range(REPEATS + 1):  # the first round warms up
        for name, run in methods.items():
            start = time.perf_counter()
            run()
            if repeat:
                seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    return {name: round(median / medians["gradient*input"], 2) for name, median in medians.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "embedded_default.json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fasta, bed = DATA / "BA000025.2.fa.gz", DATA / "BA000025.2.cds.bed"
        make_windows(WindowOptions("splice-sites", fasta, bed, seed=1), folder / "windows.h5")
        seeds = [quality(folder, seed) for seed in range(1, arguments.seeds + 1)]
        ratios = price(folder, 1)
    machine = f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, no GPU used"
    result = {"machine": machine, "versions": versions(), "quality": seeds, "time / gradient*input": ratios}
    write_json(arguments.output, result)


if __name__ == "__main__":
    main()
