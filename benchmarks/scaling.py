"""Whether time grows like the genome and memory not at all, and what a genome will cost: `make bench-scaling`.

Writes benchmarks/scaling.json. Random genomes at 1, 4 and 16 times a size are tiled, explained, gathered and made tracks of,
by an untrained network of the embedded default's shape, on one thread; each step is a process of its own. The model of
cost is a line through 1 and 4 times the size; 16 times the size tests it. A contig of 250 Mb has tiles of made-up relevance.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from lrpgen.files import write_json
from lrpgen.lrp import Prune
from lrpgen.models import Card, MotifCNN, save_model
from lrpgen.provenance import versions
from lrpgen.relevance.gathering import gather
from lrpgen.relevance.run import Job, explain_tiles
from lrpgen.relevance.store import LEDGER_COLUMNS, Batch, create
from lrpgen.relevance.tracks import write_tracks

ROOT = Path(__file__).parents[1]
WIDTH, STRIDE, BATCH, TIMES = 200, 50, 256, (1, 4, 16)
FAR, ZEROS = 1000, 0.6  # the long contig: stride of its tiles, share of bases without relevance
GENOMES = {"E. coli": 4.6e6, "human": 3.1e9, "wheat": 14.5e9}
STRIDES = (1, 50, 500)
CLASSES = ["donor", "acceptor", "decoy"]
Figures = dict[str, float]


def peak_mb() -> float:
    """Most memory this process had. From /proc: what getrusage says begins with the parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measured(step: Callable[..., Any], *given: Any) -> Figures:
    """The step in a new process: seconds on the clock and of the processor, and the peak of memory."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_timed, step, *given).result()


def _timed(step: Callable[..., Any], *given: Any) -> Figures:
    torch.set_num_threads(1)
    wall, processor = time.perf_counter(), time.process_time()
    step(*given)
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    return {"seconds": round(wall, 2), "processor_seconds": round(processor, 2), "peak_mb": round(peak_mb(), 1)}


def random_genome(path: Path, bases: int) -> Path:
    letters = np.random.default_rng(1).choice(np.frombuffer(b"ACGT", "S1"), (bases // 100, 100))
    path.write_bytes(b">random\n" + b"".join(row.tobytes() + b"\n" for row in letters))
    return path


def network(path: Path) -> Path:
    torch.manual_seed(1)
    save_model(path, MotifCNN(3, WIDTH), Card("motif-cnn", {"classes": 3, "width": WIDTH}, CLASSES, WIDTH, 0, 0))
    return path


def explained(model: Path, genome: Path, output: Path, device: str) -> None:
    job = Job(model, output, "donor", prune=Prune(0.25), batch_size=BATCH, device=device, threads=1)
    explain_tiles(job, genome, STRIDE)


def grown(folder: Path, model: Path, bases: int) -> dict[str, Any]:
    """One size: each step's figures, and bytes on disk."""
    genome, tiles, store = random_genome(folder / "g.fa", bases), folder / "tiles.h5", folder / "store.h5"
    windows = windows_of(bases, STRIDE)
    steps: dict[str, Figures] = {
        "explain": measured(explained, model, genome, tiles, "cpu"),
        "gather": measured(gather, [tiles], store),
        "tracks": measured(write_tracks, [tiles], genome, folder / "t"),
    }
    found = {
        "bases": bases,
        "windows": windows,
        "windows_per_second": round(windows / steps["explain"]["processor_seconds"], 1),
        "store_bytes_per_window": round(tiles.stat().st_size / windows, 1),
        "track_bytes_per_base": round(sum(path.stat().st_size for path in folder.glob("t.*")) / bases, 2),
        **steps,
    }
    for path in [*folder.glob("t.*"), *folder.glob("g.fa*"), tiles, store]:
        path.unlink()
    return found


def windows_of(bases: float, stride: int) -> int:
    """Tiles on both strands of one contig."""
    return 2 * (math.ceil((bases - WIDTH) / stride) + 1)


def made_up(bases: int) -> Iterator[Batch]:
    """Tiles of the long contig, without a network."""
    draw = np.random.default_rng(1)
    starts = np.arange(0, bases - WIDTH + 1, FAR)
    for part in np.split(starts, range(4096, len(starts), 4096)):
        table = {"chrom": "long", "start": part, "end": part + WIDTH, "name": ".", "score": 0.0, "strand": "+"}
        r = draw.normal(size=(len(part), WIDTH)) * (draw.random((len(part), WIDTH)) > ZEROS)
        one = np.zeros((len(part), 1))
        ledger: dict[str, np.ndarray] = dict.fromkeys(LEDGER_COLUMNS, one)
        yield Batch(pd.DataFrame({**table, "label": ".", "split": "."}), r, one, one[:, 0], ledger)


def long_contig(folder: Path, bases: int) -> dict[str, Any]:
    """Tracks of one contig, far longer than memory would hold as a whole."""
    with open(folder / "long.fa", "w") as fasta:
        fasta.write(">long\n")
        for _ in range(bases // 1_000_000):
            fasta.write(("A" * 100 + "\n") * 10_000)
    attrs = {"classes": CLASSES, "target": "donor", "method": {}, "source": {"stride": FAR}}
    with create(folder / "long.h5", attrs) as writer:
        writer.layers({"layer": ["l"], "op": ["o"], "rule": ["r"]})
        for batch in made_up(bases):
            writer.append(batch)
    figures = measured(write_tracks, [folder / "long.h5"], folder / "long.fa", folder / "l")
    windows = bases // FAR
    return {"bases": bases, "stride": FAR, "windows": windows, "covered_bases": windows * WIDTH, **figures}


def line(small: dict[str, Any], large: dict[str, Any], step: str) -> tuple[float, float]:
    """(seconds to start, seconds per window) of the processor through two sizes."""
    seconds = [one[step]["processor_seconds"] for one in (small, large)]
    slope = (seconds[1] - seconds[0]) / (large["windows"] - small["windows"])
    return max(seconds[0] - slope * small["windows"], 0.0), slope


def tested(sizes: list[dict[str, Any]]) -> dict[str, Figures]:
    """Predicted and measured processor seconds of the largest size, and the largest peak over the smallest."""
    found = {}
    for step in ("explain", "gather", "tracks"):
        start, slope = line(sizes[0], sizes[1], step)
        predicted, seconds = start + slope * sizes[-1]["windows"], sizes[-1][step]["processor_seconds"]
        peaks = [one[step]["peak_mb"] for one in sizes]
        found[step] = {
            "start_seconds": round(start, 2),
            "microseconds_per_window": round(1e6 * slope, 1),
            "predicted_seconds": round(predicted, 2),
            "measured_seconds": seconds,
            "measured_over_predicted": round(seconds / predicted, 3),
            "largest_peak_over_smallest": round(max(peaks) / min(peaks), 3),
        }
    return found


def track_costs(size: dict[str, Any], contig: dict[str, Any] | None) -> tuple[float, float]:
    """Seconds per window and per covered base: two runs with different strides, two unknowns."""
    if contig is None:
        return size["tracks"]["processor_seconds"] / size["windows"], 0.0
    runs = np.array([[size["windows"], size["bases"]], [contig["windows"], contig["covered_bases"]]])
    found = np.linalg.solve(runs, [size["tracks"]["processor_seconds"], contig["processor_seconds"]])
    return float(found[0]), float(found[1])


def costs(sizes: list[dict[str, Any]], contig: dict[str, Any] | None) -> list[dict[str, Any]]:
    """What genomes will cost: windows times measured rates."""
    last, (start, slope) = sizes[-1], line(sizes[0], sizes[-1], "explain")
    per_window, per_base = track_costs(last, contig)
    table = []
    for name, bases in GENOMES.items():
        for stride in STRIDES:
            windows, covered = windows_of(bases, stride), bases * min(1, WIDTH / stride)
            table.append(
                {
                    "genome": name,
                    "stride": stride,
                    "windows": windows,
                    "explain_core_hours": float(f"{windows * slope / 3600:.3g}"),
                    "jobs_of_an_hour": math.ceil(windows * slope / (3600 - start)),
                    "store_gb": float(f"{windows * last['store_bytes_per_window'] / 1e9:.3g}"),
                    "track_hours": float(f"{(windows * per_window + covered * per_base) / 3600:.3g}"),
                    "track_gb": float(f"{covered * last['track_bytes_per_base'] / 1e9:.3g}"),
                }
            )
    return table


def on_gpu(folder: Path, model: Path, bases: int) -> dict[str, Any] | None:
    """Rate of the largest size on the GPU; None without one."""
    if not torch.cuda.is_available():
        return None
    figures = measured(explained, model, random_genome(folder / "g.fa", bases), folder / "gpu.h5", "cuda")
    rate = round(windows_of(bases, STRIDE) / figures["seconds"], 1)
    return {"device": torch.cuda.get_device_name(), "windows_per_second": rate, **figures}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabases", type=float, default=0.25, help="the smallest size")
    parser.add_argument("--contig", type=int, default=250, help="megabases of the long contig; 0 for none")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "scaling.json")
    arguments = parser.parse_args()
    base = round(1e6 * arguments.megabases)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = network(folder / "m.safetensors")
        sizes = []
        for times in TIMES:
            sizes.append(grown(folder, model, times * base))
            print(sizes[-1], flush=True)
        contig = long_contig(folder, 1_000_000 * arguments.contig) if arguments.contig else None
        gpu = on_gpu(folder, model, TIMES[-1] * base)
    machine = f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, one thread used"
    result = {"machine": machine, "versions": versions(), "width": WIDTH, "stride": STRIDE, "batch_size": BATCH}
    result |= {"sizes": sizes, "test": tested(sizes), "contig": contig, "gpu": gpu, "costs": costs(sizes, contig)}
    write_json(arguments.output, result)


if __name__ == "__main__":
    main()
