"""Quality of a classifier, one class against the rest, with the base rate beside the average precision."""

from __future__ import annotations

from typing import Any

import numpy as np

CURVE_POINTS = 200


def class_metrics(is_positive: np.ndarray, score: np.ndarray) -> dict[str, Any]:
    """AUROC, average precision, base rate and thinned ROC and PR curves of one class.

    Parameters
    ----------
    is_positive : (N,) bool. score : (N,) higher means more positive.

    AUROC and average precision are None where the part holds one class only.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

    positives = int(is_positive.sum())
    result: dict[str, Any] = {"positives": positives, "base_rate": positives / max(len(score), 1)}
    if not 0 < positives < len(score):
        return {**result, "auroc": None, "average_precision": None}
    false_rate, true_rate, _ = roc_curve(is_positive, score)
    precision, recall, _ = precision_recall_curve(is_positive, score)
    return {
        **result,
        "auroc": float(roc_auc_score(is_positive, score)),
        "average_precision": float(average_precision_score(is_positive, score)),
        "roc": dict(zip(("fpr", "tpr"), _thin(false_rate, true_rate), strict=True)),
        "pr": dict(zip(("recall", "precision"), _thin(recall, precision), strict=True)),
    }


def _thin(x: np.ndarray, y: np.ndarray) -> tuple[list[float], list[float]]:
    """At most CURVE_POINTS points of a curve, even along its length, the first and the last among them."""
    length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    index = np.unique(np.searchsorted(length, np.linspace(0, length[-1], CURVE_POINTS)))
    index[-1] = len(x) - 1
    return x[index].round(5).tolist(), y[index].round(5).tolist()


def split_metrics(labels: np.ndarray, probabilities: np.ndarray, classes: list[str]) -> dict[str, Any]:
    """`class_metrics` of every class, for one part of the data. labels (N,) class index; probabilities (N, K)."""
    return {
        "windows": len(labels),
        "classes": {name: class_metrics(labels == k, probabilities[:, k]) for k, name in enumerate(classes)},
    }
