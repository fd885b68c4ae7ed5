"""TF-MoDISco as it comes (modisco-lite: its own seqlets, its own patterns), in the form that motif_scores.py reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lrpgen.motifs.seqlets import to_genome
from lrpgen.relevance.store import open_store

TRIM = 0.3  # of the strongest column: where modisco-lite's own report cuts its patterns


def default_modisco(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, np.ndarray]]:
    """The same of TFMoDISco as it is, its patterns cut as its report cuts them."""
    from modiscolite.extract_seqlets import extract_seqlets
    from modiscolite.tfmodisco import TFMoDISco

    with open_store(folder / "relevance.h5") as store:
        everything = slice(0, len(store))
        onehot = store.onehot(everything).transpose(0, 2, 1).astype(np.float32)
        hypothetical = store.multipliers(everything).transpose(0, 2, 1).astype(np.float32)
        regions = store.regions
    positive, negative = TFMoDISco(onehot, hypothetical)
    scores = (onehot * hypothetical).sum(axis=2)
    calls, threshold = extract_seqlets(scores, 21, 10, 20, 0.2, 0.03, 0.2, 0.8)  # TFMoDISco's own defaults
    rows = [(one.example_idx, one.start + 10, one.end - 10) for one in calls]  # without the flanks it adds
    sums = [float(scores[window, start:end].sum()) for window, start, end in rows]
    signs = ["+" if one > threshold else "-" if one < -threshold else "0" for one in sums]
    seqlets = pd.DataFrame(
        [(*row, sign) for row, sign in zip(rows, signs, strict=True) if sign != "0"],
        columns=["window", "start", "end", "sign"],
    )
    places, ppms = [], {}
    for sign, patterns in (("+", positive or []), ("-", negative or [])):
        for number, pattern in enumerate(patterns):
            name = f"{sign}{number}"
            strength = np.abs(pattern.contrib_scores).sum(axis=1)
            strong = np.flatnonzero(strength >= TRIM * strength.max())
            left, right = int(strong[0]), int(strong[-1]) + 1
            ppms[name] = np.ascontiguousarray(pattern.sequence[left:right].T, dtype=np.float64)
            for one in pattern.seqlets:
                start = one.end - right if one.is_revcomp else one.start + left
                places.append((one.example_idx, start, start + right - left, sign, name))
    table = pd.DataFrame(places, columns=["window", "start", "end", "sign", "pattern"])
    return _placed(seqlets, regions), _placed(table, regions), ppms


def _placed(spans: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    rest = spans.drop(columns=["window", "start", "end"])
    return pd.concat([to_genome(spans, regions).drop(columns="strand"), rest], axis=1)
