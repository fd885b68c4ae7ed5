"""`lrpgen evaluate` as a person meets it."""

import json
import sys

import numpy as np
import pandas as pd
import pytest
from filter_nets import AGAINST, FOR, WIDTH, letters, save_net, save_windows

from lrpgen.evaluate.run import chosen_methods
from lrpgen.models import load_model, read_card, save_model

N = 12
PRUNED = "plrp-lambda:0.5:epsilon"
FAST = ["--inputs", "6", "--draws", "1", "--steps", "4", "--checks", "3", "--device", "cpu", "--threads", "1"]


@pytest.fixture
def made(tmp_path, monkeypatch):
    """m.safetensors; w.h5 with FOR, which the model has learnt, in every window, and AGAINST in some; truth.bed."""
    monkeypatch.chdir(tmp_path)
    save_net(tmp_path)
    text = letters(N, {FOR: (1, 20), AGAINST: (3, 40)})
    save_windows(tmp_path / "w.h5", text, split=["test"] * 8 + ["train"] * 4)
    starts = (i * WIDTH + 20 for i in range(N))
    (tmp_path / "truth.bed").write_text("".join(f"c\t{at}\t{at + len(FOR)}\n" for at in starts))
    return tmp_path


def evaluate(call, *options, output="out", methods=f"{PRUNED} gradient*input"):
    command = ["evaluate", "--model", "m.safetensors", "--windows", "w.h5", "-o", output, *FAST]
    return call(*command, "--methods", methods, *options)


def save_member(name="n.safetensors"):
    """The same network with a head of its own."""
    model = load_model("m.safetensors")
    model.head.weight.data[0, 1] = -3.0
    save_model(name, model, read_card("m.safetensors"))


def test_the_folder_appears(call, made):
    save_member()
    code, _, err = evaluate(call, "--truth", "truth.bed", "--model", "n.safetensors")
    assert code == 0, err
    assert "4 methods on 6 inputs: out" in err
    names = {path.name for path in (made / "out").iterdir()}
    assert names >= {
        "summary.json",
        "methods.tsv",
        "values.tsv.gz",
        "trade.svg",
        "curves.svg",
        "differences_epsilon.svg",
    }

    summary = json.loads((made / "out" / "summary.json").read_text())
    assert (summary["format"], summary["version"]) == ("lrpgen-evaluation", 1)
    setting = summary["setting"]
    expected = {
        "windows": "w.h5",
        "split": "test",
        "classes": ["site"],
        "inputs": 6,
        "width": WIDTH,
        "truth": "truth.bed",
    }
    expected |= {
        "truth_share": round(len(FOR) / WIDTH, 5),
        "device": "cpu",
        "timed": 32,
        "rounds": 3,
        "batch_size": 256,
    }
    expected |= {"draws": 1, "steps": 4, "seed": 1, "checks": 3}
    assert {name: setting[name] for name in expected} == expected
    assert len(setting["model_sha256"]) == 2
    assert [row["method"] for row in summary["rows"]] == ["random", "epsilon", PRUNED, "gradient*input"]
    assert [row["cost"] is None for row in summary["rows"]] == [True, False, False, False]
    base = summary["rows"][1]["values"]
    assert base["pointing"]["mean"] == 1  # nothing else speaks for the class
    assert (base["members"]["nan"], base["rma"]["nan"]) == (3, 0)

    table = pd.read_csv(made / "out" / "methods.tsv", sep="\t")
    assert set(table["method"]) == {"random", "epsilon", PRUNED, "gradient*input"}
    assert {"control_gini", "difference_base", "difference_zeros_low"} <= set(table.columns)
    values = pd.read_csv(made / "out" / "values.tsv.gz", sep="\t", keep_default_na=False, na_values=["nan", ""])
    values["control"] = values["control"].fillna("")
    own = values[(values["method"] == "epsilon") & (values["control"] == "")]
    assert own["rma"].mean() == pytest.approx(base["rma"]["mean"], abs=1e-5)
    assert set(values.loc[values["method"] == PRUNED, "control"]) == {"", "zeros", "gini"}
    assert own["input"].isin([f"r{i}" for i in range(8)]).all()  # of the test part


def test_the_same_seed_gives_the_same_numbers(call, made):
    for output, seed in (("one", 1), ("two", 1), ("three", 2)):
        code, _, err = evaluate(call, "--seed", seed, output=output)
        assert code == 0, err
    found = [pd.read_csv(made / name / "values.tsv.gz", sep="\t") for name in ("one", "two", "three")]
    pd.testing.assert_frame_equal(found[0], found[1])
    assert found[0]["input"].tolist() != found[2]["input"].tolist()  # which windows are drawn
    assert (made / "one" / "values.tsv.gz").read_bytes() == (made / "two" / "values.tsv.gz").read_bytes()
    assert "rma" not in found[0]  # nobody knows the truth


def test_labels_choose_windows_and_a_target_the_output(call, made):
    text = letters(N, {AGAINST: (1, 20)})
    save_windows(made / "w.h5", text, labels=["site", "none"] * (N // 2))
    for options, classes, inputs in (
        (["--target", "site"], ["site"], 6),
        (["--labels", "none", "--target", "site"], ["site"], 6),
        (["--labels", "site,none", "--inputs", "20"], ["site", "none"], N),
    ):
        code, _, err = evaluate(call, *options, methods="epsilon")
        assert code == 0, err
        setting = json.loads((made / "out" / "summary.json").read_text())["setting"]
        assert (setting["classes"], setting["inputs"]) == (classes, inputs)


def test_a_package_that_is_not_there(call, made, monkeypatch, capsys):
    """A method that was named needs it; of the usual ones it is left out, and the log says so."""
    monkeypatch.setitem(sys.modules, "captum", None)
    before = {path.name for path in made.iterdir()}
    code, _, err = evaluate(call, methods="epsilon integrated_gradients")
    assert code != 0
    assert "method integrated_gradients needs captum" in err
    assert {path.name for path in made.iterdir()} == before
    assert "integrated_gradients" not in chosen_methods(None)
    assert "left out: method integrated_gradients needs captum" in capsys.readouterr().err


def test_the_usual_methods():
    usual, every = chosen_methods(None), chosen_methods(("all",))
    assert set(usual) < set(every)
    assert {"gradient", "integrated_gradients", "deepshap", "ism", "epsilon", "epsilon@uniform", PRUNED} <= set(usual)
    assert "epsilon@composition" in set(every) - set(usual)
    assert chosen_methods(("ism", "epsilon", "ism")) == ["ism", "epsilon"]


def test_a_model_that_sees_nothing_is_no_error(call, made):
    save_windows(made / "w.h5", letters(N, {}))
    code, _, err = evaluate(call, "--checks", "0")
    assert code == 0, err
    rows = json.loads((made / "out" / "summary.json").read_text())["rows"]
    gini = rows[1]["values"]["gini"]
    assert (gini["mean"], gini["nan"]) == (None, 6)
    assert np.isfinite(rows[1]["values"]["aopc_zeros"]["mean"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--methods", "best"], "method 'best' is not known; choose one of gradient"),
        (["--methods", "plrp-lambda:2:epsilon"], "outside 0..1"),
        (
            ["--split", "validation"],
            "w.h5 has 0 windows to evaluate in its validation part and an interval needs 2; choose another",
        ),
        (["--split", "dev"], "has no split 'dev'"),
        (["--labels", "donor"], "class 'donor' is not one of the model's classes (site, none)"),
        (["--target", "donor"], "class 'donor' is not one of the model's classes (site, none)"),
        (["--model", "m.safetensors"], "model m.safetensors is given twice"),
        (["--windows", "other.h5"], "other.h5 holds windows of 20 bp, the model takes 60 bp"),
        (["--windows", "none.h5"], "windows file none.h5 does not exist"),
        (["--truth", "sites"], "w.h5 holds no splice sites; give a BED file"),
        (["--truth", "far.bed"], "truth far.bed touches none of the 6 windows"),
        (["--truth", "none.bed"], "none.bed does not exist"),
        (["--inputs", "1"], "--inputs"),
        (["--device", "tpu0"], "device 'tpu0' is not known"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(call, made, options, words):
    (made / "far.bed").write_text("c\t100000\t100010\n")
    text = ["ACGTACGTACGTACGTACGT"] * 4
    save_windows(made / "other.h5", text)
    before = {path.name for path in made.iterdir()}
    code, _, err = evaluate(call, *options)
    assert code == 2, err
    assert words in err
    assert len(err.splitlines()) == 1
    assert {path.name for path in made.iterdir()} == before


def test_an_evaluation_that_fails_leaves_the_folder_that_was_there(call, made, monkeypatch):
    (made / "out").mkdir()
    (made / "out" / "mine").write_text("kept")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lrpgen.plots.evaluation.draw_evaluation", fail)
    code, _, err = evaluate(call, methods="epsilon")
    assert code != 0
    assert "free some space" in err
    assert [path.name for path in (made / "out").iterdir()] == ["mine"]
    assert not list(made.glob(".out*"))
