"""The three tasks: which loss they train with, which score chooses the epoch, and what their targets must be.

classes: one of K exclusive classes; labels: K yes-or-no answers; values: K numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import InputError
from ..metrics import part_metrics
from .options import Training

LOSSES = {"classes": ("cross-entropy",), "labels": ("bce",), "values": ("mse", "poisson")}
ACTIVATIONS = {"cross-entropy": "softmax", "bce": "sigmoid", "mse": "identity", "poisson": "exp"}
SCORES = {"classes": "average_precision", "labels": "average_precision", "values": "pearson"}


@dataclass(frozen=True)
class Task:
    """name: classes, labels or values. loss: one of LOSSES[name]. classes: names of the K outputs.

    activation : turns raw outputs into predictions (softmax, sigmoid, identity, exp). score : what early stopping reads.
    """

    name: str
    loss: str
    classes: list[str]

    @property
    def activation(self) -> str:
        return ACTIVATIONS[self.loss]

    @property
    def score(self) -> str:
        return SCORES[self.name]

    def criterion(self, targets: np.ndarray, balanced: bool, device: torch.device) -> Callable[..., Tensor]:
        """(raw outputs (n, K), targets) -> mean loss. targets: those of the train part, which balance the classes."""
        weight = torch.from_numpy(self._weights(targets)).to(device) if balanced else None
        if self.loss == "cross-entropy":
            return nn.CrossEntropyLoss(weight=weight)
        if self.loss == "bce":
            return nn.BCEWithLogitsLoss(pos_weight=weight)
        if self.loss == "mse":
            return nn.MSELoss()
        return nn.PoissonNLLLoss(log_input=True)  # the raw output is the logarithm of the rate

    def _weights(self, targets: np.ndarray) -> np.ndarray:
        """float32 (K,): classes N / (K n_k); labels negatives / positives. An absent class weighs 1."""
        if self.name == "classes":
            count = np.bincount(targets, minlength=len(self.classes))
            share = len(targets) / (len(self.classes) * np.maximum(count, 1))
        else:
            count = targets.sum(axis=0)
            share = (len(targets) - count) / np.maximum(count, 1)
        return np.where(count > 0, share, 1).astype(np.float32)

    def quality(self, targets: np.ndarray, outputs: Tensor) -> float:
        """Mean average precision (classes, labels) or mean Pearson correlation (values) of raw outputs (N, K)."""
        found = part_metrics(self.name, targets, activate(outputs, self.activation).numpy(), self.classes, curves=False)
        entries = found["outputs" if self.name == "values" else "classes"].values()
        return float(np.mean([entry[self.score] for entry in entries if entry[self.score] is not None]))


def activate(outputs: Tensor, activation: str) -> Tensor:
    """Raw outputs (N, K) as predictions: softmax, sigmoid, exp or identity."""
    known = {"softmax": lambda z: z.softmax(1), "sigmoid": torch.sigmoid, "exp": torch.exp, "identity": lambda z: z}
    if activation not in known:
        raise InputError(f"activation {activation!r} is not known; choose one of {', '.join(known)}")
    return known[activation](outputs)


def choose_task(name: str, classes: list[str], options: Training) -> Task:
    """The task of a windows file under `options`. Raises `InputError` for a loss or weights the task has no use for."""
    if name not in LOSSES:
        raise InputError(f"task {name!r} is not known; make the windows again with one of {', '.join(LOSSES)}")
    loss = LOSSES[name][0] if options.loss == "auto" else options.loss
    if loss not in LOSSES[name]:
        raise InputError(f"loss {loss!r} does not fit the task {name!r}; choose {' or '.join(LOSSES[name])}")
    if name == "values" and options.class_weights != "none":
        raise InputError("class_weights balanced is for classes and labels, not for values; leave it out")
    return Task(name, loss, classes)


def check_targets(task: Task, part: str, targets: np.ndarray, path: Path) -> None:
    """Raise `InputError` where a part is empty or nothing can be learnt from it."""
    if len(targets) == 0:
        raise InputError(f"{path}: the {part} part is empty; move the split or add regions")
    if task.name == "classes":
        if len(set(targets.tolist())) < 2:
            only = task.classes[targets[0]]
            raise InputError(f"{path}: the {part} part holds one class only ({only}); a classifier needs at least two")
        return
    if not np.isfinite(targets).all():
        row, column = np.argwhere(~np.isfinite(targets))[0]
        raise InputError(f"{path}: {task.classes[column]} of window {row} of the {part} part is no finite number")
    if (targets == targets[0]).all():
        raise InputError(f"{path}: every target is constant in the {part} part; there is nothing to learn from it")
    if task.name == "labels" and not np.isin(targets, (0, 1)).all():
        raise InputError(f"{path}: labels must be 0 or 1 in the {part} part; use the task values for numbers")
    if task.loss == "poisson" and targets.min() < 0:
        raise InputError(f"{path}: the poisson loss needs counts, but the {part} part has negative values; use mse")
