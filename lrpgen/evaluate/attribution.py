"""Relevance by any method of `methods`, and what it costs.

    found = attribute("epsilon_plus@uniform", model, onehot, 0)  # relevance (N, 4, L), seconds, completeness (N,)

A `Subject` is what many methods explain: one model and its inputs; the model's graph is captured once.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ..device import peak_memory
from ..errors import InputError
from ..lrp.composites import composite as read_composite
from ..lrp.explain import as_graph, explain
from ..lrp.explain import references as engine_references
from ..lrp.explanation import Explanation
from ..lrp.graph import Graph
from ..lrp.targets import check_target, index_of
from .methods import UNIT, Method, read_method
from .peers import PEERS, Found, Task, check_installed, incompleteness


class Attribution(NamedTuple):
    """relevance : float32, shape of the input. seconds : of the method, without copying or capturing the model.
    completeness : (N,) abs(sum of relevance - what it should sum to) / abs(that), NaN where a method promises no sum."""

    relevance: np.ndarray
    seconds: float
    completeness: np.ndarray


class Cost(NamedTuple):
    """seconds : median over rounds. ratio : median over rounds of the time relative to gradient*input in that round.
    peak_mb : by how much the method raised the memory in use, 10^6 bytes (`device.peak_memory`)."""

    seconds: float
    ratio: float
    peak_mb: float


class Subject:
    """One model and its inputs. The user's model is read, never changed, and stays where it is: hooks go on copies.

    Parameters
    ----------
    model : takes (n, 4, L) and gives logits (n, outputs): LRP starts before a last softmax or sigmoid, the gradients would
        not. onehot : array or tensor (N, 4, L), or images (N, C, H, W).
    target : output, or LongTensor (N,) of outputs. seed : of shuffles.
    batch_size : samples at a time, and model inputs at a time within a method that asks for many.

    Raises
    ------
    InputError : arrays that do not fit, a model that gives something else.
    """

    def __init__(
        self, model: nn.Module, onehot: Any, target: int | Tensor, *, seed: int = 1, batch_size: int = 64
    ) -> None:
        weight = next((p for p in model.parameters() if p.is_floating_point()), torch.zeros(()))
        x = torch.as_tensor(onehot).to(weight.device, weight.dtype).contiguous()
        if x.dim() < 3 or not len(x) or batch_size < 1:
            raise InputError(
                f"input {tuple(x.shape)} in batches of {batch_size}: give (N, 4, L) or (N, C, H, W), N > 0"
            )
        self.model, self.x, self.seed, self.batch_size = model, x, seed, batch_size
        with torch.no_grad():
            output = self.copied()(x[:1])
        if not isinstance(output, Tensor) or output.dim() != 2:
            raise InputError("the model does not give one tensor (n, outputs); wrap it so that methods can be compared")
        self.outputs = index_of(output.expand(len(x), -1), check_target(target, len(x)))  # type: ignore[arg-type]

    def copied(self) -> nn.Module:
        return copy.deepcopy(self.model).eval().requires_grad_(False)

    @cached_property
    def graph(self) -> Graph:
        return as_graph(self.copied(), self.x)

    @cached_property
    def images(self) -> bool:
        return self.x.dim() != 3 or self.x.shape[1] != 4

    def ready(self, method: str) -> Callable[[], Attribution]:
        """All that is done once: checks, a copy of the model or its graph. What comes back runs the method. Errors as in
        `attribute`."""
        read = read_method(method)
        if self.images and read.dna_only:
            raise InputError(
                f"method {method!r} is for DNA of shape (N, 4, L) only, the input has {tuple(self.x.shape)}"
            )
        check_installed(read.name, self.images)
        if read.composite:
            _ = self.graph  # captured here, once
            return lambda: _timed(lambda: self._propagated(read))
        copied = self.copied()
        return lambda: _timed(lambda: self._by_peer(read, copied))

    def attribute(self, method: str) -> Attribution:
        return self.ready(method)()

    def explained(self, method: Method, rows: Tensor | None = None, layers: Iterable[str] = ()) -> Explanation:
        """All that the engine says of a method that is LRP, ledger and `layers` among it; of some inputs, else of all."""
        rows = torch.arange(len(self.x)) if rows is None else rows
        return explain(
            self.graph,
            self.x[rows],
            target=self.outputs[rows],
            composite=method.composite,
            prune=method.prune,
            reference=method.reference,
            init="sglrp" if method.name == "sglrp" else "logit",
            layers=layers,
            device=str(self.x.device),
            batch_size=self.batch_size,
            seed=self.seed,
        )

    def _propagated(self, method: Method) -> Found:
        found = self.explained(method)
        return found.relevance, unaccounted(method, found)

    def _by_peer(self, method: Method, copied: nn.Module) -> Found:
        parts = []
        for rows in torch.arange(len(self.x)).split(self.batch_size):
            references = self._references(method.reference, rows)
            parts.append(
                PEERS[method.name](Task(copied, self.x[rows], self.outputs[rows], references, self.batch_size))
            )
        relevance, error = (torch.cat(part) for part in zip(*parts, strict=True))
        return relevance, error

    def _references(self, reference: str | int | None, rows: Tensor) -> Tensor:
        """(n, draws, C, ...) for x[rows]: those that LRP has for the same input, seed and reference."""
        part = self.x[rows]
        made = engine_references(reference, self.x, rows, part, self.seed, None)
        return torch.stack([torch.zeros_like(part) if one is None else one.expand_as(part) for one in made], dim=1)


def unaccounted(method: Method, found: Explanation) -> Tensor:
    """Completeness error (N,) of LRP, NaN where it promises no sum: `sglrp`, and rules up to a factor."""
    error = incompleteness(found.relevance, found.start)
    no_sum = method.name == "sglrp" or read_composite(method.composite).relative
    return torch.full_like(error, torch.nan) if no_sum else error


def attribute(
    method: str, model: nn.Module, onehot: Any, target: int | Tensor, *, seed: int = 1, batch_size: int = 64
) -> Attribution:
    """Relevance of onehot (N, 4, L), or images (N, C, H, W), for one output of the model, by any method.

    Parameters as of `Subject`.

    Raises
    ------
    InputError : a method that is not known, or is for DNA only; arrays that do not fit. MissingFeatureError : captum is
    not installed. UnsupportedOpError : LRP meets a node without a rule.
    """
    return Subject(model, onehot, target, seed=seed, batch_size=batch_size).attribute(method)


def costs(methods: Iterable[str], subject: Subject, repeats: int = 5) -> dict[str, Cost]:
    """Time of each method relative to gradient*input: rounds in which every method runs once, after one not timed, in
    which its memory is measured."""
    runs = {name: subject.ready(name) for name in dict.fromkeys([UNIT, *methods])}
    peaks = {name: peak_memory(subject.x.device, run) / 1e6 for name, run in runs.items()}
    rounds = [{name: run().seconds for name, run in runs.items()} for _ in range(repeats)]
    return {
        name: Cost(
            median(took[name] for took in rounds), median(took[name] / took[UNIT] for took in rounds), peaks[name]
        )
        for name in runs
    }


def _timed(run: Callable[[], Found]) -> Attribution:
    begun = time.perf_counter()
    relevance, error = run()
    relevance = relevance.detach().float().cpu()  # on a GPU this waits for the result
    return Attribution(relevance.numpy(), time.perf_counter() - begun, error.double().cpu().numpy())
