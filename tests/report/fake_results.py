"""A small results folder with every file the report reads; numbers are chosen, so tests know what must be shown."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fake_further
import h5py
import numpy as np
import pandas as pd

from lrpgen.bigwig import writing_bigwig
from lrpgen.files import sha256
from lrpgen.relevance.store import Batch, create
from lrpgen.sequences import WindowSet, write_windows

CLASSES = ["donor", "acceptor", "decoy"]
WIDTH, CONTIG = 200, 400_000
TEST_START, VALIDATION_START = 280_000, 220_000
MIDDLE = WIDTH // 2
TRACK_START = 100_000  # the first base of the track that has a value
TRACK = np.round(np.sin(np.arange(2000) * 0.7) * np.linspace(0.1, 1.5, 2000), 3)  # both signs, no two alike nearby
LAYERS = {"layer": ["conv1", "conv2", "dense"], "op": ["conv1d", "conv1d", "linear"], "rule": ["epsilon"] * 3}


@dataclass(frozen=True)
class Fake:
    """What `build` wrote: the folder, the store's regions and arrays."""

    folder: Path
    regions: pd.DataFrame
    onehot: np.ndarray
    relevance: np.ndarray
    output: np.ndarray
    target: np.ndarray


def build(
    folder: Path,
    contig: str = "chrFake",
    source: str = "splice-sites",
    sites: int = 80,
    seed: int = 3,
    further: bool = False,
) -> Fake:
    """Write a results folder for `sites` sites of each explained class; `further`: what later commands add, too."""
    folder.mkdir(parents=True)
    fake = _arrays(folder, contig, source, sites, np.random.default_rng(seed))
    _windows(fake, source)
    _model(folder)
    _metrics(folder)
    _store(fake)
    _motifs(folder, "donor", [("pos_0", "+", 480, "GTRAGT"), ("neg_0", "-", 31, "CAGN")])
    _motifs(folder, "acceptor", [("pos_0", "+", 210, "TTYTNYAG")])
    if source != "sequences":
        _tracks(folder, contig)
    if further:
        fake_further.write(folder, fake.regions, CLASSES[:2], MIDDLE)
    (folder / "predictions.tsv").write_text("chrom\tstart\tend\tname\tstrand\tlabel\tsplit\tdonor\tacceptor\tdecoy\n")
    return fake


def _arrays(folder: Path, contig: str, source: str, sites: int, rng: np.random.Generator) -> Fake:
    n = 2 * sites
    start = np.zeros(n, dtype=np.int64) if source == "sequences" else np.sort(rng.integers(0, CONTIG - WIDTH, n))
    label = np.array(CLASSES[:2] * sites)
    strand = np.where((rng.random(n) < 0.5) & (source != "sequences"), "-", "+")
    place = np.arange(n) * CONTIG // n if source == "sequences" else start
    split = np.where(place >= TEST_START, "test", np.where(place >= VALIDATION_START, "validation", "train"))
    chrom = [f"{contig}_{i}" for i in range(n)] if source == "sequences" else [contig] * n
    names = [f"{a}:{b}:{c}:{d}" for a, b, c, d in zip(label, chrom, start, strand, strict=True)]
    regions = pd.DataFrame(
        {"chrom": chrom, "start": start, "end": start + WIDTH, "name": names, "score": np.float32(0), "strand": strand,
         "label": label, "split": split}
    )  # fmt: skip
    codes = rng.integers(0, 4, (n, WIDTH))
    for i in range(n):
        if label[i] == "donor":
            codes[i, MIDDLE : MIDDLE + 6] = [2, 3, 0, 0, 2, 3]  # GTAAGT after the boundary
        else:
            codes[i, MIDDLE - 12 : MIDDLE - 2] = rng.choice([1, 3], 10)  # polypyrimidine tract
            codes[i, MIDDLE - 2 : MIDDLE] = [0, 2]  # AG before it
    onehot = (np.arange(4)[None, :, None] == codes[:, None, :]).astype(np.int8)
    onehot[0, :, 5] = 0  # one N
    relevance = rng.normal(0, 0.05, (n, WIDTH)).astype(np.float32)
    relevance[rng.random((n, WIDTH)) < 0.43] = 0
    donor = label == "donor"
    relevance[donor, MIDDLE : MIDDLE + 6] += np.array([1.6, 1.4, 0.5, 0.4, 0.9, 0.3], dtype=np.float32)
    relevance[~donor, MIDDLE - 12 : MIDDLE - 2] += 0.2
    relevance[~donor, MIDDLE - 2 : MIDDLE] += np.array([1.3, 1.5], dtype=np.float32)
    target = np.where(donor, 0, 1).astype(np.int32)
    output = rng.normal(0, 0.5, (n, 3)).astype(np.float32)
    output[np.arange(n), target] = relevance.sum(1) + 2.0 + rng.normal(0, 0.4, n)
    return Fake(folder, regions, onehot, relevance, output, target)


def _windows(fake: Fake, source: str) -> None:
    counts = {
        split: {name: int(((fake.regions.split == split) & (fake.regions.label == name)).sum()) for name in CLASSES}
        for split in ("train", "validation", "test")
    }
    split: dict[str, str | int] = {"kind": "random"}
    if source != "sequences":
        split = {"kind": "position", "validation_start": VALIDATION_START, "test_start": TEST_START}
    summary = {
        "source": source, "width": WIDTH, "contigs": {fake.regions["chrom"].iloc[0]: CONTIG}, "counts": counts,
        "regions_in": 136, "ambiguous_bases": 17, "windows_with_ambiguous": 3,
        "dropped": {"over the contig\u2019s end": 2, "across the split": 11}, "split": split,
    }  # fmt: skip
    attrs = {
        "source": source,
        "width": WIDTH,
        "seed": 1,
        "summary": summary,
        "fasta": "data/fake.fa.gz",
        "bed": "data/fake.bed",
    }
    write_windows(fake.folder / "windows.h5", WindowSet(fake.regions, fake.onehot, CLASSES, attrs))


def write_card(path: Path, **changes: Any) -> str:
    """A model file that holds nothing but its card; returns its SHA-256."""
    card = {
        "architecture": "motif-cnn", "kwargs": {"filters": 32}, "classes": CLASSES, "width": WIDTH, "input": [4, WIDTH],
        "parameters": 54321, "seed": 1, "training": {"batch_size": 64, "learning_rate": 0.001},
    }  # fmt: skip
    header = json.dumps({"__metadata__": {"lrpgen": json.dumps({**card, **changes})}}).encode()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    return sha256(path)


def edit_metrics(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Change metrics.json in place."""
    metrics = json.loads((folder / "metrics.json").read_text())
    edit(metrics)
    (folder / "metrics.json").write_text(json.dumps(metrics))


def edit_summary(folder: Path, **changes: Any) -> None:
    """Change entries of the summary in windows.h5."""
    with h5py.File(folder / "windows.h5", "a") as file:
        summary = json.loads(str(file.attrs["summary"]))
        file.attrs["summary"] = json.dumps({**summary, **changes})


def edit_attribute(path: Path, name: str, value: Any) -> None:
    """Change one attribute of an HDF5 file."""
    with h5py.File(path, "a") as file:
        file.attrs[name] = value


def _model(folder: Path) -> None:
    write_card(folder / "model.safetensors")
    epochs = [
        {"epoch": e, "train_loss": 1.1 * 0.8**e, "validation_loss": 0.9 * 0.85**e + 0.006 * e,
         "validation_average_precision": 1 - 0.6 * 0.75**e - 0.004 * e, "learning_rate": 0.001}
        for e in range(1, 16)
    ]  # fmt: skip
    (folder / "history.json").write_text(json.dumps({"epochs": epochs, "best_epoch": 12, "seconds": 83.2}))


def _metrics(folder: Path) -> None:
    grid = np.linspace(0, 1, 60)

    def one(auroc: float, average: float, base: float, positives: int) -> dict:
        roc = {"fpr": grid.tolist(), "tpr": (grid ** ((1 - auroc) / auroc)).tolist()}
        pr = {
            "recall": grid.tolist(),
            "precision": (base + (1 - base) * (1 - grid ** (average / (1 - average)))).tolist(),
        }
        return {
            "positives": positives,
            "base_rate": base,
            "auroc": auroc,
            "average_precision": average,
            "roc": roc,
            "pr": pr,
        }

    classes = {
        "donor": one(0.9912, 0.9034, 0.0812, 122),
        "acceptor": one(0.9831, 0.8215, 0.0801, 120),
        "decoy": one(0.9765, 0.991, 0.839, 1260),
    }
    weaker = {
        "donor": one(0.9877, 0.884, 0.09, 61),
        "acceptor": one(0.9702, 0.79, 0.09, 60),
        "decoy": one(0.961, 0.98, 0.82, 600),
    }
    splits = {"test": {"windows": 1502, "classes": classes}, "validation": {"windows": 721, "classes": weaker}}
    (folder / "metrics.json").write_text(json.dumps({"splits": splits}))


def _store(fake: Fake) -> None:
    """Ledger that closes: what the score has beyond the bases' relevance is the two biases."""
    n = len(fake.regions)
    score = fake.output[np.arange(n), fake.target].astype(np.float64)
    bases = fake.relevance.astype(np.float64).sum(1)
    absorbed = (score - bases)[:, None] * np.array([0.3, 0.6, 0.1])  # conv1, conv2, dense
    sum_in = np.stack([bases + absorbed[:, 0], bases + absorbed[:, :2].sum(1), score], 1)
    mass = np.full((n, 3), 8.0)
    ledger = {
        "sum_in": sum_in, "sum_out": sum_in - absorbed, "absorbed_bias": absorbed, "absorbed_epsilon": np.zeros((n, 3)),
        **{column: np.zeros((n, 3)) for column in ("stranded", "scaled", "pooled")},
        "dropped": mass * [0.0, 0.21, 0.17], "mass": mass,
        "zeros": np.tile([0.86, 0.55, 0.4], (n, 1)),
    }  # fmt: skip
    attrs = {
        "method": {"composite": "epsilon", "prune": {"positive": 0.25, "negative": None, "redistribute": "lambda"}},
        "model_sha256": sha256(fake.folder / "model.safetensors"), "classes": CLASSES,
        "width": WIDTH, "seed": 1, "lrpgen_version": "0.1.0",
        "torch_version": "2.13.0", "device": "cpu",
    }  # fmt: skip
    with create(fake.folder / "relevance.h5", attrs) as writer:
        writer.layers(LAYERS)
        writer.append(Batch(fake.regions, fake.relevance, fake.output, fake.target, ledger, fake.onehot))


def _motifs(folder: Path, target: str, patterns: list[tuple[str, str, int, str]]) -> None:
    out = folder / "motifs" / target
    (out / "logos").mkdir(parents=True)
    rows = []
    with h5py.File(out / "patterns.h5", "w") as file:
        for name, sign, seqlets, consensus in patterns:
            cwm = np.zeros((4, len(consensus)))
            for i, letter in enumerate(consensus):
                for base in {"R": "AG", "Y": "CT", "N": ""}.get(letter, letter):
                    cwm["ACGT".index(base), i] = (1 if sign == "+" else -1) * (0.4 + 0.1 * i)
            file[f"{name}/cwm"] = cwm
            (out / "logos" / f"{name}.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
            rows.append({
                "pattern": name, "sign": sign, "seqlets": seqlets, "length": len(consensus),
                "consensus": consensus,
                "information_bits": 8.41, "mean_relevance": 0.377 if sign == "+" else -0.121,
                "logo": f"logos/{name}.svg", "logo_rc": None,
            })  # fmt: skip
    signs = {"positive": 512, "negative": 88}
    summary = {
        "target": target,
        "windows": 80,
        "zero_share": 0.41,
        "null": {"windows": 300, "positive": 12, "negative": 9},
        "max_seqlet_q": 0.05,
        "grouping": "greedy",
        "seqlets": signs,
        "patterns": rows,
        "notes": ["made by hand"],
    }
    (out / "summary.json").write_text(json.dumps(summary))


def _tracks(folder: Path, contig: str) -> None:
    (folder / "tracks").mkdir()
    summary = {
        "target": "donor",
        "stride": 50,
        "windows": 15992,
        "contigs": {contig: CONTIG},
        "covered_bases": 399999,
        "zero_share": 0.312,
    }
    (folder / "tracks" / "donor.json").write_text(json.dumps(summary))
    (folder / "tracks" / "donor.relevance.bedgraph.gz").write_bytes(b"x" * 2048)
    starts = np.arange(TRACK_START, TRACK_START + len(TRACK))
    for name, values in (("relevance", TRACK), ("coverage", np.full(len(TRACK), 4.0)), ("sd", np.ones(len(TRACK)))):
        with writing_bigwig(folder / "tracks" / f"donor.{name}.bw", {contig: CONTIG}) as file:
            file.add(contig, starts, starts + 1, values.astype(np.float32))
