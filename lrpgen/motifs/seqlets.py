"""Seqlets: short spans of high relevance, of both signs, with exact coordinates in the window and the genome.

Called by tangermeme's recursive algorithm on R and on -R. TF-MoDISco's own caller, the other choice, fits a distribution
that exact zeros break (at 87 % zeros it returns junk, at 95 % nothing, silently). p-values are ranks, not error rates;
`calling` gives those.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..cache import use_numba_cache
from ..errors import InputError
from .kernels import keep_kernels

THRESHOLD = 0.01  # p-value that each 4-base span of a seqlet stays below (tangermeme's default)
MIN_LENGTH, MAX_LENGTH = 4, 25  # of a called span, in bases (tangermeme's defaults)
# The caller reaches up to MIN_LENGTH - 1 bases past a motif, since a span with most of it still is significant.
WHOLE = 41  # bases that a seqlet of TF-MoDISco's caller spans: 21 and flanks of 10
EDGE = 0.1  # end bases below this share of the seqlet's strongest base are cut off

SIGNS = {"+": "positive", "-": "negative"}
PREFIXES = {sign: word[:3] for sign, word in SIGNS.items()}  # of the names of patterns, as in modisco-lite

CALLER = "recursive"
COLUMNS = ("window", "start", "end", "sign", "relevance", "pvalue")


def call_seqlets(relevance: np.ndarray, names: Sequence[str] | None = None, *, caller: str = CALLER) -> pd.DataFrame:
    """Seqlets of both signs in `relevance` (N, L), 5'->3' of each window, by one of CALLERS.

    Returns a frame sorted by window and start: window (row of `relevance`), start and end (0-based, half-open, in
    the window), sign ("+" or "-"), relevance (signed sum), pvalue. No two seqlets overlap: where the signs compete,
    the stronger |relevance| stays. Empty when all values are equal. `names` word the error.
    Raises `InputError` naming the first window that holds a NaN or an infinite value, and for an unknown caller.
    """
    check_caller(caller)
    check_finite(relevance, names, "relevance")
    values = np.ascontiguousarray(relevance, dtype=np.float64)
    if values.size == 0 or values.shape[1] < MIN_LENGTH or not values.any():
        return _empty()
    spans = CALLERS[caller](values)
    found = pd.DataFrame([row for span in spans if (row := _seqlet(values, *span))], columns=list(COLUMNS))
    return _without_overlaps(found, values.shape) if len(found) else _empty()


def check_caller(caller: str) -> None:
    if caller not in CALLERS:
        raise InputError(f"there is no seqlet caller {caller!r}; choose one of {', '.join(CALLERS)}")


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


Span = tuple[int, int, int, str, float]  # window, start, end, sign, p-value


def _recursive(values: Any) -> list[Span]:
    use_numba_cache()
    from tangermeme import seqlet

    keep_kernels(seqlet)
    longest = min(MAX_LENGTH, values.shape[1])
    spans: list[Span] = []
    for sign, signed in (("+", values), ("-", -values)):
        if (signed > 0).any():
            calls: Any = seqlet.recursive_seqlets(
                signed, threshold=THRESHOLD, min_seqlet_len=MIN_LENGTH, max_seqlet_len=longest
            )
            columns = (calls[name].tolist() for name in ("example_idx", "start", "end", "p-value"))
            spans += [(window, start, end, sign, pvalue) for window, start, end, pvalue in zip(*columns, strict=True)]
    return spans


def _modisco(values: np.ndarray) -> list[Span]:
    """TF-MoDISco's caller (Shrikumar et al. 2018): spans of 41 bases, with its defaults. It knows no p-values."""
    use_numba_cache()
    import torch
    from tangermeme import seqlet

    if values.shape[1] < WHOLE:
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            calls: Any = seqlet.tfmodisco_seqlets(torch.from_numpy(values))
    except (IndexError, ValueError, RuntimeError) as error:
        raise InputError(
            f"TF-MoDISco's caller cannot call seqlets in this relevance ({error}); choose recursive"
        ) from error
    columns = (calls[name].tolist() for name in ("example_idx", "start", "end", "attribution"))
    return [
        (window, start, end, "+" if total > 0 else "-", np.nan)
        for window, start, end, total in zip(*columns, strict=True)
    ]


CALLERS: dict[str, Callable[[np.ndarray], list[Span]]] = {"recursive": _recursive, "modisco": _modisco}


def _seqlet(values: np.ndarray, window: int, start: int, end: int, sign: str, pvalue: float) -> tuple[Any, ...] | None:
    """A row of COLUMNS: the span without weak ends, and its relevance; None where nothing of the sign is left."""
    span = values[window, start:end]
    left, right = _core(span if sign == "+" else -span)
    if left == right:
        return None
    return window, start + left, start + right, sign, float(span[left:right].sum()), pvalue


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
