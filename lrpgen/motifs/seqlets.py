"""Seqlets: short spans of high relevance, of both signs, with exact coordinates in the window and the genome.

Called with tangermeme's recursive algorithm on R and on -R: TF-MoDISco's own caller fits a distribution that
exact zeros break (at 87 % zeros it returns junk, at 95 % nothing, silently). p-values are ranks, not error rates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..cache import use_numba_cache
from ..errors import InputError
from .kernels import keep_kernels

THRESHOLD = 0.01  # p-value that each 4-base span of a seqlet stays below (tangermeme's default)
MIN_LENGTH, MAX_LENGTH = 4, 25  # of a called span, in bases (tangermeme's defaults)
# The caller reaches up to MIN_LENGTH - 1 bases past a motif, since a span with most of it still is significant.
EDGE = 0.1  # end bases below this share of the seqlet's strongest base are cut off

COLUMNS = ("window", "start", "end", "sign", "relevance", "pvalue")


def zero_share(relevance: np.ndarray) -> float:
    """Share of exact zeros; 1.0 for an empty array."""
    return float(np.mean(relevance == 0)) if relevance.size else 1.0


def call_seqlets(
    relevance: np.ndarray, names: Sequence[str] | None = None, *, threshold: float = THRESHOLD
) -> pd.DataFrame:
    """Seqlets of both signs in `relevance` (N, L), 5'->3' of each window.

    Returns a frame sorted by window and start: window (row of `relevance`), start and end (0-based, half-open, in
    the window), sign ("+" or "-"), relevance (signed sum), pvalue. No two seqlets overlap: where the signs compete,
    the stronger |relevance| stays. Empty when all values are equal. `names` word the error.
    Raises `InputError` naming the first window that holds a NaN or an infinite value.
    """
    check_finite(relevance, names, "relevance")
    values = np.ascontiguousarray(relevance, dtype=np.float64)
    if values.size == 0 or values.shape[1] < MIN_LENGTH or not values.any():
        return _empty()
    both = [_one_sign(values, "+", threshold), _one_sign(values, "-", threshold)]
    found = pd.concat([frame for frame in both if len(frame)] or [_empty()], ignore_index=True)
    return _without_overlaps(found, values.shape)


def check_finite(values: np.ndarray, names: Sequence[str] | None, what: str) -> None:
    """`InputError` naming the first window of `values` (N, ...) that is not finite throughout."""
    bad = ~np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
    if bad.any():
        row = int(np.argmax(bad))
        name = f"window {names[row]}" if names is not None else f"window {row}"
        raise InputError(f"the {what} of {name} is not finite; check the model's weights and explain it again")


def to_genome(spans: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    """Genome coordinates (chrom, start, end, strand) of `spans` (columns window, start, end), row by row.

    `regions` has one row per window (chrom, start, end, strand). A window on "-" reads 5'->3' from its end down,
    so start and end change places: start = region.end - span.end, end = region.end - span.start.
    """
    rows = regions.iloc[spans["window"].to_numpy(dtype=int)]
    minus = (rows["strand"] == "-").to_numpy()
    left, right = rows["start"].to_numpy(), rows["end"].to_numpy()
    start, end = spans["start"].to_numpy(), spans["end"].to_numpy()
    return pd.DataFrame(
        {
            "chrom": rows["chrom"].to_numpy(),
            "start": np.where(minus, right - end, left + start).astype(np.int64),
            "end": np.where(minus, right - start, left + end).astype(np.int64),
            "strand": np.where(minus, "-", "+"),
        },
        index=spans.index,
    )


def _one_sign(values: np.ndarray, sign: str, threshold: float) -> pd.DataFrame:
    use_numba_cache()
    from tangermeme import seqlet

    keep_kernels(seqlet)
    signed: Any = np.ascontiguousarray(values if sign == "+" else -values)
    if not (signed > 0).any():
        return _empty()
    longest = min(MAX_LENGTH, values.shape[1])
    calls = seqlet.recursive_seqlets(signed, threshold=threshold, min_seqlet_len=MIN_LENGTH, max_seqlet_len=longest)
    assert isinstance(calls, pd.DataFrame)
    rows = []
    for window, start, end, pvalue in zip(
        calls["example_idx"], calls["start"], calls["end"], calls["p-value"], strict=True
    ):
        left, right = _core(signed[window, start:end])
        total = float(values[window, start + left : start + right].sum())
        if right > left:
            rows.append((int(window), int(start) + left, int(start) + right, sign, total, float(pvalue)))
    return pd.DataFrame(rows, columns=list(COLUMNS)) if rows else _empty()


def _core(span: np.ndarray) -> tuple[int, int]:
    """Bounds of `span` without the weak or opposite bases at its ends; (0, 0) when nothing is positive."""
    strong = np.flatnonzero(span >= EDGE * span.max()) if span.max() > 0 else np.array([], dtype=int)
    return (int(strong[0]), int(strong[-1]) + 1) if len(strong) else (0, 0)


def _without_overlaps(found: pd.DataFrame, shape: tuple[int, ...]) -> pd.DataFrame:
    order = found.assign(strength=-found["relevance"].abs()).sort_values(["strength", "window", "start"])
    taken = np.zeros(shape, dtype=bool)
    kept = []
    for index, window, start, end in zip(order.index, order["window"], order["start"], order["end"], strict=True):
        if not taken[window, start:end].any():
            taken[window, start:end] = True
            kept.append(index)
    return found.loc[kept].sort_values(["window", "start"]).reset_index(drop=True)


def _empty() -> pd.DataFrame:
    types = {"window": int, "start": int, "end": int, "sign": str, "relevance": float, "pvalue": float}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})
