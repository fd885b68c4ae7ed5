"""What a job is asked to do: a model, a method, and a shard of the work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..lrp import Prune
from ..models import Card, read_card
from ..models.ensemble import check_members, model_paths


@dataclass(frozen=True)
class Job:
    """One shard of work. shard: (k, n), k counted from 1. target: a class name; None = each window's own class.

    members : further models; the store then holds the mean relevance over all and its spread.
    shuffled : explain so many dinucleotide shuffles of the windows in their place: what relevance without a signal looks
        like, for error rates of seqlets. Their store holds neither one-hot nor multipliers.
    batch_size : windows at a time; None = what fits (see `batches`). precision : see `precision`.
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
    batch_size: int | None = None
    precision: str = "float32"
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
        if self.batch_size is not None and self.batch_size < 1:
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
