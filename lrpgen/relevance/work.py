"""What there is to explain: windows of a file or tiles of a genome, the rows of one shard of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from ..errors import InputError
from ..files import sha256
from ..models import Card
from ..progress import say
from ..sequences import Genome, Tiles, WindowFile, open_windows
from ..sequences.negatives import seeds_by_number, shuffle_seeded
from .job import Job

UNLABELLED = "."  # label and split of tiles, which nobody annotated
SHUFFLED_WINDOWS, DRAWN = 2, 7  # streams of seeds: of shuffles, and of which windows are drawn


class Asked(NamedTuple):
    """A batch of n windows: their numbers among all of the work (n,), where they lie, bases int8 (n, 4, L), and the
    output int64 (n,) that each is explained for."""

    numbers: np.ndarray
    regions: pd.DataFrame
    onehot: np.ndarray
    target: torch.Tensor

    def part(self, start: int, stop: int) -> Asked:
        rows = slice(start, stop)
        return Asked(self.numbers[rows], self.regions.iloc[rows], self.onehot[rows], self.target[rows])


@dataclass(frozen=True)
class Work:
    """rows: numbers of this shard's windows, out of `total` in all shards. read: some of them, in their order.

    origin : what the windows are, for the store. whole : the store keeps one-hot, and multipliers where they are wanted.
    """

    rows: np.ndarray
    total: int
    read: Callable[[np.ndarray], Asked]
    origin: dict[str, Any]
    whole: bool


@contextmanager
def of_windows(job: Job, card: Card, windows: Path, labels: list[str] | None) -> Iterator[Work]:
    """Windows of a file; see `run.explain_windows`."""
    with open_windows(windows) as source:
        if source.width != card.width:
            raise InputError(f"{windows} holds windows of {source.width} bp, the model takes {card.width} bp")
        chosen, selected = select(source, card, labels, job.target)

        def read(numbers: np.ndarray) -> Asked:
            rows = selected[numbers * len(selected) // job.shuffled if job.shuffled else numbers]
            table, onehot = source.table(rows), source.onehot(rows)
            target = torch.tensor([card.index(job.target or label) for label in table["label"]])
            if job.shuffled:
                onehot = shuffles(onehot, numbers, job.seed)
                table = table.assign(name="shuffle:" + table["name"].astype(str))
            return Asked(numbers, table, onehot, target)

        total = job.shuffled or len(selected)
        origin = {"windows": sha256(windows), "labels": chosen, "shuffled": job.shuffled}
        yield Work(job.rows(total), total, read, origin, whole=not job.shuffled)


@contextmanager
def of_tiles(job: Job, card: Card, genome: Path, stride: int) -> Iterator[Work]:
    """Tiles of a genome on both strands. Their stores would outgrow it many times with one-hot and multipliers."""
    if job.target is None:
        raise InputError("tiles have no class of their own; name one with --target")
    target = card.index(job.target)
    with Genome(genome) as source:
        tiles = Tiles(source, card.width, stride)

        def read(numbers: np.ndarray) -> Asked:
            regions, onehot = tiles.batch(numbers)
            regions = regions.assign(label=UNLABELLED, split=UNLABELLED)
            return Asked(numbers, regions, onehot, torch.full((len(numbers),), target))

        origin = {"genome": Path(genome).name, "sha256": sha256(genome), "stride": stride}
        yield Work(job.rows(len(tiles)), len(tiles), read, origin, whole=False)


def select(
    source: WindowFile, card: Card, labels: list[str] | None, target: str | None
) -> tuple[list[str] | None, np.ndarray]:
    """Classes whose windows of `source` are explained, and these windows' numbers (n,); errors as in `run.explain_windows`."""
    if source.task != "classes":
        selected = _unlabelled(source, card, labels, target)
        if source.task == "labels":
            say(f"explaining: {len(selected):,} of {len(source):,} windows, those with {target} = 1")
        return labels, selected
    chosen = labels or source.classes[:-1]
    for label in chosen if target is None else [target]:
        card.index(label)
    selected = np.concatenate([source.rows(labels=[label]) for label in set(chosen) & set(source.classes)] or [[]])
    if len(selected) == 0:
        raise InputError(f"{source.path} holds no window labelled {', '.join(chosen)}; choose other labels")
    return chosen, np.sort(selected)


def draw(
    source: WindowFile, card: Card, labels: list[str] | None, target: str | None, split: str, inputs: int, seed: int
) -> tuple[np.ndarray, torch.Tensor]:
    """At most `inputs` of the windows that would be explained, from one part of the split: their numbers (n,), ascending,
    drawn by the seed, and the output int64 (n,) each is explained for. Errors as in `select`; none where n is 0."""
    there = np.intersect1d(select(source, card, labels, target)[1], source.rows(split=split))
    rows = np.sort(np.random.default_rng([seed, DRAWN]).permutation(there)[:inputs])
    return rows, torch.tensor([card.index(target or label) for label in source.table(rows)["label"]], dtype=torch.int64)


def shuffles(onehot: np.ndarray, numbers: np.ndarray, seed: int) -> np.ndarray:
    """A dinucleotide shuffle of each window: its own by `numbers`, whatever the shard and the batch."""
    return shuffle_seeded(onehot, seeds_by_number(numbers, 1, seed, SHUFFLED_WINDOWS))[:, 0]


def _unlabelled(source: WindowFile, card: Card, labels: list[str] | None, target: str | None) -> np.ndarray:
    """Rows of windows without one class of their own: for values all; for labels those that have `target`."""
    if labels or target is None:
        raise InputError(
            f"windows of {source.path} have no class of their own; name an output with --target, not --labels"
        )
    card.index(target)
    if source.task == "values":
        return np.arange(len(source.regions))
    if target not in source.classes:
        raise InputError(f"{source.path} has no label {target!r} ({', '.join(source.classes)}); choose one of them")
    selected = np.flatnonzero(source.targets[:, source.classes.index(target)] == 1)
    if len(selected) == 0:
        raise InputError(f"{source.path} holds no window with the label {target}; choose another target")
    return selected
