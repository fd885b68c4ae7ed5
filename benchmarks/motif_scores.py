"""What found motifs are worth where the truth is known: shares of seqlets, of planted motifs and of patterns.

A span and a planted motif are one where they share half of the shorter's bases and the span's sign is that of the motif's
weight (0: decoys, which are never right). Of several the one that shares most, then the one nearest by its middle.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

SPANS = ("chrom", "start", "end", "sign")


def owners(spans: pd.DataFrame, truth: pd.DataFrame) -> np.ndarray:
    """int64 (n,): row of `truth` (ascending, no two overlap) that each of `spans` (columns SPANS) is, or -1."""
    found = np.full(len(spans), -1)
    for chrom, rows in truth.groupby("chrom").indices.items():
        left, right = (truth[name].to_numpy()[rows] for name in ("start", "end"))
        signs = truth["sign"].to_numpy()[rows]
        for at in np.flatnonzero((spans["chrom"] == chrom).to_numpy()):
            start, end, sign = (spans[name].iat[at] for name in SPANS[1:])
            near = np.arange(np.searchsorted(right, start, side="right"), np.searchsorted(left, end))
            shared = np.minimum(right[near], end) - np.maximum(left[near], start)
            shorter = np.minimum(right[near] - left[near], end - start)
            good = (2 * shared >= shorter) & (signs[near] == sign)
            if good.any():
                distance = np.abs(left[near] + right[near] - start - end)
                found[at] = rows[near[np.lexsort((distance, -shared, ~good))[0]]]
    return found


def seqlet_scores(seqlets: pd.DataFrame, truth: pd.DataFrame) -> dict[str, Any]:
    """Precision, recall, and the recall of each motif. `truth`: what was planted in the windows, decoys included."""
    found = owners(seqlets, truth)
    weighted = truth.loc[truth["sign"] != "0"]
    met = weighted.index.isin(truth.index[np.unique(found[found >= 0])])
    recalls = {name: met[rows].mean() for name, rows in weighted.groupby("motif").indices.items()}
    return {
        "seqlets": len(seqlets),
        "precision": _share((found >= 0).sum(), len(seqlets)),
        "recall": _share(met.sum(), len(weighted)),
        "recall_of": {str(name): round(float(value), 4) for name, value in recalls.items()},
    }


def pattern_scores(
    places: pd.DataFrame, names: dict[str, str], truth: pd.DataFrame, mates: dict[str, set[str]]
) -> dict[str, Any]:
    """Motifs recovered and rightly named, false patterns, and patterns of a motif that has another.

    `places` (SPANS and `pattern`); `names`: pattern -> id of the matrix that names it, "" where none does; `mates`: motif ->
    ids that are right for it. A pattern is the motif on which more than half of its places lie, and false where there is
    none, or where its name is right for no planted motif.
    """
    owner = owners(places, truth)
    motif = np.where(owner >= 0, truth["motif"].to_numpy(object)[owner], "")
    patterns: dict[str, dict[str, Any]] = {}
    for pattern, rows in places.groupby("pattern").indices.items():
        most, count = Counter(motif[rows]).most_common(1)[0]
        whose = most if most and 2 * count > len(rows) else ""
        patterns[str(pattern)] = {"motif": whose, "places": len(rows), "on_it": _share(count, len(rows))}
    for name, entry in patterns.items():
        given = names.get(name, "")
        entry |= {"name": given, "right": given in mates.get(entry["motif"], set())}
        entry["false"] = not entry["motif"] or bool(given and not any(given in ids for ids in mates.values()))
    recovered = Counter(entry["motif"] for entry in patterns.values() if entry["motif"])
    right = {entry["motif"] for entry in patterns.values() if entry["right"]}
    return {
        "recovered": len(recovered),
        "rightly_named": len(right),
        "missed": sorted(set(truth["motif"][truth["sign"] != "0"]) - set(recovered)),
        "false_patterns": sum(entry["false"] for entry in patterns.values()),
        "duplicates": sum(recovered.values()) - len(recovered),
        "patterns": patterns,
    }


def _share(part: int, whole: int) -> float | None:
    return round(float(part) / whole, 4) if whole else None
