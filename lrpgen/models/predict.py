"""Predictions for windows: a table of probabilities, and the quality of the model on each part of the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..device import choose_device, set_threads
from ..errors import InputError
from ..files import atomic, write_json
from ..progress import progress
from ..sequences import read_windows
from .metrics import split_metrics
from .store import Card, load_model, read_card


def logits(model: nn.Module, x: Tensor, device: torch.device, batch_size: int = 512, advance: Any = None) -> Tensor:
    """(N, K) outputs on the CPU for x (N, 4, L), in eval mode, without gradients."""
    model.eval()
    parts = []
    with torch.inference_mode():
        for part in x.split(batch_size):
            parts.append(model(part.to(device, torch.float32)).cpu())
            if advance:
                advance(len(part))
    return torch.cat(parts)


def check_fit(card: Card, width: int, where: Path) -> None:
    """Raise `InputError` unless windows of `width` bp fit the model."""
    if width != card.width:
        raise InputError(f"{where} holds windows of {width} bp, the model takes {card.width} bp; make them again")


def predict(
    windows_path: Path,
    model_path: Path,
    output: Path,
    metrics_path: Path | None = None,
    *,
    batch_size: int = 512,
    device: str = "auto",
    threads: int = 0,
) -> dict[str, Any]:
    """Write softmax probabilities of all windows as TSV (and metrics of each part as JSON); returns the metrics.

    Raises
    ------
    InputError : windows and model do not fit together (width, classes).
    """
    windows, card = read_windows(windows_path), read_card(model_path)
    check_fit(card, windows.onehot.shape[2], windows_path)
    if windows.classes != card.classes:
        raise InputError(
            f"{windows_path} has classes {windows.classes}, the model knows {card.classes}; they must agree"
        )
    place = choose_device(device)
    set_threads(threads)
    model = load_model(model_path).to(place)
    with progress("predicting", len(windows.regions), "windows") as advance:
        outputs = logits(model, torch.from_numpy(windows.onehot), place, batch_size, advance)
    probabilities = outputs.softmax(1).numpy()
    metrics = _metrics(windows, probabilities)
    if metrics_path is not None:
        write_json(metrics_path, metrics)
    table = windows.regions.copy()
    for k, name in enumerate(card.classes):
        table[name] = probabilities[:, k].round(6)
    with atomic(output) as tmp:
        table.drop(columns="score").to_csv(tmp, sep="\t", index=False)
    return metrics


def _metrics(windows: Any, probabilities: np.ndarray) -> dict[str, Any]:
    labels = windows.targets
    splits = windows.regions["split"].to_numpy()
    return {
        "splits": {
            name: split_metrics(labels[splits == name], probabilities[splits == name], windows.classes)
            for name in ("test", "validation", "train")
        }
    }
