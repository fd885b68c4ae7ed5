"""Metrics by hand, intervals against what repeated sampling shows."""

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

from lrpgen.models import intervals
from lrpgen.models.metrics import calibration, class_metrics, part_metrics, value_metrics


def test_calibration_by_hand():
    # Bins 0.2-0.3 (two windows, one positive) and 0.9-1 (two, both positive).
    found = calibration(np.array([True, False, True, True]), np.array([0.2, 0.2, 0.9, 1.0]))
    assert found["brier"] == pytest.approx((0.64 + 0.04 + 0.01 + 0) / 4)
    assert found["reliability"] == {"predicted": [0.2, 0.95], "observed": [0.5, 1.0], "windows": [2, 2]}
    assert found["ece"] == pytest.approx((2 * 0.3 + 2 * 0.05) / 4)


def test_exclusive_classes_over_all():
    # Three of four right; the squared error of a window is summed over its two classes.
    predictions = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8]])
    found = part_metrics("classes", np.array([0, 0, 1, 1]), predictions, ["a", "b"])["overall"]
    assert found["accuracy"] == 0.75
    assert found["brier"] == pytest.approx(2 * (0.01 + 0.16 + 0.49 + 0.04) / 4)
    assert found["mean_auroc"] == 0.75  # 3 of the 4 pairs in order, for both classes
    low, high = found["accuracy_interval"]
    assert 0 <= low < 0.75 < high <= 1


def test_labels_are_measured_one_by_one():
    truth = np.array([[1, 0], [0, 0], [1, 0], [0, 0]], np.float32)
    found = part_metrics("labels", truth, np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.1, 0.4]]), ["a", "b"])
    assert found["classes"]["a"]["auroc"] == 0.75
    assert found["classes"]["b"]["auroc"] is None
    assert found["overall"]["mean_auroc"] == 0.75
    assert found["classes"]["b"]["brier"] == pytest.approx((0.01 + 0.04 + 0.09 + 0.16) / 4)


def test_values_against_scipy():
    random = np.random.default_rng(0)
    truth = random.normal(size=300)
    predicted = np.exp(truth) + random.normal(size=300)
    found = value_metrics(truth, predicted)
    assert found["pearson"] == pytest.approx(pearsonr(truth, predicted).statistic)
    assert found["spearman"] == pytest.approx(spearmanr(truth, predicted).statistic)
    assert found["mse"] == pytest.approx(np.mean((truth - predicted) ** 2))
    for name in ("pearson", "spearman", "mse"):
        low, high = found[f"{name}_interval"]
        assert low < found[name] < high
    constant = value_metrics(truth, np.zeros(300))
    assert constant["pearson"] is None
    assert constant["mse"] == pytest.approx(np.mean(truth**2))


def scores(random, n=400, positives=60):
    is_positive = np.arange(n) < positives
    return is_positive, random.normal(size=n) + is_positive


def test_ranking_intervals_equal_a_plain_bootstrap():
    """The plain one draws windows with replacement and asks scikit-learn, resample by resample."""
    random = np.random.default_rng(1)
    is_positive, score = scores(random)
    plain = []
    for _ in range(2000):
        rows = random.integers(0, len(score), len(score))
        truth = is_positive[rows]
        plain.append((roc_auc_score(truth, score[rows]), average_precision_score(truth, score[rows])))
    expected = np.quantile(plain, [0.025, 0.975], axis=0).T
    found = intervals.ranking(is_positive, score)
    np.testing.assert_allclose(found["auroc_interval"], expected[0], atol=0.012)
    np.testing.assert_allclose(found["average_precision_interval"], expected[1], atol=0.025)


def test_many_windows_cost_no_more_and_give_the_same_interval(monkeypatch):
    random = np.random.default_rng(2)
    is_positive, score = scores(random, 30_000, 4_000)
    coarse = intervals.ranking(is_positive, score)
    monkeypatch.setattr(intervals, "CELLS", 5_000)  # every positive told apart
    fine = intervals.ranking(is_positive, score)
    for name in coarse:
        np.testing.assert_allclose(coarse[name], fine[name], atol=0.004)
    grouped = intervals.mean(score)
    spread = 1.96 * score.std() / np.sqrt(len(score))
    np.testing.assert_allclose(grouped, [score.mean() - spread, score.mean() + spread], atol=0.2 * spread)


def test_ties_and_perfect_ranks():
    perfect = intervals.ranking(np.array([True] * 5 + [False] * 20), np.r_[np.ones(5), np.zeros(20)])
    assert perfect == {"auroc_interval": [1.0, 1.0], "average_precision_interval": [1.0, 1.0]}
    tied = intervals.ranking(np.array([True] * 5 + [False] * 20), np.zeros(25))
    assert tied["auroc_interval"] == [0.5, 0.5]


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """AUROC of two normals one standard deviation apart is Phi(1 / sqrt(2)) = 0.7602."""
    hits = 0
    for seed in range(100):
        low, high = intervals.ranking(*scores(np.random.default_rng(seed)))["auroc_interval"]
        hits += low <= 0.7602 <= high
    assert 88 <= hits <= 99


def test_keys_that_the_report_reads_are_there():
    random = np.random.default_rng(3)
    found = class_metrics(*scores(random))
    assert {"auroc", "average_precision", "base_rate", "roc", "pr", "positives"} <= set(found)
    assert len(found["roc"]["fpr"]) <= 201
