"""How much a stretch of a window is an instance of a pattern: its relevance, base by base, and its letters. Ours.

At each place and on both strands: x_w is the relevance of the base at column w, and d_w what the pattern expects of that
base, the mean relevance of its seqlets that have this letter there (of degenerate columns both letters are expected,
which the CWM, a mean over all seqlets, does not say). With c the pattern's mean relevance per column:

    similarity = x.d / (|x| max(|d|, |c|))     1: the pattern's profile on the pattern's letters
    strength   = x.d / |c|^2                   1: as much relevance as the mean seqlet has
    score      = similarity * min(1, strength)

The score is 0 where x.d is not positive, or where the letters are no likelier under the pattern than under the background
(log-odds not above zero). There is no other threshold: `hits` draws the line from its nulls.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import matrices
from .formats import read_matrices

BINS = 100_000  # of the score: finer than a BED file shows, since a track, a mean of many windows, is weaker than one
COUNT = 1.0  # seqlets without relevance added to every letter's mean: a letter seen once proves little


@dataclass(frozen=True)
class Template:
    """One pattern as the scanner needs it: (4, W) expected relevance and log-odds (bits), |c|^2."""

    name: str
    sign: str
    expected: np.ndarray
    logodds: np.ndarray
    power: float

    @property
    def width(self) -> int:
        return self.expected.shape[1]

    @classmethod
    def of(
        cls, name: str, sign: str, pfm: np.ndarray, cwm: np.ndarray, seqlets: int, background: np.ndarray
    ) -> Template:
        smooth = pfm + matrices.PSEUDOCOUNT * background[:, None]
        logodds = np.log2(smooth / smooth.sum(axis=0) / background[:, None])
        expected = cwm * seqlets / (pfm + COUNT)
        return cls(name, sign, expected, logodds, float((cwm.sum(axis=0) ** 2).sum()))


@dataclass(frozen=True)
class Places:
    """Scores (2, n, L - W + 1) of a block, the window's own strand first, and what they are made of."""

    score: np.ndarray
    similarity: np.ndarray
    strength: np.ndarray
    logodds: np.ndarray


def read_templates(path: str | os.PathLike[str]) -> list[Template]:
    """The patterns of a patterns.h5 (or of the folder that holds it). Raises `InputError` for anything else."""
    path = Path(path) / "patterns.h5" if Path(path).is_dir() else Path(path)
    patterns, background = read_matrices(path)
    return [Template.of(p.name, p.sign, p.pfm, p.cwm, p.seqlets, background) for p in patterns]


def scan(onehot: np.ndarray, relevance: np.ndarray, templates: list[Template]) -> Iterator[tuple[int, Places]]:
    """(number of the template, its `Places`) in windows onehot (n, 4, L), relevance (n, L), for those that fit in."""
    import torch

    letters = torch.from_numpy(np.ascontiguousarray(onehot, dtype=np.float32))
    r = torch.from_numpy(np.ascontiguousarray(relevance, dtype=np.float32))[:, None]
    power = r.double() ** 2
    run = torch.cat([torch.zeros_like(power[..., :1]), power.cumsum(-1)], dim=-1)  # double: differences stay exact
    for number, template in enumerate(templates):
        width = template.width
        if width <= onehot.shape[2]:
            own = (run[..., width:] - run[..., :-width]).clamp(min=0)
            yield number, _places(letters, r, own, template, torch.nn.functional.conv1d)


def _places(letters: Any, r: Any, own: Any, template: Template, conv1d: Callable[..., Any]) -> Places:
    """`own` (n, 1, V): squared relevance of each stretch."""
    import torch

    def both(matrix: np.ndarray) -> Any:
        strands = np.stack([matrix, matrix[::-1, ::-1]]).astype(np.float32)
        return torch.from_numpy(strands)

    dot = conv1d(letters * r, both(template.expected)).double()
    expected = conv1d(letters, both(template.expected**2)).double().clamp(min=template.power)
    logodds = conv1d(letters, both(template.logodds))
    norm = (own * expected).sqrt()
    similarity = torch.where(norm > 0, dot / norm, 0.0).clamp(-1, 1)
    strength = dot / template.power
    score = torch.where((dot > 0) & (logodds > 0), similarity * strength.clamp(max=1), 0.0)
    return Places(*(value.transpose(0, 1).numpy() for value in (score, similarity, strength, logodds)))


def binned(score: np.ndarray) -> np.ndarray:
    """Scores 0..1 as integers 0..BINS."""
    return np.round(score * BINS).astype(np.int64)
