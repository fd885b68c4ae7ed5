"""The door: windows file and options in, model file, history and figures out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...device import choose_device, deterministic
from ...errors import InputError
from ...files import check_output, write_json
from ...sequences import WindowFile, open_windows
from ..store import Card, save_model
from ..zoo import build, settled
from . import checkpoint
from .loader import Part, windows
from .loop import Data, fit, start
from .options import Training, check_shift
from .precision import choose_precision, precision
from .tasks import Task, check_targets, choose_task


def train(windows_path: Path, output: Path, options: Training, history_path: Path | None = None) -> dict[str, Any]:
    """Train on the `train` part, stop on the `validation` part, write model (and history); returns the history.

    The `test` part is not looked at. Same seed, same machine, same number of threads: same weights. A run that was
    killed goes on from its last whole epoch (`output`.checkpoint) when the same command is given again, and ends with
    the weights of a run that was not.

    Raises
    ------
    InputError : a part is empty or has nothing to learn, windows too narrow for the architecture, a loss or precision
        that does not fit, a loss that is not finite.
    """
    windows_path, output = Path(windows_path), Path(output)
    choose_precision(options.precision, choose_device(options.device))
    for path in (output, history_path):
        if path is not None:
            check_output(path)
    with ExitStack() as stack:
        with open_windows(windows_path) as file:  # closed again before reading processes are forked
            task = choose_task(file.task, file.classes, options)
            check_shift(options.augment_shift, file.width)
            parts = {name: _part(file, name, task, options, stack) for name in ("train", "validation")}
            kwargs = {"classes": len(file.classes), "width": file.width, **options.settings}
        history, model, notes = learn(
            lambda: build(options.architecture, **kwargs), parts, task, options, output, [windows_path]
        )
    if history_path is not None:
        write_json(history_path, history)
    save_model(output, model, _card(model, task, kwargs, options, {**notes, "windows": parts["train"].part.count}))
    checkpoint.beside(output).unlink(missing_ok=True)
    return history


def learn(
    make: Callable[[], nn.Module],
    parts: dict[str, Data],
    task: Task,
    options: Training,
    output: Path,
    sources: Sequence[Path],
    rooms: Sequence[str] = ("models",),
) -> tuple[dict[str, Any], nn.Module, dict[str, Any]]:
    """Train what `make` builds: its history, the network with its best weights, and notes for its card.

    sources : files that decide the weights: of samples, of weights to begin with. rooms : folders of the package whose code
    does. Both bind the checkpoint beside `output`, which is the caller's to remove once the model is written.
    """
    device = choose_device(options.device)
    chosen = choose_precision(options.precision, device)
    with deterministic(options.seed, options.threads), precision(chosen, device):
        model = make()
        _check_output(model, options.architecture, parts["train"].part.source.shape, len(task.classes))
        _check_batch(model, options)
        state = start(model.to(device), options)
        kept, key = checkpoint.beside(output), checkpoint.run_key(options, sources, rooms)
        checkpoint.restore(kept, state, key)
        fit(state, parts["train"], parts["validation"], task, options, device, kept, key)
    model.load_state_dict(state.best)
    history = {"epochs": state.epochs, "best_epoch": state.best_epoch, "seconds": round(state.seconds, 1)}
    return history, model, {**asdict(options), "best_epoch": state.best_epoch, "loss": task.loss, "precision": chosen}


def _part(file: WindowFile, name: str, task: Task, options: Training, stack: ExitStack) -> Data:
    rows = file.rows(split=name)
    targets = file.targets[rows]
    check_targets(task, name, targets, file.path)
    budget = options.buffer_mb << 20
    part = Part(windows(file.path, file.width), rows, budget, options.workers, len(os.sched_getaffinity(0)))
    stack.callback(part.close)
    return Data(part, targets if task.name == "classes" else np.asarray(targets, np.float32))


def _check_output(model: nn.Module, name: str, shape: tuple[int, ...], classes: int) -> None:
    """Raise `InputError` unless the model gives one number per class."""
    model.eval()
    with torch.inference_mode():
        found = model(torch.zeros(2, *shape))
    if not isinstance(found, Tensor):
        hint = "; give --set profile=false" if isinstance(found, dict) and "profile" in found else ""
        raise InputError(f"architecture {name} gives several outputs, and training takes one{hint}")
    if found.shape != (2, classes):
        raise InputError(
            f"architecture {name} gives {tuple(found.shape[1:])} numbers a window, the windows have {classes} classes"
        )


def _check_batch(model: nn.Module, options: Training) -> None:
    """Raise `InputError` for single windows where batch norm has no variance over them."""
    if options.batch_size == 1 and any(isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) for layer in model.modules()):
        raise InputError(f"batch_size=1 is too small for the batch norm of {options.architecture}; give at least 2")


def _card(model: nn.Module, task: Task, kwargs: dict[str, Any], options: Training, notes: dict[str, Any]) -> Card:
    architecture, code = settled(options.architecture)
    return Card(
        architecture=architecture,
        code=code,
        kwargs=kwargs,
        classes=task.classes,
        width=kwargs["width"],
        parameters=sum(p.numel() for p in model.parameters()),
        seed=options.seed,
        task=task.name,
        activation=task.activation,
        training=notes,
    )
