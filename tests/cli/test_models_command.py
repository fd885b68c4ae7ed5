"""`lrpgen models`: list, inspect, convert, and one line with exit code 2 for what cannot be read."""

import json
from pathlib import Path

import pytest
import torch

import lrpgen
from lrpgen.models import ARCHITECTURES, MotifCNN, read_card

MMSPLICE = Path(__file__).parents[2] / "data" / "mmsplice"


@pytest.mark.parametrize("command", ["list", "inspect", "convert"])
def test_every_command_has_an_example(call, command):
    code, out, _ = call("models", command, "--help")
    assert code == 0
    assert f"Example: lrpgen models {command}" in " ".join(out.split())
    assert "--seed" in out


def test_list_names_architectures_and_formats(call):
    code, out, _ = call("models", "list")
    assert code == 0
    assert all(name in out for name in (*ARCHITECTURES, "ONNX", "Keras", "bpnet-lite", "chrombpnet", "torch.export"))


def test_inspect_says_how_a_file_is_read(call):
    code, out, _ = call("models", "inspect", MMSPLICE / "Acceptor.h5")
    assert code == 0
    for words in ("task         labels", "L = 53 bp", "inside       NLC", "activation   sigmoid", "parameters   4833"):
        assert words in out
    assert "Conv1d(4, 32, kernel_size=(15,)" in out


def test_convert_and_inspect_again(call, tmp_path):
    path = tmp_path / "donor.safetensors"
    code, _, err = call("models", "convert", MMSPLICE / "Donor.h5", "--classes", "donor", "-o", path)
    assert code == 0
    assert "windows of 18 bp, task labels (sigmoid), outputs donor" in err
    card = read_card(path)
    assert (card.classes, card.source) == (["donor"], "Keras: Donor.h5")
    code, out, _ = call("models", "inspect", path)
    assert code == 0
    assert "outputs      1: donor" in out
    x = lrpgen.encode(["ACGTGGTAAGTACGTACG"]).float()
    torch.testing.assert_close(lrpgen.load_model(path)(x), lrpgen.load_model(MMSPLICE / "Donor.h5")(x))


def test_convert_weights_with_settings(call, tmp_path):
    torch.save(MotifCNN(2, 32, filters=4).state_dict(), tmp_path / "w.pt")
    options = ("--architecture", "motif-cnn", "--set", "filters=4", "--width", 32, "--classes", "site,none")
    code, _, _ = call(
        "models", "convert", tmp_path / "w.pt", *options, "--task", "classes", "-o", tmp_path / "m.safetensors"
    )
    assert code == 0
    card = read_card(tmp_path / "m.safetensors")
    assert card.kwargs == {"filters": 4, "width": 32, "classes": 2}
    assert (card.task, card.activation) == ("classes", "softmax")


def test_bad_input_is_one_line_and_exit_2(call, tmp_path):
    (tmp_path / "text.h5").write_text("no model")
    (tmp_path / "c.json").write_text(json.dumps({"class_name": "Sequential", "config": {"layers": []}}))
    donor, out = MMSPLICE / "Donor.h5", tmp_path / "o.safetensors"
    for arguments, words in (
        (("none.h5",), "does not exist"),
        ((tmp_path / "text.h5",), "nor another model file"),
        ((tmp_path / "c.json",), "no Keras model that can be read"),
        ((donor, "--classes", "a,b"), "has 1 outputs, --classes names 2"),
        ((donor, "--layout", "NCL"), "layout NCL does not fit"),
        ((donor, "--set", "width"), "is not of the form key=value"),
        ((donor, "--keep", "x"), "has no output 'x'"),
        ((donor, "--architecture", "no-such"), "no-such"),
        ((donor, "--activation", "cubic"), "activation 'cubic' is not known"),
    ):
        code, _, err = call("models", "convert", *arguments, "-o", out)
        assert code == 2
        assert words in err
        assert len(err.splitlines()) == 1
        assert not out.exists()
