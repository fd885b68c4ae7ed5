"""`lrpgen images train` as a person calls it."""

import json
from pathlib import Path

import pytest

import lrpgen
from lrpgen.models import read_card

SAMPLES = Path(__file__).parents[2] / "data" / "images"
SMALL = ("--set", "filters=4", "--set", "hidden=16", "--epochs", "2", "--threads", "1")


@pytest.fixture
def images(call, tmp_path):
    path = tmp_path / "images.h5"
    assert call("images", "prepare", SAMPLES / "mnist_500.npz", "-o", path)[0] == 0
    return path


def test_the_shipped_digits(call, images, tmp_path):
    output, history = tmp_path / "model.safetensors", tmp_path / "history.json"
    code, out, _ = call("--json", "images", "train", images, "-o", output, "--history", history, *SMALL)
    assert code == 0
    numbers = json.loads(out)["numbers"]
    written = json.loads(history.read_text())
    assert numbers["test_accuracy"] == written["test"]["accuracy"] == read_card(output).training["test"]["accuracy"]
    assert numbers["epochs"] == len(written["epochs"]) == 2
    assert lrpgen.load_model(output).fc1.out_features == 16


def test_mistakes_are_one_sentence(call, images, tmp_path):
    output = tmp_path / "model.safetensors"
    for more, says in (
        (("--architecture", "alexnet"), "network 'alexnet' is not known; choose one of simple-cnn"),
        (("--architecture", "vgg16"), "images of 28 x 28 are too small for VGG; make them 32 or more"),
        (("--set", "width=8"), "width=... is not yours to set"),
        (("--weights", str(images)), "is no file of weights; give a safetensors file or a PyTorch state dict"),
    ):
        code, _, err = call("images", "train", images, "-o", output, *SMALL, *more)
        assert code == 2
        assert says in err
        assert not output.exists()
