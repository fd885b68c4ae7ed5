"""Training: cross-entropy, Adam, early stopping on the validation part's average precision. A short loop of our own:
the whole of it fits on a page, and a training framework would bring more configuration than it saves here.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ..device import choose_device, deterministic
from ..errors import InputError
from ..files import write_json
from ..progress import progress, say
from ..sequences import WindowSet, read_windows
from .metrics import split_metrics
from .store import Card, build, save_model


@dataclass(frozen=True)
class Training:
    """How to train.

    patience : epochs without a better validation average precision before training stops.
    averaging : decay of the running mean of the weights; that mean is validated and kept, as it is less noisy.
    """

    architecture: str = "motif-cnn"
    epochs: int = 40
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    averaging: float = 0.99
    patience: int = 8
    seed: int = 1
    device: str = "auto"
    threads: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "patience"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}={getattr(self, name)} is too small; give at least 1")
        if self.learning_rate <= 0:
            raise InputError(f"learning_rate={self.learning_rate} must be above 0")


def train(windows_path: Path, output: Path, options: Training, history_path: Path | None = None) -> dict[str, Any]:
    """Train on the `train` part, stop on the `validation` part, write model (and history); returns the history.

    The `test` part is not looked at. Same seed, same machine, same number of threads: same weights.

    Raises
    ------
    InputError : a part is empty, one class only, or windows too narrow for the architecture.
    """
    windows = read_windows(windows_path)
    parts = {name: _part(windows, name, windows_path) for name in ("train", "validation")}
    device = choose_device(options.device)
    with deterministic(options.seed, options.threads):
        kwargs = {"classes": len(windows.classes), "width": windows.onehot.shape[2]}
        model = build(options.architecture, **kwargs).to(device)
        start = time.monotonic()
        history, state = _fit(model, parts, windows.classes, options, device)
    model.load_state_dict(state)
    history["seconds"] = round(time.monotonic() - start, 1)
    card = Card(
        architecture=options.architecture,
        kwargs=kwargs,
        classes=windows.classes,
        width=kwargs["width"],
        parameters=sum(p.numel() for p in model.parameters()),
        seed=options.seed,
        training={**asdict(options), "best_epoch": history["best_epoch"], "windows": len(parts["train"][0])},
    )
    if history_path is not None:
        write_json(history_path, history)
    save_model(output, model, card)
    return history


def _part(windows: WindowSet, name: str, path: Path) -> tuple[Tensor, Tensor]:
    rows = np.flatnonzero((windows.regions["split"] == name).to_numpy())
    if len(rows) == 0:
        raise InputError(f"{path}: the {name} part is empty; move the split or add regions")
    labels = windows.targets[rows]
    if len(set(labels)) < 2:
        only = windows.classes[labels[0]]
        raise InputError(f"{path}: the {name} part holds one class only ({only}); a classifier needs at least two")
    return torch.from_numpy(windows.onehot[rows]), torch.from_numpy(labels)


def _fit(
    model: nn.Module,
    parts: dict[str, tuple[Tensor, Tensor]],
    classes: list[str],
    options: Training,
    device: torch.device,
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=options.epochs)
    shuffle = torch.Generator().manual_seed(options.seed)
    mean = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(options.averaging), use_buffers=True)
    epochs: list[dict[str, float]] = []
    best, best_epoch, state = -1.0, 0, {}
    with progress("training", options.epochs, "epochs") as advance:
        for epoch in range(1, options.epochs + 1):
            rate = optimizer.param_groups[0]["lr"]
            loss = _epoch(model, mean, *parts["train"], optimizer, options, shuffle, device)
            schedule.step()
            quality = _validate(mean.module, *parts["validation"], classes, device)
            epochs.append({"epoch": epoch, "train_loss": loss, **quality, "learning_rate": rate})
            advance(1)
            if quality["validation_average_precision"] > best:
                best, best_epoch = quality["validation_average_precision"], epoch
                state = {name: value.detach().clone() for name, value in mean.module.state_dict().items()}
            elif epoch - best_epoch >= options.patience:
                say(f"training: stopped after epoch {epoch}, best was epoch {best_epoch}")
                break
    return {"epochs": epochs, "best_epoch": best_epoch}, state


def _epoch(
    model: nn.Module,
    mean: AveragedModel,
    x: Tensor,
    labels: Tensor,
    optimizer: torch.optim.Optimizer,
    options: Training,
    shuffle: torch.Generator,
    device: torch.device,
) -> float:
    model.train()
    total = 0.0
    for rows in torch.randperm(len(x), generator=shuffle).split(options.batch_size):
        if len(rows) == 1 and len(x) > 1:
            continue  # batch norm has no variance over a single window
        loss = nn.functional.cross_entropy(model(x[rows].to(device, torch.float32)), labels[rows].to(device))
        if not torch.isfinite(loss):
            raise InputError("training diverged (the loss is not finite); lower the learning rate")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mean.update_parameters(model)
        total += float(loss.detach()) * len(rows)
    return total / len(x)


def _validate(
    model: nn.Module, x: Tensor, labels: Tensor, classes: list[str], device: torch.device
) -> dict[str, float]:
    from .predict import logits

    output = logits(model, x, device)
    probabilities = output.softmax(1).numpy()
    scores = split_metrics(labels.numpy(), probabilities, classes)["classes"].values()
    precisions = [score["average_precision"] for score in scores if score["average_precision"] is not None]
    return {
        "validation_loss": float(nn.functional.cross_entropy(output, labels)),
        "validation_average_precision": float(np.mean(precisions)),
    }
