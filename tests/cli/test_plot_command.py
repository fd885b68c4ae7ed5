"""`lrpgen plot`: a figure where it was asked for, or one sentence, exit code 2 and no file."""

import json

import numpy as np
import pandas as pd
import pytest

from lrpgen.bigwig import writing_bigwig
from lrpgen.relevance.store import LEDGER_COLUMNS, Batch, create

KINDS = ("logo", "locus", "heatmap", "sweep", "evaluation")
MEME = "MEME version 4\n\nALPHABET= ACGT\n\nMOTIF M1\nletter-probability matrix: alength= 4 w= 1 nsites= 9\n1 0 0 0\n"
GENES = "chr1\t10\t90\tC2\t0\t-\t20\t80\t0\t2\t20,20\t0,60\n"


def entry(name, share, mean):
    method = f"{name}:{share}:epsilon" if share else name
    values = {m: {"mean": mean, "interval": [mean - 0.1, mean + 0.1]} for m in ("rma", "aopc_shuffles")}
    row = {"method": method, "name": name, "composite": "epsilon", "share": share, "reference": "", "values": values}
    return row | {"base": "epsilon" if share else None, "controls": {}, "differences": {}, "cost": None}


@pytest.fixture
def files(tmp_path, monkeypatch):
    """One of each kind of file that figures are drawn from, in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.meme").write_text(MEME)
    (tmp_path / "genes.bed").write_text(GENES)
    (tmp_path / "text").write_text("no data at all\n")
    with writing_bigwig(tmp_path / "t.bw", {"chr1": 100}) as track:
        track.add("chr1", np.arange(50), np.arange(1, 51), np.linspace(-1, 1, 50))
    regions = {"chrom": "chr1", "start": [0, 20, 40], "end": [20, 40, 60], "name": ".", "score": 0.0, "strand": "+"}
    batch = Batch(
        regions=pd.DataFrame(regions | {"label": "peak", "split": "test"}),
        relevance=np.eye(3, 20, dtype=np.float32),
        output=np.ones((3, 2), np.float32),
        target=np.zeros(3, np.int32),
        ledger={column: np.zeros((3, 1), np.float32) for column in LEDGER_COLUMNS},
    )
    with create(tmp_path / "r.h5", {"classes": ["peak", "other"], "width": 20, "source": {}}) as writer:
        writer.layers({"layer": ["dense"], "op": ["linear"], "rule": ["epsilon"]})
        writer.append(batch)
    rows = [entry("epsilon", None, 0.4), entry("plrp-lambda", 0.25, 0.5), entry("plrp-lambda", 0.5, 0.6)]
    measures = {m: {"better": "higher", "group": "truth", "text": m} for m in ("rma", "aopc_shuffles")}
    (tmp_path / "evaluation").mkdir()
    summary = {"format": "lrpgen-evaluation", "measures": measures, "rows": rows}
    (tmp_path / "evaluation" / "summary.json").write_text(json.dumps(summary))
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_an_example_and_a_seed(call, kind):
    code, out, _ = call("plot", kind, "--help")
    assert code == 0
    assert f"lrpgen plot {kind}" in " ".join(out.split())
    assert "Example:" in out
    assert "--seed" in out


DRAWN = {
    "logo": ["logo", "m.meme", "--pattern", "M1:rc", "-o", "f.svg"],
    "locus": ["locus", "chr1:1-100", "--relevance", "t.bw", "--annotation", "genes.bed", "-o", "f.pdf"],
    "locus of a store": ["locus", "chr1:10-30", "--relevance", "r.h5", "--target", "peak", "-o", "f.svg"],
    "heatmap": ["heatmap", "r.h5", "--target", "peak", "--sort", "cluster", "-o", "f.png"],
    "sweep": ["sweep", "evaluation", "-o", "f.svg"],
    "evaluation": ["evaluation", "evaluation", "--figure", "trade", "-o", "f.SVG"],
}
MAGIC = {".svg": b"<?xml", ".pdf": b"%PDF", ".png": b"\x89PNG"}


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_is_drawn(call, files, name):
    code, out, err = call("--json", "plot", *DRAWN[name])
    assert code == 0, err
    path = files / DRAWN[name][-1]
    assert path.read_bytes().startswith(MAGIC[path.suffix.lower()])
    found = json.loads(out)
    assert (found["command"], found["outputs"]) == (f"plot {DRAWN[name][0]}", {"output": path.name})


LOCUS, STORE = ["locus", "chr1:1-50"], ["heatmap", "r.h5", "--target"]
BAD = {
    "suffix": ([*STORE, "peak", "-o", "f.eps"], "f.eps does not end in .svg, .pdf or .png"),
    "no suffix": (["logo", "m.meme", "-o", "f"], "f does not end in"),
    "malformed region": (["locus", "chr1", "--relevance", "t.bw", "-o", "f.svg"], "not of the form contig:start-end"),
    "region outside": (["locus", "chr1:90-101", "--relevance", "t.bw", "-o", "f.svg"], "past the end of chr1 (100 bp)"),
    "contig": (["locus", "chr2:1-9", "--prediction", "t.bw", "-o", "f.svg"], "'chr2' is not in this file"),
    "not a bigWig": ([*LOCUS, "--prediction", "text", "-o", "f.svg"], "text is not a readable bigWig"),
    "nothing": ([*LOCUS, "-o", "f.svg"], "nothing to draw"),
    "letters": ([*LOCUS, "--relevance", "r.h5", "--genome", "text", "-o", "f.svg"], "not FASTA"),
    "no class": ([*STORE, "donor", "-o", "f.svg"], "no class 'donor'; choose one of peak, other"),
    "no windows": ([*STORE, "other", "-o", "f.svg"], "explains no window for class 'other'"),
    "no boundary": ([*STORE, "peak", "--align", "boundary", "-o", "f.svg"], "are no splice sites by name"),
    "text for store": (["heatmap", "text", "--target", "x", "-o", "f.svg"], "text is not a readable HDF5 file"),
    "text for motifs": (["logo", "text", "-o", "f.svg"], "text is not a MEME file"),
    "pattern": (["logo", "m.meme", "--pattern", "M2", "-o", "f.svg"], "no pattern 'M2'; it has M1"),
    "palette": (["logo", "m.meme", "--palette", "x", "-o", "f.svg"], "no palette 'x'"),
    "no evaluation": (["sweep", ".", "-o", "f.svg"], "summary.json does not exist"),
    "base": (["sweep", "evaluation", "--base", "gamma", "-o", "f.svg"], "no choice 'gamma'; it has epsilon"),
    "figure": (["evaluation", "evaluation", "--figure", "pie", "-o", "f.svg"], "no figure 'pie'"),
    "no curves": (
        ["evaluation", "evaluation", "--figure", "curves", "-o", "f.svg"],
        "nothing that a figure curves shows",
    ),
    "over the input": (["logo", "m.meme", "-o", "m.meme"], "--output m.meme is also given as source"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence_and_leaves_no_file(call, files, name):
    before = sorted(path.name for path in files.iterdir())
    arguments, words = BAD[name]
    code, out, err = call("plot", *arguments)
    assert (code, out) == (2, ""), err
    assert words in err
    assert len(err.splitlines()) == 1
    assert sorted(path.name for path in files.iterdir()) == before
