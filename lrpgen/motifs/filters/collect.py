"""Sites and relevance of filters, counted block by block: memory does not grow with the number of windows.

A site is where a filter is active: the W bases it reads there. Relevance at a site is the relevance of the filter's
activation there, as the engine hands it to the convolution's output. Sites that reach into the padding are left out;
relevance is summed over all positions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ...lrp import Graph
from .layer import FirstLayer, values_at


@dataclass
class Counts:
    """What is kept of F filters with W columns over C groups of windows. Matrices are (F, 4, W), rows A C G T in the
    direction the filter reads.

    pfm : sites. weighted : the same, each site counted with the magnitude of its relevance. signed : with its relevance.
    sites, weights, squares (F,): number, sum and sum of squares of the sites' weights. seen (F,): windows with a site.
    windows (C,), relevance, relevance2 (F, C): windows, and sum and sum of squares of each window's relevance.
    highest (F,): greatest activation. bases (4,): base counts of the windows.
    """

    filters: int
    width: int
    groups: int
    pfm: np.ndarray = field(init=False)
    weighted: np.ndarray = field(init=False)
    signed: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        f, c = self.filters, self.groups
        self.pfm, self.weighted, self.signed = (np.zeros((f, 4, self.width)) for _ in range(3))
        self.sites, self.weights, self.squares, self.seen = (np.zeros(f) for _ in range(4))
        self.windows = np.zeros(c, np.int64)
        self.relevance, self.relevance2 = np.zeros((f, c)), np.zeros((f, c))
        self.highest = np.full(f, -np.inf)
        self.bases = np.zeros(4, np.int64)

    @property
    def mean(self) -> np.ndarray:
        """(F, C) mean relevance of a window; NaN for a group without windows."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.relevance / self.windows

    @property
    def sd(self) -> np.ndarray:
        """(F, C) standard deviation of a window's relevance."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt(np.maximum(self.relevance2 / self.windows - self.mean**2, 0))

    @property
    def letter_relevance(self) -> np.ndarray:
        """(F, 4, W): mean relevance of the filter at its sites that have this base in this column; 0 without such."""
        return np.divide(self.signed, self.pfm, out=np.zeros_like(self.signed), where=self.pfm > 0)

    @property
    def effective_sites(self) -> np.ndarray:
        """(F,) number of equally relevant sites that the weighted matrix is worth: (sum w)^2 / sum w^2 (Kish)."""
        return np.divide(self.weights**2, self.squares, out=np.zeros(self.filters), where=self.squares > 0)


class Collector:
    """Adds blocks to `counts`.

    threshold : activations (F,) a site must exceed; None = the most active position of each window. Either way a site
        is more active than 0: before a ReLU, what is not does not go on. Activations are those of the convolution with its
        batch norm, before the non-linearity.
    """

    def __init__(self, graph: Graph, layer: FirstLayer, groups: int, threshold: np.ndarray | None = None) -> None:
        self.graph, self.layer = graph, layer
        self.counts = Counts(layer.filters, layer.width, groups)
        self._threshold = None if threshold is None else torch.from_numpy(threshold).float()[None, :, None]
        self._places = np.concatenate([use.places.numpy() for use in layer.uses])
        reverse = [np.full(len(use.places), use.reverse) for use in layer.uses]
        self._reverse = np.concatenate(reverse)
        self._inside = torch.from_numpy((self._places >= 0).all(axis=1))

    def add(self, onehot: np.ndarray, group: np.ndarray, explain: Callable[[Tensor], dict[str, Tensor]]) -> None:
        """onehot int8 (n, 4, L); group (n,) of each window; explain gives the relevance of each use's output."""
        x = torch.from_numpy(onehot)
        active = self.activations(x)
        found = explain(x)
        relevance = torch.cat([_flat(found[use.relevance]) for use in self.layer.uses], 2).to(active.device)
        self._windows(onehot, relevance.sum(2).double().cpu().numpy(), group)
        self._sites(onehot, *self._chosen(active), relevance)

    def activations(self, x: Tensor) -> Tensor:
        """(n, F, positions of all uses); where a filter would reach into the padding it is never active."""
        place = next((value.device for value in self.graph.constants.values()), torch.device("cpu"))
        values = values_at(self.graph, x.to(place, self.graph.dtype), [use.name for use in self.layer.uses])
        active = torch.cat([_flat(values[use.name]) for use in self.layer.uses], 2)
        active = active.masked_fill(~self._inside.to(active.device), -torch.inf)
        highest = active.amax((0, 2)).double().cpu().numpy()
        self.counts.highest = np.maximum(self.counts.highest, highest)
        return active

    def _chosen(self, active: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(window, filter, position) of every site."""
        if self._threshold is not None:
            window, filter_, position = torch.nonzero((active > self._threshold.to(active)) & (active > 0)).T
            return window, filter_, position
        best, at = active.max(2)
        window, filter_ = torch.nonzero(best > 0).T
        return window, filter_, at[window, filter_]

    def _windows(self, onehot: np.ndarray, relevance: np.ndarray, group: np.ndarray) -> None:
        counts = self.counts
        counts.bases += onehot.sum(axis=(0, 2), dtype=np.int64)
        counts.windows += np.bincount(group, minlength=counts.groups)
        for number in np.unique(group):
            rows = relevance[group == number]
            counts.relevance[:, number] += rows.sum(axis=0)
            counts.relevance2[:, number] += (rows**2).sum(axis=0)

    def _sites(self, onehot: np.ndarray, window: Tensor, filter_: Tensor, position: Tensor, relevance: Tensor) -> None:
        counts = self.counts
        value = relevance[window, filter_, position].double().cpu().numpy()
        rows, f, p = (index.cpu().numpy() for index in (window, filter_, position))
        letters = np.where(onehot.any(axis=1), onehot.argmax(axis=1), 4)  # 4: not known
        read = letters[rows[:, None], self._places[p]]
        read = np.where(self._reverse[p][:, None] & (read < 4), 3 - read, read)
        known = read < 4
        cell = ((f[:, None] * 4 + np.minimum(read, 3)) * counts.width + np.arange(counts.width))[known]
        shape = counts.pfm.shape
        for matrix, weight in (
            (counts.pfm, np.ones_like(value)),
            (counts.weighted, abs(value)),
            (counts.signed, value),
        ):
            spread = np.broadcast_to(weight[:, None], read.shape)[known]
            matrix += np.bincount(cell, spread, minlength=matrix.size).reshape(shape)
        for total, weight in ((counts.sites, None), (counts.weights, abs(value)), (counts.squares, value**2)):
            total += np.bincount(f, weight, minlength=counts.filters)
        pairs = np.unique(rows.astype(np.int64) * counts.filters + f)
        counts.seen += np.bincount(pairs % counts.filters, minlength=counts.filters)


def _flat(values: Tensor) -> Tensor:
    """(n, F, positions), positions in the order of `Use.places`."""
    return values.flatten(2)
