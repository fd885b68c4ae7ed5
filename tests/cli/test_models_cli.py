"""`lrpgen train`, `baseline`, `predict` and `explain` of ensembles, as a person runs them."""

import json

import pandas as pd
import pytest
from planted_windows import planted

FAST = ["--epochs", "2", "--set", "filters=8", "--set", "dense=8", "--device", "cpu", "--threads", "1"]
CPU = ["--device", "cpu", "--threads", "1"]


@pytest.fixture
def trained(call, tmp_path):
    planted(tmp_path / "w.h5", n=200)
    for seed in ("1", "2"):
        arguments = ["train", tmp_path / "w.h5", "-o", tmp_path / f"{seed}.safetensors", "--seed", seed, *FAST]
        assert call(*arguments, "--plots", tmp_path / "plots")[0] == 0
    return tmp_path


def models(folder):
    return ["--model", folder / "1.safetensors", "--model", folder / "2.safetensors"]


def test_the_whole_way(call, trained):
    windows = trained / "w.h5"
    assert call("baseline", windows, "-o", trained / "b.json")[0] == 0
    files = ["--metrics", trained / "m.json", "--baseline", trained / "b.json", "--plots", trained / "plots"]
    assert call("predict", windows, *models(trained), "-o", trained / "p.tsv", *files, *CPU)[0] == 0
    metrics = json.loads((trained / "m.json").read_text())
    assert set(metrics["baseline"]["models"]) == {"kmers", "positions"}
    assert {"positive", "positive_sd"} <= set(pd.read_csv(trained / "p.tsv", sep="\t").columns)
    drawn = {path.name for path in (trained / "plots").glob("*.svg")}
    assert drawn == {"loss.svg", "roc.svg", "pr.svg", "reliability.svg"}
    assert call("explain", *models(trained), "--windows", windows, "-o", trained / "r.h5", *CPU)[0] == 0


def test_regions_sequences_and_tiles(call, trained):
    (trained / "g.fa").write_text(">c\n" + "ACGTTGCAAG" * 20 + "\n")
    (trained / "s.fa").write_text(">s\n" + "ACGTTGCAAG" * 4 + "\n")
    (trained / "r.bed").write_text("c\t50\t60\n")
    model = models(trained)[:2]
    given = {
        "bed": ["--bed", trained / "r.bed", "--genome", trained / "g.fa"],
        "fasta": ["--fasta", trained / "s.fa"],
        "tiles": ["--genome", trained / "g.fa", "--stride", "20", "--bigwig", trained / "t", "--rc-average"],
    }
    rows = {}
    for name, arguments in given.items():
        assert call("predict", *model, *arguments, "-o", trained / f"{name}.tsv", *CPU)[0] == 0
        rows[name] = len(pd.read_csv(trained / f"{name}.tsv", sep="\t"))
    assert rows == {"bed": 1, "fasta": 1, "tiles": 9}
    assert (trained / "t.positive.bw").exists()


BAD = {
    "no input": (["predict", "--model", "m", "-o", "p"], "predict needs one input"),
    "two inputs": (["predict", "w.h5", "--fasta", "f", "--model", "m", "-o", "p"], "predict needs one input"),
    "regions of nothing": (["predict", "--bed", "b", "--model", "m", "-o", "p"], "give --genome"),
    "metrics of nothing": (
        ["predict", "--fasta", "f", "--model", "m", "-o", "p", "--metrics", "j"],
        "need labels",
    ),
    "tracks of windows": (["predict", "w.h5", "--model", "m", "-o", "p", "--bigwig", "t"], "tracks are made of tiles"),
    "setting": (["train", "w.h5", "-o", "m", "--set", "filters"], "not of the form key=value"),
    "schedule": (["train", "w.h5", "-o", "m", "--schedule", "step"], "schedule 'step' is not known"),
    "no baseline": (["baseline", "none.h5", "-o", "b"], "windows file none.h5 does not exist"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_and_exit_2(call, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments, words = BAD[name]
    code, _, err = call(*arguments)
    assert code == 2
    assert words in err
    assert len(err.splitlines()) == 1
    assert not list(tmp_path.iterdir())
