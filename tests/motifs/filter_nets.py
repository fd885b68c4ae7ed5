"""Networks whose first-layer filters are known motifs, saved as a user's own architecture, and windows that hold them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

import lrpgen
from lrpgen.models import Card, load_model, save_model
from lrpgen.sequences import WindowSet, write_windows

WIDTH = 60
FOR, AGAINST = "GATTACAG", "CCTTGGAG"
BACK = "CTGTAATC"  # the reverse complement of FOR
MOTIFS = (FOR, AGAINST, BACK)
COLUMNS = ["chrom", "start", "end", "name", "score", "strand", "label", "split"]

# A filter counts matching bases; from 7 of 8 on it is active. Its best place speaks for or against the first class.
CODE = """
import torch
from torch import nn

MOTIFS, ORDER = {motifs!r}, {order!r}


class Hand(nn.Module):
    def __init__(self):
        super().__init__()
        weight = torch.stack([torch.stack([torch.tensor([float(b == c) for c in m]) for b in ORDER]) for m in MOTIFS])
        self.conv = {conv}
        self.conv.weight.data = {weight}
        self.conv.bias.data = torch.full((3,), -6.0)
        self.register_buffer("atgc", torch.tensor([0, 3, 2, 1]), persistent=False)
        self.head = nn.Linear(3, 2, bias=False)
        self.head.weight.data = torch.tensor([[1.0, -2.0, 0.5], [0.0, 0.0, 0.0]])

    def forward(self, x):
        return self.head({forward})
"""
PLAIN = {"conv": "nn.Conv1d(4, 3, 8)", "weight": "weight", "forward": "self.conv(x).relu().amax(2)", "order": "ACGT"}
NETS = {
    "plain": PLAIN,
    "padded": {**PLAIN, "conv": "nn.Conv1d(4, 3, 8, padding=3)"},
    "both strands": {
        **PLAIN,
        "forward": "torch.cat([self.conv(x), self.conv(x.flip(1, 2))], 2).relu().amax(2)",
    },
    "other layout": {
        "conv": "nn.Conv2d(1, 3, (8, 4))",
        "weight": "weight.transpose(1, 2).unsqueeze(1)",
        "forward": "self.conv(x.index_select(1, self.atgc).transpose(1, 2).unsqueeze(1)).relu().flatten(2).amax(2)",
        "order": "ATGC",
    },
    "no convolution": {
        **PLAIN,
        "conv": f"nn.Linear({4 * WIDTH}, 3)",
        "weight": f"torch.ones(3, {4 * WIDTH})",
        "forward": "self.conv(x.flatten(1))",
    },
}


def save_net(folder: Path, kind: str = "plain", motifs: tuple[str, ...] = MOTIFS) -> Path:
    code = folder / "hand.py"
    code.write_text(CODE.format(motifs=motifs, **NETS[kind]))
    name = f"module:{code}:Hand"
    digest = hashlib.sha256(code.read_bytes()).hexdigest()
    card = Card(name, {}, ["site", "none"], WIDTH, 0, 1, code=digest)
    save_model(folder / "m.safetensors", lrpgen.models.zoo.build(name, classes=2, width=WIDTH), card)
    load_model(folder / "m.safetensors")
    return folder / "m.safetensors"


def letters(windows: int, plant: dict[str, tuple[int, int]], seed: int = 0, alphabet: str = "AC") -> list[str]:
    """Sequences without the motifs, and each motif of `plant` in every window number divisible by step, at a place."""
    random = np.random.default_rng(seed)
    rows = random.choice(list(alphabet), (windows, WIDTH))
    for motif, (step, at) in plant.items():
        rows[::step, at : at + len(motif)] = list(motif)
    return ["".join(row) for row in rows]


def save_windows(path: Path, text: list[str], labels: list[str] | None = None, split: str | list[str] = "test") -> Path:
    labels = labels or ["site"] * len(text)
    parts = [split] * len(text) if isinstance(split, str) else split
    rows = [
        ("c", i * WIDTH, (i + 1) * WIDTH, f"r{i}", 0.0, "+", label, part)
        for i, (label, part) in enumerate(zip(labels, parts, strict=True))
    ]
    attrs = {"source": "sequences", "seed": 0, "summary": {}, "fasta": "x.fa", "bed": "", "width": WIDTH}
    onehot = lrpgen.encode(text).numpy()
    write_windows(path, WindowSet(pd.DataFrame(rows, columns=COLUMNS), onehot, ["site", "none"], attrs))
    return path
