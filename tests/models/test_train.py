"""Training, saved models and predictions on a small planted task."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from planted_windows import MOTIF, planted
from safetensors.torch import save_file

import lrpgen
from lrpgen.errors import InputError
from lrpgen.models import MotifCNN, read_card
from lrpgen.models.metrics import class_metrics
from lrpgen.models.predict import predict
from lrpgen.models.training import Training, train

SMALL = Training(epochs=6, batch_size=32, seed=3, threads=1, device="cpu")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    windows = planted(folder / "windows.h5")
    history = train(windows, folder / "model.safetensors", SMALL, folder / "history.json")
    return folder, windows, history


def test_it_learns_and_says_how_well(trained):
    folder, windows, history = trained
    metrics = predict(windows, folder / "model.safetensors", folder / "p.tsv", folder / "m.json", device="cpu")
    test = metrics["splits"]["test"]
    assert test["classes"]["positive"]["auroc"] > 0.95
    assert test["classes"]["positive"]["base_rate"] == 0.5
    assert json.loads((folder / "m.json").read_text()) == metrics
    table = pd.read_csv(folder / "p.tsv", sep="\t")
    np.testing.assert_allclose(table["positive"] + table["negative"], 1, atol=1e-5)
    assert len(table) == 360
    assert history == json.loads((folder / "history.json").read_text())
    assert 1 <= history["best_epoch"] <= len(history["epochs"]) <= SMALL.epochs


def test_the_same_seed_gives_the_same_weights(trained, tmp_path):
    folder, windows, _ = trained
    train(windows, tmp_path / "again.safetensors", SMALL)
    first = lrpgen.load_model(folder / "model.safetensors").state_dict()
    second = lrpgen.load_model(tmp_path / "again.safetensors").state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_torch_is_left_as_it_was(trained, tmp_path):
    _, windows, _ = trained
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    train(windows, tmp_path / "m.safetensors", Training(epochs=1, threads=1, device="cpu"))
    assert torch.equal(torch.rand(3), expected)
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == threads


def test_the_card_says_what_one_must_know(trained):
    card = read_card(trained[0] / "model.safetensors")
    assert (card.architecture, card.width, card.classes, card.seed) == ("motif-cnn", 40, ["positive", "negative"], 3)
    assert card.parameters == sum(p.numel() for p in lrpgen.load_model(trained[0] / "model.safetensors").parameters())


def test_relevance_finds_the_planted_motif(trained):
    """The bases that decide are those of the motif: more relevance inside it than chance by far."""
    model = lrpgen.load_model(trained[0] / "model.safetensors")
    random = np.random.default_rng(9)
    sequences = [
        "".join(random.choice(list("ACGT"), 16)) + MOTIF + "".join(random.choice(list("ACGT"), 17)) for _ in range(50)
    ]
    r = lrpgen.explain(model, lrpgen.encode(sequences), target=0, prune=lrpgen.Prune()).relevance.sum(1).clamp(min=0)
    assert (r[:, 16:23].sum(1) / r.sum(1)).mean() > 3 * len(MOTIF) / 40


def test_metrics_by_hand():
    # ranked: + - + -. Pairs in order: 3 of 4. Average precision: (1/1 + 2/3) / 2.
    found = class_metrics(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1]))
    assert found["auroc"] == 0.75
    assert found["average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["base_rate"] == 0.5
    assert class_metrics(np.array([True, True]), np.array([0.1, 0.2]))["auroc"] is None


def test_a_part_that_is_empty_or_has_one_class_is_named(tmp_path):
    with pytest.raises(InputError, match="validation part is empty"):
        train(planted(tmp_path / "a.h5", splits=("train",)), tmp_path / "m.safetensors", SMALL)
    with pytest.raises(InputError, match="one class only"):
        train(planted(tmp_path / "b.h5", classes=("positive",)), tmp_path / "m.safetensors", SMALL)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.h5", "b.h5"]


@pytest.mark.parametrize(
    "kw", [{"epochs": 0}, {"batch_size": 0}, {"learning_rate": 0}, {"architecture": "transformer"}]
)
def test_wrong_options_are_one_sentence(trained, tmp_path, kw):
    with pytest.raises(InputError, match=next(iter(kw))):
        train(trained[1], tmp_path / "m.safetensors", Training(**kw))


def test_windows_must_fit_the_model(trained, tmp_path):
    with pytest.raises(InputError, match="60 bp, the model takes 40 bp"):
        predict(planted(tmp_path / "w.h5", width=60), trained[0] / "model.safetensors", tmp_path / "p.tsv")


def test_damaged_or_foreign_models_are_refused(trained, tmp_path):
    whole = (trained[0] / "model.safetensors").read_bytes()
    for name, content, words in (
        ("missing", None, "does not exist"),
        ("empty", b"", "is empty"),
        ("cut", whole[: len(whole) // 2], "not a readable safetensors file"),
        ("text", b"not a model at all", "not a readable safetensors file"),
    ):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InputError, match=words):
            lrpgen.load_model(path)
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="no lrpgen card"):
        lrpgen.load_model(tmp_path / "other.safetensors")
    with pytest.raises(InputError, match=r"lacks the weight conv1\.0\.weight of shape \(48, 4, 11\)"):
        lrpgen.load_model("motif-cnn", weights=tmp_path / "other.safetensors", classes=2, width=40)
    state = {**MotifCNN(2, 40).state_dict(), "head.weight": torch.zeros(3, 64)}
    save_file(state, tmp_path / "shape.safetensors")
    with pytest.raises(InputError, match=r"head\.weight has shape \(3, 64\), the model needs \(2, 64\)"):
        lrpgen.load_model("motif-cnn", weights=tmp_path / "shape.safetensors", classes=2, width=40)
    state = {**MotifCNN(2, 40).state_dict(), "head.bias": torch.full((2,), float("nan"))}
    save_file(state, tmp_path / "nan.safetensors")
    with pytest.raises(InputError, match="NaN"):
        lrpgen.load_model("motif-cnn", weights=tmp_path / "nan.safetensors", classes=2, width=40)
