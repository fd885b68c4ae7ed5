"""`lrpgen neurons` as a person meets it."""

import json
from pathlib import Path

import pandas as pd
import pytest
from filter_nets import AGAINST, FOR, letters, save_net, save_windows

SAMPLES = Path(__file__).parents[2] / "data" / "images"
FILES = ["curves.png", "curves.svg", "curves.tsv", "network.json", "summary.txt"]


def test_the_folder_appears(call, tmp_path):
    """Filter 0 speaks for the class, filter 1 against it: (1, -2, 0.5) times their highest match, 2, by hand."""
    model = save_net(tmp_path)
    windows = save_windows(tmp_path / "w.h5", letters(12, {FOR: (1, 5), AGAINST: (3, 30)}))
    arguments = (
        "neurons",
        "--model",
        model,
        "--windows",
        windows,
        "--device",
        "cpu",
        "--channels",
        "2",
        "--inputs",
        "12",
    )
    code, _, err = call(*arguments, "-o", tmp_path / "out")
    assert code == 0, err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES
    network = json.loads((tmp_path / "out" / "network.json").read_text())
    assert [(layer["name"], layer["channels"], layer["below"]) for layer in network["layers"]] == [
        ("conv", 3, []),
        ("head", 2, [0]),
    ]
    first = [node for node in network["nodes"] if node["layer"] == 0]
    assert [node["name"] for node in first] == ["0", "1", "1 others"]
    assert [node["relevance"]["site"] for node in first] == pytest.approx([2, -4 / 3, 0], abs=2e-3)  # -4 in a third
    site = next(i for i, node in enumerate(network["nodes"]) if node["name"] == "site")
    assert network["paths"]["site"][0] == {"relevance": pytest.approx(2.0, rel=1e-3), "nodes": [site, 0]}
    assert {tuple(edge[:2]): edge[2][0] for edge in network["edges"]} == pytest.approx(
        {(site, 0): 2, (site, 1): -4 / 3}, rel=2e-3
    )
    total = sum(network["input"]["heat"]["site"])
    assert sum(sum(node["heat"]["site"]) for node in first) == pytest.approx(total, rel=1e-2)
    assert first[0]["unit"]["start"] == 5
    assert [
        max(range(4), key=lambda base: column[base]) for column in zip(*first[0]["unit"]["values"], strict=True)
    ] == ["ACGT".index(letter) for letter in FOR]
    table = pd.read_csv(tmp_path / "out" / "curves.tsv", sep="\t")
    assert (table[table["k"] == 3]["mse"] == 0).all()
    assert set(table["layer"]) == {"conv"}
    text = (tmp_path / "out" / "summary.txt").read_text()
    assert "site: the critical path is head site > conv 0;" in text
    again = tmp_path / "again"
    assert call(*arguments, "-o", again)[0] == 0
    assert (again / "network.json").read_bytes() == (tmp_path / "out" / "network.json").read_bytes()


def test_images_are_looked_at_as_windows_are(call, tmp_path):
    """Channels of a network for images, with heat maps in two dimensions; images that do not fit are named."""
    prepare = ("images", "prepare", SAMPLES / "mnist_500.npz", "--limit", "4")
    assert call(*prepare, "-o", tmp_path / "i.h5")[0] == 0
    assert call(*prepare, "--size", "32", "-o", tmp_path / "larger.h5")[0] == 0
    model = tmp_path / "m.safetensors"
    few = ("--set", "filters=4", "--set", "hidden=8", "--epochs", "1", "--threads", "1")
    assert call("images", "train", tmp_path / "i.h5", *few, "-o", model)[0] == 0
    asked = ("neurons", "--model", model, "--inputs", "6", "--device", "cpu", "--labels", "1,7")
    code, _, err = call(*asked, "--windows", tmp_path / "i.h5", "-o", tmp_path / "out")
    assert code == 0, err
    network = json.loads((tmp_path / "out" / "network.json").read_text())
    assert [layer["name"] for layer in network["layers"]] == ["conv1", "conv2", "fc1", "fc2"]
    assert set(network["paths"]) == {"1", "7"}
    assert len(network["input"]["heat"]["7"]) == len(network["input"]["heat"]["7"][0]) == 28
    code, _, err = call(*asked, "--windows", tmp_path / "larger.h5", "-o", tmp_path / "other")
    assert code == 2
    assert "holds images of shape [1, 32, 32], the model takes images of 28 x 28 pixels, 1 channel" in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--windows", "none.h5"], "windows file none.h5 does not exist"),
        (["--split", "train"], "has nothing to look at in its train part"),
        (["--labels", "donor"], "class 'donor' is not one of the model's classes"),
        (["--tolerance", "2"], "tolerance 2.0 lies outside 0..1"),
        (["--composite", "relative"], "gives relevance up to a factor"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(call, tmp_path, monkeypatch, options, words):
    save_net(tmp_path)
    save_windows(tmp_path / "w.h5", letters(4, {FOR: (1, 5)}))
    monkeypatch.chdir(tmp_path)
    before = {path.name for path in tmp_path.iterdir()}
    arguments = ["--model", "m.safetensors", "--windows", "w.h5", "-o", "out", "--device", "cpu", *options]
    code, _, err = call("neurons", *arguments)
    assert code == 2, err
    assert words in err.splitlines()[-1]
    assert {path.name for path in tmp_path.iterdir()} == before
