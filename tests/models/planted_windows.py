"""Windows files with a motif planted into random sequence, for each of the three tasks."""

import h5py
import numpy as np
import pandas as pd

import lrpgen
from lrpgen.sequences import WindowSet, write_windows

MOTIF = "TGACTCA"
COLUMNS = ["chrom", "start", "end", "name", "score", "strand", "label", "split"]


def sequences(n, width, every, random):
    """`n` random sequences; each `every`-th carries MOTIF at 16. Returns letters and which carry it."""
    letters = random.choice(list("ACGT"), (n, width))
    has = np.arange(n) % every == 0
    letters[has, 16 : 16 + len(MOTIF)] = list(MOTIF)
    return ["".join(row) for row in letters], has


def planted(path, n=360, width=40, splits=("train", "validation", "test"), classes=("positive", "negative"), seed=0):
    """Every other window carries MOTIF: classes positive and negative; 60, 20 and 20 % train, validation and test."""
    text, _ = sequences(n, width, 2, np.random.default_rng(seed))
    rows = [
        ("c", i * width, (i + 1) * width, f"r{i}", 0.0, "+", classes[i % len(classes)], _split(i, n, splits))
        for i in range(n)
    ]
    attrs = {"source": "sequences", "seed": 0, "summary": {}, "fasta": "x.fa", "bed": "", "width": width}
    onehot = lrpgen.encode(text).numpy()
    write_windows(path, WindowSet(pd.DataFrame(rows, columns=COLUMNS), onehot, ["positive", "negative"], attrs))
    return path


def _split(i, n, splits):
    return splits[min(i * 5 // n // 3, 1) + (i * 5 // n == 4)] if len(splits) == 3 else splits[0]


def with_targets(path, task, targets, names):
    """Make the windows file at `path` one of `task`, with targets (N, K) named `names`."""
    with h5py.File(path, "r+") as file:
        file.attrs["task"] = task
        file.attrs["classes"] = '["' + '", "'.join(names) + '"]'
        file["targets"] = np.asarray(targets, np.float32)
    return path
