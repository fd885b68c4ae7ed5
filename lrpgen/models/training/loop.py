"""Epochs with AdamW, a running mean of the weights, early stopping on the validation part's score.

A short loop of our own. Lightning was weighed: its Trainer brings callbacks, loggers and pickled checkpoints, resumes
in the middle of a run only for loaders that keep their state, and is a large dependency; what is needed here
(streaming under a byte budget, exact resume from plain tensors) would have had to be written all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import lr_scheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ...errors import InputError
from ...progress import progress, say
from . import checkpoint
from .augment import augment
from .checkpoint import State
from .loader import Part
from .options import Training
from .tasks import Task

VALIDATION_BATCH = 512


@dataclass(frozen=True)
class Data:
    """A part of the samples and its targets: int64 (N,) classes, float32 (N, K) labels or values.

    prepare : what the network is given, from samples as float32 (n, ...); None = those.
    """

    part: Part
    targets: np.ndarray
    prepare: Callable[[Tensor], Tensor] | None = None

    def inputs(self, samples: np.ndarray, device: torch.device) -> Tensor:
        x = torch.from_numpy(samples).to(device, torch.float32)
        return x if self.prepare is None else self.prepare(x)


def start(model: nn.Module, options: Training) -> State:
    """A run before its first epoch."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    return State(
        model=model,
        mean=AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(options.averaging), use_buffers=True),
        optimizer=optimizer,
        schedule=_schedule(optimizer, options),
        shuffle=torch.Generator().manual_seed(options.seed),
    )


def _schedule(
    optimizer: torch.optim.Optimizer, options: Training
) -> lr_scheduler.LRScheduler | lr_scheduler.ReduceLROnPlateau:
    if options.schedule == "cosine":
        return lr_scheduler.CosineAnnealingLR(optimizer, T_max=options.epochs)
    if options.schedule == "plateau":
        return lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", factor=0.1, patience=options.patience // 2)
    return lr_scheduler.ConstantLR(optimizer, factor=1.0)


def fit(
    state: State,
    train: Data,
    validation: Data,
    task: Task,
    options: Training,
    device: torch.device,
    save: Path,
    key: str,
) -> None:
    """Train until the epochs are over or the validation score has stopped rising; a checkpoint after every epoch.

    Raises `InputError` when the loss is not finite.
    """
    criterion = task.criterion(train.targets, options.class_weights == "balanced", device)
    with progress("training", options.epochs - state.epoch, "epochs") as advance:
        while state.epoch < options.epochs and not _stalled(state, options):
            begun = time.monotonic()
            rate = state.optimizer.param_groups[0]["lr"]
            loss = _epoch(state, train, criterion, options, device)
            found, score = _validate(state.mean.module, validation, criterion, task, device)
            if isinstance(state.schedule, lr_scheduler.ReduceLROnPlateau):
                state.schedule.step(score)
            else:
                state.schedule.step()
            state.epoch += 1
            state.epochs.append({"epoch": state.epoch, "train_loss": loss, **found, "learning_rate": rate})
            if score > state.score:
                state.score, state.best_epoch = score, state.epoch
                state.best = {name: value.detach().clone() for name, value in state.mean.module.state_dict().items()}
            state.seconds += time.monotonic() - begun
            checkpoint.save(save, state, key)
            advance(1)
    if state.epoch < options.epochs:
        say(f"training: stopped after epoch {state.epoch}, best was epoch {state.best_epoch}")
    if not state.best:
        raise InputError(f"no epoch had a finite validation {task.score}; lower the learning rate")


def _stalled(state: State, options: Training) -> bool:
    return state.epoch - state.best_epoch >= options.patience


def _epoch(
    state: State, data: Data, criterion: Callable[..., Tensor], options: Training, device: torch.device
) -> float:
    """One pass over the train part; the mean loss of its samples."""
    state.model.train()
    rng = np.random.default_rng((options.seed, state.epoch))  # of augmentation: a function of seed and epoch alone
    total = 0.0
    for positions, samples in data.part.shuffled(options.batch_size, state.shuffle):
        if len(positions) == 1 and options.batch_size > 1 and data.part.count > 1:
            continue  # batch norm has no variance over a single window
        if options.augment_rc or options.augment_shift:
            samples = augment(samples, rng, rc=options.augment_rc, shift=options.augment_shift)
        x = data.inputs(samples, device)
        loss = criterion(state.model(x).float(), torch.from_numpy(data.targets[positions]).to(device))
        if not torch.isfinite(loss):
            raise InputError("training diverged (the loss is not finite); lower the learning rate")
        state.optimizer.zero_grad()
        loss.backward()
        state.optimizer.step()
        state.mean.update_parameters(state.model)
        total += float(loss.detach()) * len(positions)
    return total / data.part.count


def _validate(
    model: nn.Module, data: Data, criterion: Callable[..., Tensor], task: Task, device: torch.device
) -> tuple[dict[str, float], float]:
    """Loss and score of the validation part, as the history names them, and the score."""
    model.eval()
    parts = []
    with torch.inference_mode():
        for _, samples in data.part.in_order(VALIDATION_BATCH):
            parts.append(model(data.inputs(samples, device)).float().cpu())
    outputs = torch.cat(parts)
    if not torch.isfinite(outputs).all():
        raise InputError("training diverged (the model's outputs are not finite); lower the learning rate")
    loss = criterion(outputs.to(device), torch.from_numpy(data.targets).to(device))
    score = task.quality(data.targets, outputs)
    return {"validation_loss": float(loss), f"validation_{task.score}": score}, score
