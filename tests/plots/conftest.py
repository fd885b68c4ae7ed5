"""Small made-up files that figures are drawn from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lrpgen.relevance.store import LEDGER_COLUMNS, Batch, create

WIDTH = 20
# Two donors, on either strand, an acceptor and a decoy of a contig of 200 bp. A donor's POSITION is the G of its GT.
SITES = (
    # chrom, start, strand, name, target, output
    ("chr1", 40, "+", "donor:chr1:50:+", 0, 1.0),
    ("chr1", 45, "-", "donor:chr1:54:-", 0, 3.0),
    ("chr1", 100, "+", "acceptor:chr1:109:+", 1, 2.0),
    ("chr1", 100, "+", "decoy-GT:chr1:110:+", 2, 0.5),
)


@pytest.fixture
def store(tmp_path):
    """A relevance store of SITES, all of T (so A on the other strand); the relevance of base i of site k is k + i / 100."""
    n = len(SITES)
    chrom, start, strand, name, target, output = (list(column) for column in zip(*SITES, strict=True))
    regions = pd.DataFrame({"chrom": chrom, "start": start, "end": np.array(start) + WIDTH, "name": name})
    regions = regions.assign(score=0.0, strand=strand, label="donor", split="test")
    onehot = np.zeros((n, 4, WIDTH), np.int8)
    onehot[:, 3] = 1
    outputs = np.zeros((n, 3), np.float32)
    outputs[np.arange(n), target] = output
    batch = Batch(
        regions=regions,
        relevance=(np.arange(n)[:, None] + np.arange(WIDTH) / 100).astype(np.float32),
        output=outputs,
        target=np.array(target, np.int32),
        ledger={column: np.zeros((n, 1), np.float32) for column in LEDGER_COLUMNS},
        onehot=onehot,
    )
    path = tmp_path / "relevance.h5"
    with create(path, {"classes": ["donor", "acceptor", "decoy"], "width": WIDTH, "source": {}}) as writer:
        writer.layers({"layer": ["dense"], "op": ["linear"], "rule": ["epsilon"]})
        writer.append(batch)
    return path


@pytest.fixture
def bigwig(tmp_path):
    """The number of each base (from 0) of the first 100 of chr1 (200 bp)."""
    from lrpgen.bigwig import writing_bigwig

    path = tmp_path / "track.bw"
    with writing_bigwig(path, {"chr1": 200}) as track:
        track.add("chr1", np.arange(100), np.arange(1, 101), np.arange(100, dtype=np.float64))
    return path


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text(">chr1\n" + "ACGT" * 50 + "\n")
    return path
