"""Simple models on the same windows: is the network worth it?

Two sets of features, each under a linear model on the train part. `kmers`: how often each word of 1 to 6 bases occurs on
the window's own strand; blind to position. `positions`: which base stands where; of use where windows are aligned, as
around splice sites. Classes: multinomial logistic regression; labels: one logistic regression each; values: ridge
regression. The penalty is chosen on the validation part; the test part is only measured.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from ..files import write_json
from ..progress import progress, say
from ..sequences import WindowFile, open_windows
from .intervals import METHOD
from .metrics import part_metrics
from .training.tasks import check_targets, choose_task

Sparse = Any  # scipy's CSR matrices; their stubs do not know their own methods
LONGEST = 6  # bases of the longest word: 5,460 words in all
TRAIN_CAP = 20_000  # windows a linear model learns from; of more, a random sample
OTHER_CAP = 50_000  # windows of another part that are measured; of more, a random sample
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # C of the logistic regressions: larger means freer
RIDGES = (1e2, 1e3, 1e4, 1e5)  # alpha of the ridge regression: larger means stiffer
READ = 1024  # windows read at a time


def kmer_counts(onehot: np.ndarray) -> Sparse:
    """float32 (n, 5460) counts of the words of 1 to 6 bases in (n, 4, L); words with an unknown base do not count."""
    index, known = onehot.argmax(axis=1), np.max(onehot, axis=1) > 0
    rows = len(onehot)
    counts, words, valid = [], np.zeros_like(index), np.ones_like(known)
    for k in range(1, LONGEST + 1):
        length = index.shape[1] - k + 1
        if length < 1:
            counts.append(sparse.csr_matrix((rows, 4**k), dtype=np.float32))
            continue
        words = words[:, :length] * 4 + index[:, k - 1 :]
        valid = valid[:, :length] & known[:, k - 1 :]
        row, column = np.nonzero(valid)
        ones = np.ones(len(row), np.float32)
        counts.append(sparse.csr_matrix((ones, (row, words[row, column])), shape=(rows, 4**k)))  # sums repeats
    return sparse.hstack(counts, format="csr")


def positions(onehot: np.ndarray) -> Sparse:
    """float32 (n, 4 L): the one-hot array itself."""
    return sparse.csr_matrix(onehot.reshape(len(onehot), -1), dtype=np.float32)


FEATURES: dict[str, Callable[[np.ndarray], Sparse]] = {"kmers": kmer_counts, "positions": positions}


def run_baseline(windows_path: Path, output: Path | None = None, seed: int = 1) -> dict[str, Any]:
    """Train and measure the linear models; returns (and writes) `{features: {penalty, windows, splits: {part: ...}}}`.

    `splits` has the form of the metrics of `lrpgen predict`, so that figures stand side by side.

    Raises
    ------
    InputError : a part is empty or has nothing to learn.
    """
    from .training.options import Training

    with open_windows(windows_path) as file:
        task = choose_task(file.task, file.classes, Training())
        rows = {part: _sample(file, part, seed) for part in ("train", "validation", "test")}
        targets = {part: file.targets[chosen] for part, chosen in rows.items()}
        for part in ("train", "validation"):
            check_targets(task, part, targets[part], file.path)
        result: dict[str, Any] = {"task": task.name, "interval": METHOD, "models": {}}
        with progress("baseline", len(FEATURES), "models") as advance:
            for name, features in FEATURES.items():
                x = {part: _features(file, chosen, features) for part, chosen in rows.items()}
                result["models"][name] = _best(task.name, x, targets, file.classes, seed)
                advance(1)
    if output is not None:
        write_json(output, result)
    return result


def _sample(file: WindowFile, part: str, seed: int) -> np.ndarray:
    rows, cap = file.rows(split=part), TRAIN_CAP if part == "train" else OTHER_CAP
    if len(rows) <= cap:
        return rows
    say(f"baseline: {cap:,} of {len(rows):,} windows of the {part} part, drawn at random")
    return np.sort(np.random.default_rng(seed).choice(rows, cap, replace=False))


def _features(file: WindowFile, rows: np.ndarray, features: Callable[..., Sparse]) -> Sparse:
    parts = [features(file.onehot(rows[at : at + READ])) for at in range(0, len(rows), READ)]
    return sparse.vstack(parts, format="csr") if parts else features(np.zeros((0, 4, file.width), np.int8))


def _best(
    task: str, x: dict[str, Sparse], targets: dict[str, np.ndarray], classes: list[str], seed: int
) -> dict[str, Any]:
    """The penalty that does best on the validation part, and its quality on every part."""
    scale = _scale(x["train"])
    x = {part: matrix @ scale for part, matrix in x.items()}
    found = []
    for penalty in RIDGES if task == "values" else PENALTIES:
        predict = _fit(task, x["train"], targets["train"], penalty, len(classes), seed)
        found.append((_score(task, targets["validation"], predict(x["validation"]), classes), penalty, predict))
    _, penalty, predict = max(found, key=lambda one: one[0])
    used = {part: matrix for part, matrix in x.items() if matrix.shape[0]}
    splits = {part: part_metrics(task, targets[part], predict(matrix), classes) for part, matrix in used.items()}
    return {"penalty": penalty, "features": x["train"].shape[1], "windows": x["train"].shape[0], "splits": splits}


def _scale(x: Sparse) -> Sparse:
    """A diagonal that gives every column of `x` a standard deviation of 1; constant columns are dropped to 0."""
    mean = np.asarray(x.mean(axis=0)).ravel()
    variance = np.asarray(x.multiply(x).mean(axis=0)).ravel() - mean**2
    wide = variance > 1e-9  # below it is rounding
    return sparse.diags(np.where(wide, 1 / np.sqrt(np.where(wide, variance, 1)), 0).astype(np.float32))


def _score(task: str, targets: np.ndarray, predictions: np.ndarray, classes: list[str]) -> float:
    overall = part_metrics(task, targets, predictions, classes, curves=False)["overall"]
    score = overall["mean_pearson" if task == "values" else "mean_average_precision"]
    return -np.inf if score is None else score


def _fit(
    task: str, x: Sparse, targets: np.ndarray, penalty: float, outputs: int, seed: int
) -> Callable[[Sparse], np.ndarray]:
    """A trained linear model as a function: features -> predictions (n, K)."""
    from sklearn.linear_model import LogisticRegression, Ridge

    if task == "values":
        ridge = Ridge(alpha=penalty, solver="lsqr").fit(x, targets)
        return lambda other: ridge.predict(other).reshape(-1, outputs)
    # A loose tolerance: a baseline's ranking does not change in the fourth digit of its weights.
    make = lambda: LogisticRegression(C=penalty, max_iter=200, tol=1e-3, random_state=seed)  # noqa: E731
    if task == "classes":
        model = make().fit(x, targets)
        return lambda other: _spread(model.predict_proba(other), model.classes_, outputs)
    models: list[Any] = [
        make().fit(x, column) if 0 < column.sum() < len(column) else float(column[0]) for column in targets.T
    ]
    return lambda other: np.stack(
        [
            np.full(other.shape[0], m) if isinstance(m, float) else np.asarray(m.predict_proba(other))[:, 1]
            for m in models
        ],
        axis=1,
    )


def _spread(probabilities: np.ndarray, present: np.ndarray, outputs: int) -> np.ndarray:
    """Columns for all classes, zeros for those the train part does not have."""
    full = np.zeros((len(probabilities), outputs), probabilities.dtype)
    full[:, present] = probabilities
    return full
