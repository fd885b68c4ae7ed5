"""Labels and values as tasks, weights of classes, schedules, and what is refused."""

import numpy as np
import pytest
import torch
from planted_windows import planted, sequences, with_targets

from lrpgen.errors import InputError
from lrpgen.models import read_card
from lrpgen.models.predict import predict
from lrpgen.models.training import Training, train
from lrpgen.models.training import run as door
from lrpgen.models.training.options import parse_settings
from lrpgen.models.training.tasks import Task, choose_task

FAST = {"epochs": 10, "batch_size": 32, "threads": 1, "device": "cpu", "settings": {"filters": 16, "dense": 16}}
COUNT, WIDTH = 2000, 40


def make(path, task, targets=None):
    """`targets(has motif (N,), number of A's (N,))` -> (N, 2); the default suits the task."""
    planted(path, n=COUNT)
    text, has = sequences(COUNT, WIDTH, 2, np.random.default_rng(0))
    many = np.array([one.count("A") for one in text])
    chosen = targets or (lambda has, many: np.stack([has, many > 9], 1))
    return with_targets(path, task, chosen(has, many), ["motif", "many A"])


def test_labels_are_learnt_side_by_side(tmp_path):
    path = make(tmp_path / "w.h5", "labels")
    history = train(path, tmp_path / "m.safetensors", Training(**FAST))
    card = read_card(tmp_path / "m.safetensors")
    assert (card.task, card.activation, card.classes) == ("labels", "sigmoid", ["motif", "many A"])
    assert "validation_average_precision" in history["epochs"][0]
    metrics = predict(path, tmp_path / "m.safetensors", tmp_path / "p.tsv", device="cpu")
    assert metrics["task"] == "labels"
    test = metrics["splits"]["test"]["classes"]
    assert test["motif"]["auroc"] > 0.95
    assert test["many A"]["auroc"] > 0.8


@pytest.mark.parametrize(("loss", "activation"), [("auto", "identity"), ("poisson", "exp")])
def test_values_are_learnt(tmp_path, loss, activation):
    path = make(tmp_path / "w.h5", "values", lambda has, many: np.stack([has * 3.0, many / 4], 1))
    options = Training(**{**FAST, "epochs": 15, "loss": loss, "schedule": "constant"})
    history = train(path, tmp_path / "m.safetensors", options)
    card = read_card(tmp_path / "m.safetensors")
    assert (card.task, card.activation) == ("values", activation)
    assert {entry["learning_rate"] for entry in history["epochs"]} == {2e-3}
    best = max(entry["validation_pearson"] for entry in history["epochs"])
    assert history["epochs"][history["best_epoch"] - 1]["validation_pearson"] == best
    metrics = predict(path, tmp_path / "m.safetensors", tmp_path / "p.tsv", device="cpu")
    outputs = metrics["splits"]["test"]["outputs"]
    assert outputs["motif"]["pearson"] > 0.8
    assert outputs["many A"]["pearson"] > 0.5
    if loss == "poisson":
        header, *rows = (tmp_path / "p.tsv").read_text().splitlines()
        column = header.split("\t").index("motif")
        assert min(float(row.split("\t")[column]) for row in rows) >= 0  # rates, not their logarithms


def test_balanced_weights_by_hand():
    # Six of one class, two of the other: 8 / (2 * 6) and 8 / (2 * 2).
    classes = Task("classes", "cross-entropy", ["a", "b"])
    assert classes._weights(np.array([0] * 6 + [1] * 2)) == pytest.approx([2 / 3, 2])
    # One yes in four, three in four: negatives / positives.
    labels = Task("labels", "bce", ["a", "b"])
    assert labels._weights(np.array([[1, 1], [0, 1], [0, 1], [0, 0]])) == pytest.approx([3, 1 / 3])


def test_plateau_lowers_the_rate_when_nothing_is_gained(tmp_path):
    planted(tmp_path / "w.h5", classes=("positive", "negative", "negative", "positive"))  # labels say nothing
    options = Training(**{**FAST, "epochs": 12, "patience": 6, "schedule": "plateau", "class_weights": "balanced"})
    history = train(tmp_path / "w.h5", tmp_path / "m.safetensors", options)
    assert history["epochs"][-1]["learning_rate"] < 2e-3


BAD_TARGETS = {
    "constant": ("labels", lambda has, many: np.ones((COUNT, 2)), "every target is constant in the train part"),
    "not yes or no": ("labels", lambda has, many: np.stack([has, many], 1), "labels must be 0 or 1"),
    "not finite": ("values", lambda has, many: np.stack([has, many / (many - many[0])], 1), "no finite number"),
}


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize("name", BAD_TARGETS)
def test_targets_that_cannot_be_learnt(tmp_path, name):
    task, targets, words = BAD_TARGETS[name]
    with pytest.raises(InputError, match=words):
        train(make(tmp_path / "w.h5", task, targets), tmp_path / "m.safetensors", Training(**FAST))
    assert [p.name for p in tmp_path.iterdir()] == ["w.h5"]


def test_negative_counts_are_no_counts(tmp_path):
    path = make(tmp_path / "w.h5", "values", lambda has, many: np.stack([has, -many], 1))
    with pytest.raises(InputError, match="poisson loss needs counts"):
        train(path, tmp_path / "m.safetensors", Training(**FAST, loss="poisson"))


def test_losses_and_tasks_must_fit():
    with pytest.raises(InputError, match="does not fit the task 'classes'"):
        choose_task("classes", ["a", "b"], Training(loss="mse"))
    with pytest.raises(InputError, match="not for values"):
        choose_task("values", ["a"], Training(class_weights="balanced"))
    with pytest.raises(InputError, match="task 'ranks' is not known"):
        choose_task("ranks", ["a"], Training())


@pytest.mark.parametrize(
    ("kw", "words"),
    [
        ({"loss": "hinge"}, "loss 'hinge' is not known"),
        ({"schedule": "step"}, "schedule 'step'"),
        ({"precision": "fp8"}, "precision 'fp8'"),
        ({"averaging": 1.0}, "averaging"),
        ({"augment_shift": -1}, "cannot be negative"),
        ({"settings": {"width": 3}}, "the windows decide it"),
    ],
)
def test_options_are_checked_at_the_door(kw, words):
    with pytest.raises(InputError, match=words):
        Training(**kw)


def test_bf16_without_a_gpu_is_refused(tmp_path):
    with pytest.raises(InputError, match="bf16 needs a GPU"):
        train(planted(tmp_path / "w.h5"), tmp_path / "m.safetensors", Training(**FAST, precision="bf16"))


def test_a_diverging_run_stops(tmp_path):
    options = Training(**{**FAST, "learning_rate": 1e30, "averaging": 0.0})
    with pytest.raises(InputError, match="lower the learning rate"):
        train(planted(tmp_path / "w.h5"), tmp_path / "m.safetensors", options)


class TwoHeads(torch.nn.Module):
    """Gives a dict, as profile models do."""

    def forward(self, x):
        return {"profile": x, "counts": x.sum((1, 2))}


def test_several_outputs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(door, "build", lambda name, **kwargs: TwoHeads())
    with pytest.raises(InputError, match=r"gives several outputs.*profile=false"):
        train(planted(tmp_path / "w.h5"), tmp_path / "m.safetensors", Training(**FAST))


def test_the_number_of_outputs_must_be_that_of_the_classes(tmp_path, monkeypatch):
    three = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(160, 3))
    monkeypatch.setattr(door, "build", lambda name, **kwargs: three)
    with pytest.raises(InputError, match=r"gives \(3,\) numbers a window, the windows have 2 classes"):
        train(planted(tmp_path / "w.h5"), tmp_path / "m.safetensors", Training(**FAST))


def test_settings_are_numbers_words_and_switches():
    found = parse_settings(
        [
            "filters=64",
            "dropout=0.1",
            "profile=false",
            "pool=max",
            "rate=1e-3",
            "rc=none",
            "filters2=[4, 8]",
            "kernels=3,5",
            "share=NaN",
        ]
    )
    plain = {"filters": 64, "dropout": 0.1, "profile": False, "pool": "max", "rate": 1e-3, "rc": "none"}
    assert found == {**plain, "filters2": [4, 8], "kernels": [3, 5], "share": "NaN"}
    for pair, words in (("filters", "not of the form"), ("2=3", "not of the form")):
        with pytest.raises(InputError, match=words):
            parse_settings([pair])
    with pytest.raises(InputError, match="given twice"):
        parse_settings(["a=1", "a=2"])


def test_settings_reach_the_architecture_and_the_card(tmp_path):
    train(planted(tmp_path / "w.h5"), tmp_path / "m.safetensors", Training(**{**FAST, "epochs": 1}))
    assert read_card(tmp_path / "m.safetensors").kwargs == {"classes": 2, "width": 40, "filters": 16, "dense": 16}
    with pytest.raises(InputError, match="filtres"):
        train(tmp_path / "w.h5", tmp_path / "n.safetensors", Training(settings={"filtres": 3}, device="cpu"))
