"""`lrpgen images explain` and `evaluate` on small images: what is shown, what is written, and the page about it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from image_nets import CLASSES, Halves, write_squares

from lrpgen.errors import InputError
from lrpgen.evaluate.comparison import RANDOM, Setting
from lrpgen.images import subjects
from lrpgen.images.chosen import choose_examples
from lrpgen.images.evaluate import ImageEvaluation, evaluate_images
from lrpgen.images.explain import ImageJob, explain_images
from lrpgen.images.explanations import read_explanations
from lrpgen.images.imagefile import open_images
from lrpgen.images.methods import boxed, chosen, usual
from lrpgen.report import write_report

METHODS = ("gradient*input", "epsilon", "epsilon_gamma_box", "relative", "plrp-lambda:0.5:epsilon")
BOXED = "epsilon_gamma_box,first=zbox(0,1)"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A results folder: images, a model, explained and evaluated."""
    folder = tmp_path_factory.mktemp("squares")
    images = write_squares(folder / "images.h5")
    model = folder / "halves.bin"
    model.write_bytes(b"stands for the network of image_nets")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subjects, "load_model", lambda path: Halves())
        explain_images(ImageJob(model, images, folder / "explained", METHODS, inputs=6, batch_size=4))
        setting = Setting(draws=1, steps=4, checks=2, timed=2, rounds=1)
        job = ImageEvaluation((model,), images, folder / "evaluation", METHODS, inputs=12, setting=setting)
        evaluate_images(job)
    return folder


def test_what_is_shown(results):
    """Six of twelve images: one of the two mislabelled ones, the five others of both classes in turn."""
    found = read_explanations(results / "explained" / "relevance.h5")
    assert found.methods == [BOXED if name == "epsilon_gamma_box" else name for name in METHODS]
    assert found.relevance.shape == (5, 6, 12, 12)
    assert found.pixels.dtype == np.uint8
    wrong = [found.label(row) != found.predicted(row) for row in range(6)]
    assert sum(wrong) == 1
    assert sorted(found.labels[~np.array(wrong)].tolist()) == [0, 0, 0, 1, 1]


def test_relevance_is_that_of_the_engine(results):
    from lrpgen.lrp import explain

    found = read_explanations(results / "explained" / "relevance.h5")
    x = torch.from_numpy(found.pixels / np.float32(255))
    expected = explain(Halves(), x, target=torch.from_numpy(found.target), composite="epsilon")
    np.testing.assert_allclose(found.relevance[1], expected.relevance.sum(1), rtol=1e-4, atol=1e-7)
    assert found.layered == "plrp-lambda:0.5:epsilon"
    assert {name: values.shape for name, values in found.layers.items()} == dict.fromkeys(
        ["first", "second"], (6, 12, 12)
    )


def test_numbers_beside_the_pictures(results):
    summary = json.loads((results / "explained" / "summary.json").read_text())
    assert (summary["setting"]["judged"], summary["setting"]["correct"]) == (12, 10)
    for example in summary["examples"]:
        assert example["predicted"] in CLASSES
        if example["predicted"] == example["label"]:
            assert example["values"]["epsilon"]["rma"] > 0.5  # the square is what speaks for its half
    for name, ledger in summary["ledgers"].items():
        assert ledger["gap"] < 1e-4, name
        assert [layer["op"] for layer in ledger["layers"]] == ["linear", "conv2d", "conv2d"]
    assert set(summary["ledgers"]) == {BOXED, *METHODS} - {"gradient*input", "epsilon_gamma_box"}


def test_figures_and_evaluation(results):
    assert {path.name for path in (results / "explained").iterdir()} == {
        "relevance.h5", "summary.json", "heatmaps.svg", "heatmaps.png", "layers.svg", "layers.png",
    }  # fmt: skip
    summary = json.loads((results / "evaluation" / "summary.json").read_text())
    rows = {row["method"]: row["values"] for row in summary["rows"]}
    assert list(rows)[:3] == [RANDOM, "gradient*input", "epsilon"]
    assert {"rma", "rra", "gini", "aopc_mean", "insertion_blur", "randomised_all"} <= set(summary["measures"])
    assert "ism" not in summary["measures"]
    assert rows["epsilon"]["rma"]["mean"] > rows[RANDOM]["rma"]["mean"]
    assert summary["setting"]["truth_share"] == pytest.approx(16 / 144, abs=1e-5)


def test_the_page_holds_pictures_with_their_numbers(results, tmp_path):
    page = write_report(results, tmp_path / "report" / "index.html")
    made = {path.name for path in page.parent.iterdir()}
    assert {"index.html", "images.html", "evaluation.html", "methods.html"} == made
    text = (page.parent / "images.html").read_text()
    assert text.count('<img class="map') >= 6 * 6 + 6 * 3
    assert "RMA" in text
    assert "http" not in text.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert "said" in text
    assert "The model is right on 10 of 12 images" in page.read_text()
    assert "PLRP" in (page.parent / "methods.html").read_text()
    assert "images" in (page.parent / "evaluation.html").read_text()


def test_bounds_are_written_into_the_box():
    bounds = np.array([-0.5, -0.25]), np.array([2.0, 1.5])
    assert (
        boxed("plrp-lambda:0.25:epsilon_gamma_box", bounds) == "plrp-lambda:0.25:epsilon_gamma_box,first=zbox(-0.5,2)"
    )
    assert boxed("epsilon", bounds) == "epsilon"
    assert set(chosen(("usual", "sweep"), bounds)) >= {"sglrp", "plrp-matrix:0.9:epsilon"}
    assert len(usual()) == len(set(usual()))
    with pytest.raises(InputError, match="'ism' is for DNA"):
        chosen(("ism",), bounds)


def test_targets(tmp_path, monkeypatch):
    images = write_squares(tmp_path / "images.h5")
    monkeypatch.setattr(subjects, "load_model", lambda path: Halves())
    with open_images(images) as file:
        model, classes = subjects.open_model(tmp_path / "net.pth", file, torch.device("cpu"))
        how: dict[str, Any] = {"split": "test", "labels": None, "inputs": 12, "seed": 1, "batch_size": 5}
        own = subjects.draw(model, file, classes, target="label", **how)
        top = subjects.draw(model, file, classes, target="predicted", **how)
        one = subjects.draw(model, file, classes, target="right", **how)
        assert (own.target != top.target).sum() == 2  # the mislabelled ones
        assert one.target.tolist() == [1] * 12
        assert len(choose_examples(file, own, 4).rows) == 4
        with pytest.raises(InputError, match="no class of the model"):
            subjects.draw(model, file, classes, target="up", **how)
        with pytest.raises(InputError, match="no such image"):
            subjects.draw(model, file, classes, target="label", **(how | {"split": "train"}))


def test_a_model_of_another_size_is_refused(tmp_path, monkeypatch):
    images = write_squares(tmp_path / "images.h5")
    monkeypatch.setattr(subjects, "load_model", lambda path: torch.nn.Conv2d(3, 2, 3))
    with open_images(images) as file, pytest.raises(InputError, match="does not take the images"):
        subjects.open_model(tmp_path / "net.pth", file, torch.device("cpu"))
