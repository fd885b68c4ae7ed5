"""Figures of quality: what is drawn, with what beside it, and the same bytes every time."""

import numpy as np
import pytest

from lrpgen.models.metrics import part_metrics
from lrpgen.plots.quality import draw_history, draw_quality, roc_figure


@pytest.fixture(scope="module")
def metrics():
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 300)
    raw = random.random((300, 3)) + 0.5 * (labels[:, None] == np.arange(3))
    predictions = raw / raw.sum(1, keepdims=True)
    return {"splits": {"test": part_metrics("classes", labels, predictions, ["donor", "acceptor", "decoy"])}}


def test_three_figures_of_a_classifier(metrics, tmp_path):
    assert draw_quality(metrics, tmp_path / "plots") == ["roc", "pr", "reliability"]
    for name in ("roc", "pr", "reliability"):
        text = (tmp_path / "plots" / f"{name}.svg").read_text()
        assert "donor" in text
        assert "acceptor" in text
    donor = metrics["splits"]["test"]["classes"]["donor"]
    assert f"donor {donor['auroc']:.3f}" in (tmp_path / "plots" / "roc.svg").read_text()
    before = (tmp_path / "plots" / "pr.svg").read_bytes()
    draw_quality(metrics, tmp_path / "plots")
    assert (tmp_path / "plots" / "pr.svg").read_bytes() == before


def test_the_curve_is_that_of_the_metrics(metrics):
    classes = metrics["splits"]["test"]["classes"]
    lines = {line.get_label().split()[0]: line for line in roc_figure(classes).axes[0].lines}
    assert lines["donor"].get_xdata().tolist() == classes["donor"]["roc"]["fpr"]
    assert lines["donor"].get_ydata().tolist() == classes["donor"]["roc"]["tpr"]
    assert lines["donor"].get_color() != lines["acceptor"].get_color()


def test_values_have_no_such_curves(tmp_path):
    found = {"splits": {"test": part_metrics("values", np.eye(3), np.eye(3), ["a", "b", "c"])}}
    assert draw_quality(found, tmp_path) == []


def test_losses(tmp_path):
    epochs = [{"epoch": i, "train_loss": 1 / i, "validation_loss": 1 / i + 0.1} for i in (1, 2, 3)]
    draw_history({"epochs": epochs, "best_epoch": 2}, tmp_path)
    assert "validation" in (tmp_path / "loss.svg").read_text()
