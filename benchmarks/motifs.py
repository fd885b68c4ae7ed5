"""Motifs found in simulated genomes, where it is known what was planted: `make bench-motifs`.

Per seed: five motifs of JASPAR, one of them of negative weight and one rare (5 % of regions), and a decoy without weight are
planted on both strands of regions whose value is the sum of the weights; a network learns the value; relevance of the test
part is explained at each pruned share, with a null of dinucleotide shuffles; motifs are found and named. With --peers beside
it TF-MoDISco's pattern stage (modisco-lite) on the same seqlets, and TF-MoDISco as it comes with its own: minutes a run, so
`make bench-motifs` runs them for one seed and three shares. Writes scores (motif_scores.py), seconds and peak memory, per
seed and their means, to benchmarks/motifs.json (or --output).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from motif_peers import default_modisco
from motif_scores import pattern_scores, seqlet_scores

from lrpgen.files import write_json
from lrpgen.lrp import Prune
from lrpgen.models.predict import predict
from lrpgen.models.training import Training, train
from lrpgen.motifs import Naming, find_motifs
from lrpgen.motifs.matrixfile import Known, Library, open_jaspar, read_jaspar
from lrpgen.motifs.names import heights, tomtom
from lrpgen.progress import say
from lrpgen.provenance import versions
from lrpgen.relevance.run import Job, explain_windows
from lrpgen.sequences import WindowOptions, make_windows, read_windows, write_windows
from lrpgen.sequences.windowfile import WindowSet
from lrpgen.simulate import read_truth, simulate

ROOT = Path(__file__).parents[1]
SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9)
MOTIFS, REGIONS, WIDTH = 5, 8_000, 200
# The value is a sum over places, and so is what this network reads; motif-cnn, whose dense layer knows positions, stays noisy.
NETWORK = {"filters": [32, 48], "blocks": 1, "first_kernel": 19}
TRAINING = {"architecture": "resnet1d", "settings": NETWORK, "epochs": 15, "batch_size": 64, "learning_rate": 4e-3}
# Which matrices may be drawn: clear ones, of a length that a window holds often, and no two that look alike.
BITS, LONGEST, DISTINCT = 16.0, 20, 0.01
MATE = 1e-4  # Tomtom p up to which another matrix is the planted one under another name: 0.1 by chance in 1,000
NAME_E = 0.05  # matches as good expected by chance among all matrices up to which the best one is a pattern's name
COMPOSITE = "epsilon_plus"  # epsilon alone leaves a base's relevance noisy on this network: 14 % of seqlets are false
Q = 0.05  # of seqlets
PEERS = ("modisco_stage", "modisco")  # a minute or more each, where lrpgen takes seconds


def choose_motifs(library: Library, seed: int) -> tuple[list[Known], list[set[str]]]:
    """MOTIFS + 1 matrices in an order drawn by `seed` (the last for the decoy), and for each the ids that name it rightly."""
    clear = [one for one in library.motifs if heights(one.ppm).sum() >= BITS and one.ppm.shape[1] <= LONGEST]
    p = tomtom([one.ppm for one in clear], [one.ppm for one in library.motifs])[0]
    column = {one.id: i for i, one in enumerate(library.motifs)}
    chosen: list[int] = []
    for i in np.random.default_rng(seed).permutation(len(clear)).tolist():
        if all(min(p[i, column[clear[j].id]], p[j, column[clear[i].id]]) > DISTINCT for j in chosen):
            chosen.append(i)
    chosen = chosen[: MOTIFS + 1]
    mates = [{library.motifs[j].id for j in np.flatnonzero(p[i] <= MATE)} | {clear[i].id} for i in chosen]
    return [clear[i] for i in chosen], mates


def grammar(motifs: list[Known]) -> dict[str, Any]:
    """The last but one is rare, the one before it lowers the value, the last is a decoy of shuffled columns."""
    names = [f"M{i}" for i in range(1, MOTIFS + 1)]
    entries = {
        name: {"matrix": one.id, "count": {"poisson": 0.5}, "weight": 1}
        for name, one in zip(names, motifs, strict=False)
    }
    entries[names[-2]]["weight"] = -1
    entries[names[-1]]["count"] = {"share": 0.05}
    entries["decoy"] = {"matrix": motifs[-1].id, "shuffled": True, "count": {"poisson": 0.5}, "weight": 0}
    label = {"value": "activity", "noise": 0.1}
    return {"regions": REGIONS, "width": WIDTH, "background": {"gc": 0.42}, "motifs": entries, "label": label}


def prepare(folder: Path, motifs: list[Known], seed: int) -> dict[str, Any]:
    """Simulate and train: test.h5 (windows of the test part) and model.safetensors; what the model is worth."""
    (folder / "grammar.json").write_text(json.dumps(grammar(motifs)))
    simulate(folder / "grammar.json", folder / "sim", seed)
    sim = folder / "sim"
    options = WindowOptions(
        "regions", sim / "genome.fa", sim / "regions.bed", labels=sim / "labels.tsv", task="values", seed=seed
    )
    make_windows(options, folder / "windows.h5")
    start = time.perf_counter()
    training = Training(**TRAINING, augment_rc=True, seed=seed, device="cpu", threads=1)
    train(folder / "windows.h5", folder / "model.safetensors", training)
    seconds = time.perf_counter() - start
    metrics = predict(folder / "windows.h5", folder / "model.safetensors", folder / "p.tsv", device="cpu", threads=1)
    whole = read_windows(folder / "windows.h5")
    rows = np.flatnonzero((whole.regions["split"] == "test").to_numpy())
    assert whole.values is not None
    regions = whole.regions.iloc[rows].reset_index(drop=True)
    write_windows(
        folder / "test.h5", WindowSet(regions, whole.onehot[rows], whole.classes, whole.attrs, whole.values[rows])
    )
    pearson = metrics["splits"]["test"]["outputs"]["activity"]["pearson"]
    return {"windows": len(rows), "pearson": round(float(pearson), 4), "training_seconds": round(seconds, 1)}


def measured(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """What `work` returns, its seconds, and by how much it raised the process's peak memory (MB; Linux)."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from what is held now
    before, start = _memory("VmRSS"), time.perf_counter()
    result = work()
    return result, {"seconds": round(time.perf_counter() - start, 1), "peak_mb": round(_memory("VmHWM") - before)}


def _memory(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def explained(folder: Path, share: float, seed: int) -> None:
    """relevance.h5 and null.h5 of the test windows: `share` of positive relevance pruned, half of it of negative."""
    for name, shuffled in (("relevance.h5", 0), ("null.h5", len(_regions(folder)))):
        prune = Prune(share) if share else None
        job = Job(
            folder / "model.safetensors",
            folder / name,
            "activity",
            composite=COMPOSITE,
            prune=prune,
            seed=seed,
            device="cpu",
            threads=1,
            shuffled=shuffled,
        )
        explain_windows(job, folder / "test.h5")


def _regions(folder: Path) -> pd.DataFrame:
    return read_windows(folder / "test.h5").regions


def ours(folder: Path, seed: int, grouping: str) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, np.ndarray]]:
    """Seqlets, places of patterns and their matrices, of `find_motifs`."""
    out = folder / "motifs"
    find_motifs(
        folder / "relevance.h5",
        "activity",
        out,
        null=folder / "null.h5",
        max_seqlet_q=Q,
        grouping=grouping,
        naming=Naming("none"),
        seed=seed,
    )
    seqlets = _bed(out / "seqlets.bed", {0: "chrom", 1: "start", 2: "end", 8: "sign"})
    places = _bed(out / "instances.bed", {0: "chrom", 1: "start", 2: "end", 3: "pattern", 6: "sign"})
    with h5py.File(out / "patterns.h5") as file:
        return seqlets, places, {name: np.asarray(group["ppm"]) for name, group in file.items()}


def top_hits(ppms: dict[str, np.ndarray], library: Library) -> dict[str, str]:
    """The matrix with the lowest Tomtom p for each pattern where that p makes NAME_E or fewer expected by chance, else ""."""
    if not ppms:
        return {}
    p = tomtom(list(ppms.values()), [one.ppm for one in library.motifs])[0]
    best = [int(row.argmin()) if row.min() * len(row) <= NAME_E else -1 for row in p]
    return {name: library.motifs[at].id if at >= 0 else "" for name, at in zip(ppms, best, strict=True)}


def _bed(path: Path, columns: dict[int, str]) -> pd.DataFrame:
    if not path.read_text().strip():
        return pd.DataFrame(columns=list(columns.values()))
    return pd.read_csv(path, sep="\t", header=None, usecols=list(columns)).rename(columns=columns)


def one_seed(folder: Path, library: Library, seed: int, shares: list[float], peers: bool) -> dict[str, Any]:
    motifs, mates = choose_motifs(library, seed)
    result: dict[str, Any] = {"seed": seed, "motifs": [f"{one.id} {one.name}" for one in motifs]}
    result |= prepare(folder, motifs, seed)
    say(f"seed {seed}: Pearson {result['pearson']} on {result['windows']} test windows")
    truth = read_truth(folder / "sim" / "truth.bed")
    truth = truth.loc[truth["region"].isin(_regions(folder)["name"])].reset_index(drop=True)
    right = {f"M{i}": ids for i, ids in enumerate(mates[:MOTIFS], start=1)}
    methods = {
        "lrpgen": lambda: ours(folder, seed, "greedy"),
        "modisco_stage": lambda: ours(folder, seed, "modisco"),
        "modisco": lambda: default_modisco(folder),
    }
    result["shares"] = {}
    for share in shares:
        _, cost = measured(lambda share=share: explained(folder, share, seed))
        entry: dict[str, Any] = {"explain": cost}
        for name, method in methods.items():
            if name in PEERS and not peers:
                continue
            try:
                (seqlets, places, ppms), cost = measured(method)
                names = top_hits(ppms, library)
                scores = {**seqlet_scores(seqlets, truth), **pattern_scores(places, names, truth, right), **cost}
            except (IndexError, ValueError, ZeroDivisionError) as error:  # modisco-lite where most relevance is zero
                if name != "modisco":
                    raise
                scores = {"failed": f"{type(error).__name__}: {error}"}
            entry[name] = scores
            say(f"seed {seed}, share {share}, {name}: " + _line(scores))
        result["shares"][str(share)] = entry
    return result


FIGURES = ("precision", "recall", "recovered", "rightly_named", "false_patterns", "duplicates", "seconds", "peak_mb")


def _line(scores: dict[str, Any]) -> str:
    return scores.get("failed") or ", ".join(f"{key} {scores[key]}" for key in FIGURES)


def means(seeds: list[dict[str, Any]], shares: list[float]) -> dict[str, Any]:
    """Per share and method the mean of each figure over the seeds that gave one, and in how many the method failed."""
    found: dict[str, Any] = {}
    for share in map(str, shares):
        found[share] = {}
        for name in ("lrpgen", *PEERS):
            runs = [seed["shares"][share][name] for seed in seeds if name in seed["shares"][share]]
            if not runs:
                continue
            values = {key: [run[key] for run in runs if run.get(key) is not None] for key in FIGURES}
            found[share][name] = {
                key: round(statistics.mean(some), 4) if some else None for key, some in values.items()
            }
            found[share][name]["failed"] = sum("failed" in run for run in runs)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--shares", type=float, nargs="+", default=list(SHARES))
    parser.add_argument("--peers", action="store_true", help="modisco-lite too, in both ways")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "motifs.json")
    arguments = parser.parse_args()
    library = read_jaspar(open_jaspar())
    seeds = []
    for seed in range(1, arguments.seeds + 1):
        with tempfile.TemporaryDirectory() as name:
            seeds.append(one_seed(Path(name), library, seed, arguments.shares, arguments.peers))
    machine = f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, no GPU used"
    setting = {
        "regions": REGIONS,
        "width": WIDTH,
        "least_bits": BITS,
        "distinct_p": DISTINCT,
        "mate_p": MATE,
        "seqlet_q": Q,
        "composite": COMPOSITE,
    }
    result = {"machine": machine, "versions": versions(), "library": library.source, "setting": setting}
    write_json(arguments.output, {**result, "mean": means(seeds, arguments.shares), "seeds": seeds})


if __name__ == "__main__":
    main()
