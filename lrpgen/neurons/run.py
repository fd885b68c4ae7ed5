"""`lrpgen neurons`: a model and windows, or images; a folder that describes the network's neurons comes out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .. import __version__
from ..device import choose_device, set_threads
from ..errors import InputError
from ..files import atomic_dir, sha256
from ..images.imagefile import is_images, open_images
from ..images.subjects import LABEL
from ..images.subjects import draw as draw_images
from ..images.weights import open_network
from ..lrp.explain import as_graph
from ..models import Card, load_model, read_card
from ..progress import progress, say
from ..relevance.work import draw
from ..sequences.windowfile import open_windows
from .output import write_study
from .study import Setting, study


@dataclass(frozen=True)
class NeuronJob:
    """windows : a file of windows or of images. labels, target : as of `lrpgen explain`; of images all classes, each for its own.
    split : part of the windows; inputs : at most so many of them, drawn by the seed. tolerance : error that is accepted,
    as a share of the full heat map's mean square."""

    model: Path
    windows: Path
    output: Path
    labels: tuple[str, ...] | None = None
    target: str | None = None
    split: str = "test"
    inputs: int = 64
    tolerance: float = 0.1
    setting: Setting = field(default_factory=Setting)
    device: str = "auto"
    threads: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance <= 1:
            raise InputError(f"tolerance {self.tolerance} lies outside 0..1; 0.1 is common")


def look(job: NeuronJob) -> dict[str, Any]:
    """Write `job.output`, whole or not at all; returns what its network.json holds.

    Raises `InputError` for windows that do not fit the model, unknown classes, a part of the split without windows, and as
    `study` does.
    """
    images = is_images(job.windows)
    set_threads(job.threads)
    model, card = open_network(job.model) if images else (load_model(job.model), read_card(job.model))
    x, target, names = _images(job, card, model) if images else _windows(job, card)
    place = choose_device(job.device)
    graph = as_graph(model, torch.zeros(1, *x.shape[1:])).to(place)
    outputs, group = target.unique(return_inverse=True)
    groups = [card.classes[k] for k in outputs.tolist()]
    with progress("neurons", 2 * len(x), "inputs") as advance:
        found = study(graph, x, target, groups, group, job.setting, advance)
    facts = {
        "windows": job.windows.name,
        "windows_sha256": sha256(job.windows),
        "model_sha256": sha256(job.model),
        "split": job.split,
        "inputs": len(x),
        "target": job.target or "own class",
        "tolerance": job.tolerance,
        "device": place.type,
        "lrpgen_version": __version__,
        **{key: value for key, value in asdict(job.setting).items() if key != "prune"},
    }
    with atomic_dir(job.output) as folder:
        network = write_study(folder, found, facts, card.classes, names, job.tolerance)
    for line in network["findings"]:
        say(line)
    return network


def _windows(job: NeuronJob, card: Card) -> tuple[Tensor, Tensor, list[str]]:
    """Inputs (n, 4, L), the output each is explained for (n,), and their names."""
    with open_windows(job.windows) as source:
        if source.width != card.width:
            raise InputError(f"{job.windows} holds windows of {source.width} bp, the model takes {card.width} bp")
        labels = list(job.labels) if job.labels else None
        rows, target = draw(source, card, labels, job.target, job.split, job.inputs, job.setting.seed)
        if not len(rows):
            raise InputError(f"{job.windows} has nothing to look at in its {job.split} part; choose another --split")
        return torch.from_numpy(source.onehot(rows)), target, source.table(rows)["name"].astype(str).tolist()


def _images(job: NeuronJob, card: Card, model: nn.Module) -> tuple[Tensor, Tensor, list[str]]:
    """The same of images: inputs (n, C, H, W), drawn as `lrpgen images evaluate` draws them."""
    with open_images(job.windows) as source:
        shape = [source.channels, source.height, source.width]
        if shape != card.shape:
            raise InputError(f"{job.windows} holds images of shape {shape}, the model takes {card.takes}")
        drawn = draw_images(
            model, source, card.classes, split=job.split, labels=job.labels, target=job.target or LABEL,
            inputs=job.inputs, seed=job.setting.seed, batch_size=job.setting.batch_size,
        )  # fmt: skip
        return torch.from_numpy(drawn.x), drawn.target, source.names(drawn.rows)
