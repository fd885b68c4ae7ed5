"""Train a network on an images file: the loop of `models.training`, which reads blocks of pixels and normalises batches.

Nothing of that loop is repeated here: batches under a memory budget, running mean, early stopping, checkpoints and the
options are the same as for DNA. What is added is how pixels are read, and the accuracy on the test part at the end.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..device import choose_device, deterministic
from ..errors import InputError
from ..files import check_output, write_json
from ..models import save_model
from ..models.intervals import mean as mean_interval
from ..models.training import Training, checkpoint
from ..models.training.loader import Part, Reader, Samples
from ..models.training.loop import VALIDATION_BATCH, Data
from ..models.training.precision import choose_precision
from ..models.training.run import learn
from ..models.training.tasks import Task, check_targets, choose_task
from .imagefile import ImageFile, open_images
from .nets import build
from .weights import begin_with, card_of

DECIDED = ("channels", "height")  # arguments of a network that the images decide, beside those that options refuse


def train(
    images: Path, output: Path, options: Training, history_path: Path | None = None, weights: Path | None = None
) -> dict[str, Any]:
    """Train on the `train` part, stop on the `validation` part, write model (and history); returns the history.

    Same seed, same machine, same number of threads: same weights. A run that was killed goes on from its last whole epoch
    when the same command is given again. The test part is looked at once, after training: `history["test"]` has the
    accuracy with its interval; None where there is no such part.

    Parameters
    ----------
    weights : a file to begin with (fine-tuning); where it is of other classes, the output layer begins anew.

    Raises
    ------
    InputError : a part is empty or of one class, images too small for the network, weights of another network, a loss that
        is not finite.
    """
    images, output = Path(images), Path(output)
    choose_precision(options.precision, choose_device(options.device))
    for path in (output, history_path):
        if path is not None:
            check_output(path)
    with ExitStack() as stack:
        with open_images(images) as file:  # closed again before reading processes are forked
            task = choose_task("classes", file.classes, options)
            parts = {name: _part(file, name, task, options, stack) for name in ("train", "validation", "test")}
            kwargs = _kwargs(file, options)
            normalisation = {"mean": file.mean, "std": file.std}

        def make() -> nn.Module:
            net = build(options.architecture, **kwargs)
            if weights is not None:
                begin_with(net, weights)
            return net

        sources = [images] if weights is None else [images, Path(weights)]
        history, net, notes = learn(make, parts, task, options, output, sources, ("models", "images"))
        with deterministic(options.seed, options.threads):
            history["test"] = accuracy(net, parts["test"]) if parts["test"].part.count else None
    if history_path is not None:
        write_json(history_path, history)
    notes |= {"images": parts["train"].part.count, "test": history["test"], "weights": weights and Path(weights).name}
    more = {"seed": options.seed, "task": task.name, "activation": task.activation, "training": notes}
    save_model(output, net, card_of(options.architecture, kwargs, file.classes, net, normalisation, **more))
    checkpoint.beside(output).unlink(missing_ok=True)
    return history


def accuracy(net: nn.Module, data: Data) -> dict[str, Any]:
    """Share of images whose class has the highest output, its 95 % bootstrap interval, and their number."""
    device = next(net.parameters()).device
    net.eval()
    right = []
    with torch.inference_mode():
        for positions, samples in data.part.in_order(VALIDATION_BATCH):
            top = net(data.inputs(samples, device)).argmax(1).cpu().numpy()
            right.append(top == data.targets[positions])
    share = np.concatenate(right)
    return {"accuracy": float(share.mean()), "interval": mean_interval(share), "images": len(share)}


def _kwargs(file: ImageFile, options: Training) -> dict[str, Any]:
    for name in DECIDED:
        if name in options.settings:
            raise InputError(f"--set {name}=... is not yours to set: the images decide it; leave it out")
    shape = {"channels": file.channels, "height": file.height, "width": file.width}
    return {"classes": len(file.classes), **shape, **options.settings}


def _part(file: ImageFile, name: str, task: Task, options: Training, stack: ExitStack) -> Data:
    rows = file.rows(split=name)
    rows = rows[file.labels[rows] >= 0]  # those without a class teach nothing
    targets = file.labels[rows]
    if name != "test":
        check_targets(task, name, targets, file.path)
    source = Samples(file.path, (file.channels, file.height, file.width), _open_pixels, np.uint8)
    part = Part(source, rows, options.buffer_mb << 20, options.workers, len(os.sched_getaffinity(0)))
    stack.callback(part.close)
    return Data(part, targets, _normaliser(file.mean, file.std))


@contextmanager
def _open_pixels(path: Path) -> Iterator[Reader]:
    with open_images(path) as file:
        yield file.pixels


def _normaliser(mean: list[float], std: list[float]) -> Callable[[Tensor], Tensor]:
    """`transform.normalise` where the batch is, GPU or CPU: (pixels / 255 - mean) / std in float32."""

    def normalise(x: Tensor) -> Tensor:
        return (x / 255 - x.new_tensor(mean)[:, None, None]) / x.new_tensor(std)[:, None, None]

    return normalise
