"""The whole folder of first-layer filters of a model, from windows: `lrpgen filters` calls this."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import __version__
from ...errors import InputError
from ...files import atomic_dir, sha256, write_json
from ...progress import progress, say

if TYPE_CHECKING:
    from torch import Tensor

    from ...lrp import Graph, Prune
    from ...models import Card
    from ...sequences import WindowFile
    from .collect import Counts
    from .layer import FirstLayer

ALL = "all"  # the one group of windows that have no class


@dataclass(frozen=True)
class FilterJob:
    """What is looked at, and how.

    labels : classes whose windows are read; None = all but the last class, which is the background.
    target : output that is explained; None = each window's own class.
    share : None = the most active position of each window is a site; else all positions that are more active than this
        share of the filter's greatest activation.
    layer : name of the convolution, where several read the bases.
    logos : how many filters are drawn, those of the strongest mean relevance first; None = all.
    optional : a model without filters that read the bases is no error: the folder then holds a summary that says why.
    """

    model: Path
    windows: Path
    output: Path
    labels: tuple[str, ...] | None = None
    target: str | None = None
    share: float | None = None
    layer: str | None = None
    composite: str = "epsilon"
    prune: Prune | None = None
    reference: str | int | None = None
    batch_size: int = 256
    logos: int | None = None
    device: str = "auto"
    threads: int = 0
    seed: int = 1
    optional: bool = False

    def __post_init__(self) -> None:
        if self.share is not None and not 0 <= self.share < 1:
            raise InputError(f"share {self.share} of the greatest activation lies outside 0..1; 0.5 is common")
        if self.batch_size < 1:
            raise InputError(f"batch_size={self.batch_size} is too small; give at least 1")
        if self.logos is not None and self.logos < 0:
            raise InputError(f"logos={self.logos} is negative; give a number of filters, 0 for none")


@dataclass
class Found:
    """counts over groups (classes of windows), the layer, and the notes people read."""

    counts: Counts
    layer: FirstLayer
    groups: list[str]
    notes: list[str] = field(default_factory=list)


def find_filters(job: FilterJob) -> dict[str, Any]:
    """Sites, matrices, relevance, groups and logos of every first-layer filter; returns what summary.json holds.

    Writes the folder `job.output` whole or not at all (see docs/motifs.md). Source: after DeePaC's filter contributions
    (Bartoszewicz et al. 2020) and DeepBind's filter motifs (Alipanahi et al. 2015), Reported; relevance in place of Shapley
    values and everything that counts are Ours.

    Raises
    ------
    NoFiltersError : no convolution on the bases. InputError : windows that do not fit the model, an unknown class.
    """
    from .layer import NoFiltersError
    from .output import write_filters

    try:
        found = _collect(job)
    except NoFiltersError as error:
        if not job.optional:
            raise
        say(f"note: {error}")
        summary = {"filters": 0, "notes": [str(error)], "lrpgen_version": __version__}
        with atomic_dir(job.output) as folder:
            write_json(folder / "summary.json", summary)
        return summary
    for note in found.notes:
        say(f"note: {note}")
    origin = {
        "model_sha256": sha256(job.model),
        "windows_sha256": sha256(job.windows),
        "target": job.target or "own class",
        "sites": "most active position of each window" if job.share is None else f"above {job.share:g} of the maximum",
        "composite": job.composite,
        "reference": job.reference,
        "prune": None if job.prune is None else list(job.prune.shares),
        "seed": job.seed,
    }
    with atomic_dir(job.output) as folder:
        return write_filters(folder, found, origin, logos=job.logos)


def _collect(job: FilterJob) -> Found:
    import torch

    from ...device import choose_device, set_threads
    from ...lrp.explain import as_graph
    from ...models import load_model, read_card
    from ...models.card import refuse_images
    from ...sequences import open_windows
    from .collect import Collector
    from .layer import first_layer

    card = read_card(job.model)
    refuse_images(card, job.model)
    place = choose_device(job.device)
    set_threads(job.threads)
    graph = as_graph(load_model(job.model), torch.zeros(1, 4, card.width)).to(place)
    layer = first_layer(graph, job.layer)
    with open_windows(job.windows) as source:
        rows, groups, names = _chosen(job, card, source)
        threshold = None if job.share is None else job.share * _highest(job, graph, layer, source, rows)
        collector = Collector(graph, layer, len(names), threshold)
        work = _batches(source, rows, job.batch_size, "filters: explaining")
        for at, onehot in work:
            index = [card.index(job.target or names[group]) for group in groups[at]]
            collector.add(onehot, groups[at], _explainer(job, graph, layer, torch.tensor(index)))
    return Found(collector.counts, layer, names, _notes(layer, collector.counts))


def _chosen(job: FilterJob, card: Card, source: WindowFile) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Rows (n,) that are read, the group (n,) of each, and the groups' names."""
    if source.width != card.width:
        raise InputError(f"{job.windows} holds windows of {source.width} bp, the model takes {card.width} bp")
    if job.target is not None:
        card.index(job.target)
    if source.task != "classes":
        if job.labels or job.target is None:
            raise InputError(f"windows of {job.windows} have no class of their own; name an output with --target")
        return np.arange(len(source)), np.zeros(len(source), np.int64), [ALL]
    names = list(job.labels or source.classes[:-1])
    rows = source.rows(labels=names)
    if not len(rows):
        raise InputError(f"{job.windows} holds no window labelled {', '.join(names)}; choose other labels")
    if job.target is None:
        for name in names:
            card.index(name)
    place = np.array([names.index(name) if name in names else -1 for name in source.classes])
    return rows, place[source.targets[rows]], names


def _highest(job: FilterJob, graph: Graph, layer: FirstLayer, source: WindowFile, rows: np.ndarray) -> np.ndarray:
    """(F,) greatest activation of each filter: a first pass, forward only."""
    import torch

    from .collect import Collector

    collector = Collector(graph, layer, 1)
    with torch.no_grad():
        for _, onehot in _batches(source, rows, job.batch_size, "filters: greatest activations"):
            collector.activations(torch.from_numpy(onehot))
    return collector.counts.highest


def _batches(source: WindowFile, rows: np.ndarray, size: int, what: str) -> Iterator[tuple[slice, np.ndarray]]:
    with progress(what, len(rows), "windows") as advance:
        for start in range(0, len(rows), size):
            at = slice(start, start + size)
            onehot = source.onehot(rows[at])
            yield at, onehot
            advance(len(onehot))


def _explainer(job: FilterJob, graph: Graph, layer: FirstLayer, target: Tensor) -> Any:
    from ...lrp import explain

    wanted = [use.relevance for use in layer.uses]

    def run(x: Tensor) -> dict[str, Tensor]:
        options = {key: getattr(job, key) for key in ("composite", "prune", "reference", "device", "seed")}
        return explain(graph, x, target=target, layers=wanted, **options).layers

    return run


def _notes(layer: FirstLayer, counts: Counts) -> list[str]:
    notes = []
    if len(layer.uses) > 1:
        strands = "both strands" if len({use.reverse for use in layer.uses}) > 1 else "the window"
        uses = ", ".join(use.layer for use in layer.uses)
        notes.append(
            f"the filters read {strands} with the same weights ({uses}): sites of all uses are counted, each in the "
            "filter's own direction, and their relevance is summed"
        )
    elif layer.uses[0].reverse:
        notes.append(f"{layer.layer} reads the window's other strand; matrices are in the filter's own direction")
    if layer.others:
        notes.append(f"other convolutions read the bases too ({', '.join(layer.others)}); choose them with --layer")
    if silent := int((counts.sites == 0).sum()):
        notes.append(f"{silent} of {counts.filters} filters are active nowhere: no matrix, no logo")
    return notes
