"""Quality of predictions: one class (or label) against the rest with the base rate beside it, or values by correlation.

Intervals are 95 % bootstrap intervals over windows (see `intervals`); they are left out while training.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import intervals

CURVE_POINTS = 200
RELIABILITY_BINS = 10


def class_metrics(is_positive: np.ndarray, score: np.ndarray, curves: bool = True) -> dict[str, Any]:
    """AUROC, average precision, base rate, Brier score, calibration and thinned ROC and PR curves of one class.

    Parameters
    ----------
    is_positive : (N,) bool. score : (N,) probability of the class.
    curves : False leaves out curves, calibration and intervals.

    AUROC and average precision are None where the part holds one class only.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

    positives = int(is_positive.sum())
    result: dict[str, Any] = {"positives": positives, "base_rate": positives / max(len(score), 1)}
    result |= calibration(is_positive, score) if curves and len(score) else {}
    if not 0 < positives < len(score):
        return {**result, "auroc": None, "average_precision": None}
    result["auroc"] = float(roc_auc_score(is_positive, score))
    result["average_precision"] = float(average_precision_score(is_positive, score))
    if not curves:
        return result
    false_rate, true_rate, _ = roc_curve(is_positive, score)
    precision, recall, _ = precision_recall_curve(is_positive, score)
    return {
        **result,
        **intervals.ranking(is_positive, score),
        "roc": dict(zip(("fpr", "tpr"), _thin(false_rate, true_rate), strict=True)),
        "pr": dict(zip(("recall", "precision"), _thin(recall, precision), strict=True)),
    }


def calibration(is_positive: np.ndarray, score: np.ndarray) -> dict[str, Any]:
    """Brier score, expected calibration error and the reliability of ten equally wide bins of the probability.

    reliability : lists over the bins that hold windows: mean `predicted` probability, `observed` share, `windows`.
    The error (ECE) is the mean of |predicted - observed| over windows.
    """
    which = np.clip((score * RELIABILITY_BINS).astype(int), 0, RELIABILITY_BINS - 1)
    count = np.bincount(which, minlength=RELIABILITY_BINS)
    held = count > 0
    predicted = np.bincount(which, score, RELIABILITY_BINS)[held] / count[held]
    observed = np.bincount(which, is_positive, RELIABILITY_BINS)[held] / count[held]
    return {
        "brier": float(np.mean((score - is_positive) ** 2)),
        "ece": float(np.sum(count[held] * np.abs(predicted - observed)) / len(score)),
        "reliability": {
            "predicted": predicted.round(5).tolist(),
            "observed": observed.round(5).tolist(),
            "windows": count[held].tolist(),
        },
    }


def value_metrics(truth: np.ndarray, predicted: np.ndarray, spread: bool = True) -> dict[str, Any]:
    """Pearson and Spearman correlation and mean squared error of one output; `spread` adds intervals.

    truth, predicted : (N,). Correlations are None where either is constant.
    """
    from scipy.stats import rankdata

    ranks = rankdata(truth), rankdata(predicted)
    result: dict[str, Any] = {
        "pearson": _pearson(truth, predicted),
        "spearman": _pearson(*ranks),
        "mse": float(np.mean((truth - predicted) ** 2)) if len(truth) else None,
    }
    if spread and result["pearson"] is not None:
        result["pearson_interval"] = intervals.correlation(truth, predicted)
        result["spearman_interval"] = intervals.correlation(*ranks)
        result["mse_interval"] = intervals.mean((truth - predicted) ** 2)
    return result


def _pearson(a: np.ndarray, b: np.ndarray) -> float | None:
    if len(a) < 2 or (a == a[0]).all() or (b == b[0]).all():
        return None
    return float(np.corrcoef(a.astype(np.float64), b.astype(np.float64))[0, 1])


def part_metrics(
    task: str, targets: np.ndarray, predictions: np.ndarray, classes: list[str], curves: bool = True
) -> dict[str, Any]:
    """Quality on one part of the data: `windows`, `classes` or (values) `outputs` by name, and `overall`.

    Parameters
    ----------
    targets : class index (N,), or (N, K) labels or values. predictions : (N, K) probabilities or values.
    curves : False leaves out curves, calibration and intervals.
    """
    found: dict[str, Any] = {"windows": len(targets), "classes": {}}
    if task == "values":
        columns = zip(classes, targets.T, predictions.T, strict=True)
        found["outputs"] = {name: value_metrics(t, p, curves) for name, t, p in columns}
        return {**found, "overall": _means(found["outputs"], ("pearson", "spearman", "mse"))}
    yes = targets[:, None] == np.arange(len(classes)) if task == "classes" else targets > 0.5
    found["classes"] = {name: class_metrics(yes[:, k], predictions[:, k], curves) for k, name in enumerate(classes)}
    found["overall"] = _means(found["classes"], ("auroc", "average_precision"))
    if curves and len(targets):
        found["overall"] |= _overall(task, yes, predictions)
    return found


def _overall(task: str, yes: np.ndarray, predictions: np.ndarray) -> dict[str, Any]:
    """Figures over all outputs at once. Brier score: squared error summed (classes) or averaged (labels) over outputs.

    Accuracy and ECE (classes) are those of the class with the highest probability.
    """
    squared = (predictions - yes) ** 2
    brier = squared.sum(1) if task == "classes" else squared.mean(1)
    result = {"brier": float(brier.mean()), "brier_interval": intervals.mean(brier)}
    if task == "classes":
        top = predictions.argmax(1)
        right = yes[np.arange(len(yes)), top]
        result |= {"accuracy": float(right.mean()), "accuracy_interval": intervals.mean(right)}
        found = calibration(right, predictions.max(1))
        result |= {"ece": found["ece"], "reliability": found["reliability"]}
    return result


def _means(entries: dict[str, dict[str, Any]], keys: tuple[str, ...]) -> dict[str, Any]:
    """Unweighted mean over the outputs for which there is a figure; None where there is none."""
    kept = {key: [entry[key] for entry in entries.values() if entry[key] is not None] for key in keys}
    return {f"mean_{key}": float(np.mean(values)) if values else None for key, values in kept.items()}


def _thin(x: np.ndarray, y: np.ndarray) -> tuple[list[float], list[float]]:
    """At most CURVE_POINTS points of a curve, even along its length, the first and the last among them."""
    length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    index = np.unique(np.searchsorted(length, np.linspace(0, length[-1], CURVE_POINTS)))
    index[-1] = len(x) - 1
    return x[index].round(5).tolist(), y[index].round(5).tolist()
