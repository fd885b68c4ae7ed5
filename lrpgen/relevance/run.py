"""Windows or genome tiles through the engine into a shard of the relevance store, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from ..device import choose_device, set_threads
from ..errors import InputError
from ..files import sha256
from ..lrp import Explanation, Graph, Prune, explain
from ..lrp.explain import as_graph
from ..lrp.explanation import averaged
from ..models import Card, load_model, read_card
from ..models.ensemble import check_members, model_paths
from ..progress import progress, say
from ..sequences import Genome, Tiles, WindowFile, open_windows
from ..sequences.negatives import shuffle_seeded
from .store import LEDGER_COLUMNS, Batch, create

METHOD = ("reference", "strands", "init")  # arguments of `explain` that a job passes on as they are
UNLABELLED = "."  # label and split of tiles, which nobody annotated


@dataclass(frozen=True)
class Job:
    """One shard of work. shard: (k, n), k counted from 1. target: a class name; None = each window's own class.

    members : further models; the store then holds the mean relevance over all and its spread.
    shuffled : explain so many dinucleotide shuffles of the windows in their place: what relevance without a signal looks
        like, for error rates of seqlets. Their store holds neither one-hot nor multipliers.
    """

    model: Path
    output: Path
    target: str | None = None
    composite: str = "epsilon"
    prune: Prune | None = None
    reference: str | int | None = None
    strands: str = "one"
    init: str = "logit"
    shard: tuple[int, int] = (1, 1)
    batch_size: int = 256
    multipliers: bool = True
    device: str = "auto"
    threads: int = 0
    seed: int = 1
    members: tuple[Path, ...] = ()
    shuffled: int = 0

    def __post_init__(self) -> None:
        k, n = self.shard
        if not 1 <= k <= n:
            raise InputError(f"shard {k}/{n} does not exist; give K/N with K from 1 to N")
        if self.batch_size < 1:
            raise InputError(f"batch_size={self.batch_size} is too small; give at least 1")
        if self.shuffled < 0:
            raise InputError(f"{self.shuffled} shuffled windows cannot be explained; give their number, or 0 for none")

    @property
    def models(self) -> list[Path]:
        return model_paths([self.model, *self.members])

    def card(self) -> Card:
        """The card of the models. Raises `InputError` where members of an ensemble do not agree."""
        cards = [read_card(path) for path in self.models]
        check_members(self.models, cards)
        return cards[0]

    def rows(self, total: int) -> np.ndarray:
        """This shard's part of 0..total-1, contiguous."""
        k, n = self.shard
        return np.arange(total * (k - 1) // n, total * k // n)


def explain_windows(job: Job, windows: Path, labels: list[str] | None = None) -> int:
    """Explain windows of a windows file, each for its own class (or `job.target`); returns how many.

    labels : classes whose windows are explained; None = all but the last class, which is the background. Windows of the
        task labels are explained for `job.target` where they have that label, windows of the task values all.

    Raises
    ------
    InputError : unknown class, windows that do not fit the model, no target where windows have no class.
    """
    card = job.card()
    with open_windows(windows) as source:
        if source.width != card.width:
            raise InputError(f"{windows} holds windows of {source.width} bp, the model takes {card.width} bp")
        regions = source.regions
        if source.task == "classes":
            chosen = labels or source.classes[:-1]
            for label in chosen if job.target is None else [job.target]:
                card.index(label)
            selected = np.flatnonzero(regions["label"].isin(chosen).to_numpy())
            if len(selected) == 0:
                raise InputError(f"{windows} holds no window labelled {', '.join(chosen)}; choose other labels")
        else:
            chosen, selected = [], _unlabelled(job, source, card, labels)
            if source.task == "labels":
                say(f"explaining: {len(selected):,} of {len(regions):,} windows, those with {job.target} = 1")
        origin = {"windows": sha256(windows), "labels": chosen, "shuffled": job.shuffled}
        numbers = job.rows(job.shuffled or len(selected))
        with _explainer(job, card, origin) as run:
            for part in _batches(numbers, job.batch_size):
                rows = selected[part * len(selected) // job.shuffled if job.shuffled else part]
                table, onehot = regions.iloc[rows], source.onehot(rows)
                target = torch.tensor([card.index(job.target or label) for label in table["label"]])
                if job.shuffled:
                    onehot = _shuffles(onehot, part, job.seed)
                    table = table.assign(name="shuffle:" + table["name"].astype(str))
                run(table, onehot, target)
    return len(numbers)


def _shuffles(onehot: np.ndarray, numbers: np.ndarray, seed: int) -> np.ndarray:
    """A dinucleotide shuffle of each window: its own by `numbers`, whatever the shard and the batch."""
    seeds = np.array([[np.random.default_rng([seed, 2, number]).integers(2**31 - 1) for number in numbers.tolist()]])
    return shuffle_seeded(onehot, seeds)[:, 0]


def _unlabelled(job: Job, source: WindowFile, card: Card, labels: list[str] | None) -> np.ndarray:
    """Rows of windows without one class of their own: for values all; for labels those that have `job.target`."""
    if labels or job.target is None:
        raise InputError(
            f"windows of {source.path} have no class of their own; name an output with --target, not --labels"
        )
    card.index(job.target)
    if source.task == "values":
        return np.arange(len(source.regions))
    if job.target not in source.classes:
        raise InputError(f"{source.path} has no label {job.target!r} ({', '.join(source.classes)}); choose one of them")
    selected = np.flatnonzero(source.targets[:, source.classes.index(job.target)] == 1)
    if len(selected) == 0:
        raise InputError(f"{source.path} holds no window with the label {job.target}; choose another target")
    return selected


def explain_tiles(job: Job, genome: Path, stride: int) -> int:
    """Explain windows tiled over a whole genome, both strands, for `job.target`; returns how many.

    The store gets neither one-hot nor multipliers: they would outgrow the genome many times.
    """
    card = job.card()
    if job.target is None:
        raise InputError("tiles have no class of their own; name one with --target")
    target = card.index(job.target)
    source = Genome(genome)
    tiles = Tiles(source, card.width, stride)
    rows = job.rows(len(tiles))
    origin = {"genome": Path(genome).name, "contigs": source.contigs, "stride": stride}
    with _explainer(job, card, origin) as run:
        for part in _batches(rows, job.batch_size):
            regions, onehot = tiles.batch(part)
            regions = regions.assign(label=UNLABELLED, split=UNLABELLED)
            run(regions, onehot, torch.full((len(part),), target))
    return len(rows)


def describe_model(model: Path, composite: str, prune: Prune | None) -> str:
    """A table of which rule each layer of a saved model gets, and which shares are pruned there."""
    width = read_card(model).width
    x = torch.nn.functional.one_hot(torch.arange(width) % 4, 4).T[None]  # any sequence: the rules do not depend on it
    return explain(load_model(model), x, composite=composite, prune=prune, device="cpu").describe()


@contextmanager
def _explainer(job: Job, card: Card, origin: dict[str, Any]) -> Iterator[Any]:
    """Yield run(regions, onehot, target), which explains one batch and appends it to the shard."""
    place = choose_device(job.device)
    set_threads(job.threads)
    example = torch.zeros(1, 4, card.width)
    graphs: list[Graph] = [as_graph(load_model(path), example).to(place) for path in job.models]
    whole = "windows" in origin and not job.shuffled
    prune = asdict(job.prune) if job.prune else None
    method = {"composite": job.composite, "prune": prune, **{key: getattr(job, key) for key in METHOD}}
    attrs = {
        "method": method,
        "target": job.target or "own class",
        "model_sha256": ",".join(sha256(path) for path in job.models),
        "classes": card.classes,
        "source": origin,
        "width": card.width,
        "seed": job.seed,
        "torch_version": str(torch.__version__),
        "device": place.type,
    }
    with create(job.output, attrs) as writer:

        def run(regions: pd.DataFrame, onehot: np.ndarray, target: torch.Tensor) -> None:
            options = {key: getattr(job, key) for key in ("composite", "prune", "device", "seed", *METHOD)}
            x = torch.from_numpy(onehot)
            members = [explain(graph, x, target=target, **options) for graph in graphs]
            _check_same(job.models, members)
            found = averaged(members)
            if writer.rows == 0:
                writer.layers(
                    {name: [getattr(entry, name) for entry in found.entries] for name in ("layer", "op", "rule")}
                )
            batch = _batch(regions, onehot if whole else None, found, whole and job.multipliers)
            if len(members) > 1:
                batch.spread = torch.stack([m.relevance.sum(1) for m in members]).std(0, correction=0).cpu().numpy()
            writer.append(batch)

        yield run


def _check_same(paths: list[Path], members: list[Explanation]) -> None:
    """Raise `InputError` unless all explanations have the same layers and scale, so that a mean has a meaning."""
    layers = [[(entry.layer, entry.op) for entry in member.entries] for member in members]
    for path, found in zip(paths, layers, strict=True):
        if found != layers[0]:
            raise InputError(f"{path} has other layers than {paths[0]}; relevance is averaged over one architecture")
    if len(members) > 1 and members[0].log_scale is not None:
        raise InputError("relative rules give relevance up to a factor, which cannot be averaged over models")


def _batch(regions: pd.DataFrame, onehot: np.ndarray | None, found: Explanation, multipliers: bool) -> Batch:
    return Batch(
        regions=regions,
        relevance=found.relevance.sum(1).cpu().numpy(),
        output=found.output.cpu().numpy(),
        target=found.target.cpu().numpy(),
        ledger={
            column: np.stack([getattr(entry, column).cpu().numpy() for entry in found.entries], axis=1)
            for column in LEDGER_COLUMNS
        },
        onehot=onehot,
        start=found.start.cpu().numpy(),
        multipliers=found.hypothetical.cpu().numpy() if multipliers else None,
    )


def _batches(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    with progress("explaining", len(rows), "windows") as advance:
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            yield part
            advance(len(part))
