"""Windows or genome tiles through the engine into a shard of the relevance store, batch by batch.

`work` says what is explained, `Explainer` explains one batch of it, `blocks` keeps what is finished.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..device import choose_device, set_threads
from ..errors import InputError
from ..files import check_output, sha256
from ..lrp import Explanation, Graph, Prune, explain
from ..lrp.explain import as_graph
from ..lrp.explanation import averaged
from ..models import Card, load_model, read_card
from ..progress import progress, say
from .batches import Batches, batch_size
from .blocks import Blocks
from .feeding import fed
from .job import Job
from .precision import check_precision, computing, prepared
from .store import LEDGER_COLUMNS, LEDGER_NAMES, Batch
from .work import Asked, Work, of_tiles, of_windows

__all__ = ["Explainer", "Job", "describe_model", "explain_tiles", "explain_windows"]

METHOD = ("reference", "strands", "init")  # arguments of `explain` that a job passes on as they are


def explain_windows(job: Job, windows: Path, labels: list[str] | None = None) -> int:
    """Explain windows of a windows file, each for its own class (or `job.target`); returns how many.

    labels : classes whose windows are explained; None = all but the last class, which is the background. Windows of the
        task labels are explained for `job.target` where they have that label, windows of the task values all.

    Raises
    ------
    InputError : unknown class, windows that do not fit the model, no target where windows have no class.
    """
    card = job.card()
    with of_windows(job, card, windows, labels) as work:
        return run(job, card, work)


def explain_tiles(job: Job, genome: Path, stride: int) -> int:
    """Explain windows tiled over a whole genome, both strands, for `job.target`; returns how many.

    The store gets neither one-hot nor multipliers: they would outgrow the genome many times.
    """
    card = job.card()
    with of_tiles(job, card, genome, stride) as work:
        return run(job, card, work)


def run(job: Job, card: Card, work: Work) -> int:
    """Explain the rows of `work`, block by block, and join the blocks to the shard; returns how many.

    A job that was killed goes on where it was when it is run again, and ends with the same content.
    """
    check_output(job.output)
    blocks = Blocks(job.output, attributes(job, card, work), work.rows, job.batch_size)
    left = blocks.left(verify=True)
    if count := len(work.rows) - sum(len(rows) for _, rows in left):
        say(f"going on after {count:,} of {len(work.rows):,} windows, which an earlier run explained")
    explainer = Explainer(job, card, work.whole)
    batches = Batches(explainer, job.batch_size or batch_size(work, explainer, explainer.place))
    with progress("explaining", len(work.rows) - count, "windows") as advance:
        while left or not blocks.join():
            _explain(work, blocks, left, batches, explainer, advance)
            left = blocks.left()
    return len(work.rows)


def _explain(
    work: Work,
    blocks: Blocks,
    left: list[tuple[int, np.ndarray]],
    batches: Batches,
    explainer: Explainer,
    advance: Callable[[int], None],
) -> None:
    """Write the blocks `left`; the next batches are read meanwhile, across the ends of blocks too."""
    size = batches.size
    parts = [np.split(rows, range(size, len(rows), size)) for _, rows in left]
    pin = explainer.place.type == "cuda"
    with closing(fed(work.read, chain.from_iterable(parts), pin)) as feed:
        for (number, _), mine in zip(left, parts, strict=True):
            with blocks.writing(number) as writer:
                for batch in chain.from_iterable(map(batches, islice(feed, len(mine)))):
                    if writer.rows == 0:
                        writer.layers(explainer.layers)
                    writer.append(batch)
                    advance(len(batch.relevance))


def attributes(job: Job, card: Card, work: Work) -> dict[str, Any]:
    """What the store says about how it was made; together with the rows it decides the result."""
    prune = asdict(job.prune) if job.prune else None
    method = {"composite": job.composite, "prune": prune, **{key: getattr(job, key) for key in METHOD}}
    return {
        "method": json.loads(json.dumps(method)),
        "target": job.target or "own class",
        "model_sha256": ",".join(sha256(path) for path in job.models),
        "classes": card.classes,
        "source": work.origin,
        "width": card.width,
        "seed": job.seed,
        "shard": f"{job.shard[0]}/{job.shard[1]}",
        "multipliers": work.whole and job.multipliers,
        "torch_version": str(torch.__version__),
        "device": choose_device(job.device).type,
        "precision": job.precision,
    }


class Explainer:
    """The models of a job, ready on its device; called with a batch of windows it gives rows of the store."""

    def __init__(self, job: Job, card: Card, whole: bool) -> None:
        self.job, self.whole = job, whole
        self.place = choose_device(job.device)
        check_precision(job.precision, self.place, job.prune)
        set_threads(job.threads)
        example = torch.zeros(1, 4, card.width)
        captured = [as_graph(load_model(path), example).to(self.place) for path in job.models]
        self.graphs: list[Graph] = [prepared(graph, job.precision) for graph in captured]
        self.layers: dict[str, list[str]] = {}  # of the ledger; known after the first batch

    def __call__(self, asked: Asked) -> Batch:
        job = self.job
        x = torch.from_numpy(asked.onehot).to(self.place, non_blocking=True)  # as int8: a fourth of the bytes
        options = {key: getattr(job, key) for key in ("composite", "prune", "seed", *METHOD)}
        options |= {"device": str(self.place), "target": asked.target, "numbers": torch.from_numpy(asked.numbers)}
        with computing(job.precision, self.place):
            members = [explain(graph, x, **options) for graph in self.graphs]
        _check_same(job.models, members)
        found = averaged(members)
        self.layers = {name: [getattr(entry, name) for entry in found.entries] for name in LEDGER_NAMES}
        many = torch.stack([member.relevance.sum(1) for member in members])
        return Batch(
            regions=asked.regions,
            relevance=found.relevance.sum(1).cpu().numpy(),
            output=found.output.cpu().numpy(),
            target=found.target.cpu().numpy(),
            ledger={
                column: np.stack([getattr(entry, column).cpu().numpy() for entry in found.entries], axis=1)
                for column in LEDGER_COLUMNS
            },
            onehot=asked.onehot if self.whole else None,
            start=found.start.cpu().numpy(),
            multipliers=found.hypothetical.cpu().numpy() if self.whole and job.multipliers else None,
            spread=many.std(0, correction=0).cpu().numpy() if len(members) > 1 else None,
        )


def _check_same(paths: list[Path], members: list[Explanation]) -> None:
    """Raise `InputError` unless all explanations have the same layers and scale, so that a mean has a meaning."""
    layers = [[(entry.layer, entry.op) for entry in member.entries] for member in members]
    for path, found in zip(paths, layers, strict=True):
        if found != layers[0]:
            raise InputError(f"{path} has other layers than {paths[0]}; relevance is averaged over one architecture")
    if len(members) > 1 and members[0].log_scale is not None:
        raise InputError("relative rules give relevance up to a factor, which cannot be averaged over models")


def describe_model(model: Path, composite: str, prune: Prune | None) -> str:
    """A table of which rule each layer of a saved model gets, and which shares are pruned there."""
    width = read_card(model).width
    x = torch.nn.functional.one_hot(torch.arange(width) % 4, 4).T[None]  # any sequence: the rules do not depend on it
    return explain(load_model(model), x, composite=composite, prune=prune, device="cpu").describe()
