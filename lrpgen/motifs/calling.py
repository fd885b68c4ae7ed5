"""Seqlets of a whole store, block by block, with error rates from shuffled windows.

The null: dinucleotide shuffles of the windows, explained by the same model and rule (`lrpgen explain --shuffled`). Their
seqlets are called in the same blocks, against the same line, so that the two are alike but for the signal. Every seqlet
of theirs is false; so the error rate among the seqlets of at least some strength is the number of the null's that are as
strong, per base, over the number of the real ones: target and decoy, as in proteomics (Elias and Gygi 2007; Ours here).
Strength is |relevance|, for each sign on its own. Memory follows the seqlets and one block, not the windows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..progress import progress
from .qvalues import q_values
from .reading import Explained
from .seqlets import CALLER, SIGNS, call_seqlets, check_finite

BASES = 1 << 22  # per block: 32 MB as doubles, and enough for a caller that ranks spans among all of a block


@dataclass(frozen=True)
class Called:
    """seqlets: as of `call_seqlets`, with q (NaN without a null); window counts within the class. `null` seqlets of each
    sign. Of all windows: share of exact zeros, (4,) counts of bases, (4, L) mean contributions."""

    seqlets: pd.DataFrame
    null: dict[str, int] | None
    zero_share: float
    bases: np.ndarray
    mean: np.ndarray


def call_store(windows: Explained, null: Explained | None = None, *, caller: str = CALLER) -> Called:
    """Seqlets of `windows`, with q-values against `null`. Raises `InputError` for relevance that is not finite."""
    store, length = windows.store, windows.store.width
    count = -(-len(windows) * length // BASES)
    blocks = np.array_split(np.arange(len(windows)), count)
    decoys = np.array_split(np.arange(len(null)), count) if null else [np.array([], dtype=int)] * count
    real, false, zeros = [], [], 0
    bases, total = np.zeros(4, dtype=np.int64), np.zeros((4, length))
    with progress("seqlets", len(windows), "windows") as advance:
        for numbers, shuffled in zip(blocks, decoys, strict=True):
            relevance = _finite(windows, numbers)
            onehot = store.onehot(windows.rows[numbers])
            zeros += int((relevance == 0).sum())
            bases += onehot.sum(axis=(0, 2), dtype=np.int64)
            total += np.einsum("ncl,nl->cl", onehot, relevance, dtype=np.float64)
            if null and len(shuffled):
                relevance = np.concatenate([relevance, _finite(null, shuffled)])
            found = call_seqlets(relevance, caller=caller)
            row = found["window"].to_numpy(dtype=int)
            mine = row < len(numbers)
            real.append(found.loc[mine].assign(window=numbers[row[mine]]))
            false.append(found.loc[~mine])
            advance(len(numbers))
    seqlets, decoy = pd.concat(real, ignore_index=True), pd.concat(false, ignore_index=True)
    share = len(null) * null.store.width / (len(windows) * length) if null else 0.0
    return Called(
        seqlets=seqlets.assign(q=_q(seqlets, decoy, share)),
        null=counts(decoy) if null else None,
        zero_share=zeros / (len(windows) * length),
        bases=bases,
        mean=total / len(windows),
    )


def _finite(windows: Explained, numbers: np.ndarray) -> np.ndarray:
    store, rows = windows.store, windows.rows[numbers]
    relevance = store.relevance(rows)
    if not np.isfinite(relevance).all():
        check_finite(relevance, store.column("name", rows).tolist(), "relevance")
    return relevance


def _q(seqlets: pd.DataFrame, decoy: pd.DataFrame, share: float) -> np.ndarray:
    q = np.full(len(seqlets), np.nan)
    for sign in SIGNS if share else ():
        mine = (seqlets["sign"] == sign).to_numpy()
        q[mine] = q_values(_strength(seqlets.loc[mine]), _strength(decoy.loc[decoy["sign"] == sign]), share)
    return q


def counts(seqlets: pd.DataFrame) -> dict[str, int]:
    """Seqlets of each sign, by its word."""
    return {word: seqlets["sign"].tolist().count(sign) for sign, word in SIGNS.items()}


def _strength(seqlets: pd.DataFrame) -> np.ndarray:
    return np.abs(seqlets["relevance"].to_numpy(dtype=float))
