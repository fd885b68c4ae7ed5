"""Windows from a source, checked and counted: what a model is trained and tested on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..progress import say
from .options import WindowOptions
from .sources import MAKERS, Draft
from .split import PARTS, check_parts
from .windowfile import REGION_COLUMNS, WindowSet, write_windows


def make_windows(options: WindowOptions, output: str | Path) -> dict[str, Any]:
    """Build the windows, write them to `output`, say how many there are, and return the summary."""
    windows = build_windows(options)
    write_windows(output, windows)
    for part, counts in windows.summary["counts"].items():
        say(f"{part}: " + ", ".join(f"{count:,} {label}" for label, count in counts.items()))
    for reason, count in windows.summary["dropped"].items():
        say(f"left out, {reason}: {count:,}")
    if windows.summary["ambiguous_bases"]:
        bases, rows = windows.summary["ambiguous_bases"], windows.summary["windows_with_ambiguous"]
        say(f"N and other ambiguity codes, read as zero columns: {bases:,} bases in {rows:,} windows")
    return windows.summary


def build_windows(options: WindowOptions) -> WindowSet:
    """Labelled windows with their part of the split.

    Raises `InputError` for files that cannot be used and when what is left cannot train and test a model: no windows,
    one class only, a part that is empty or lacks a class.
    """
    draft = MAKERS[options.source](options)
    labels, parts = draft.table["label"].to_numpy(), draft.table["split"].to_numpy()
    classes = [name for name in draft.classes if (labels == name).any()]
    check_parts(labels, parts, classes, draft.hint)
    width = draft.onehot.shape[2]
    summary = {"source": options.source, "width": width, **_counts(draft, labels, parts, classes), **draft.notes}
    attrs = {"source": options.source, "width": width, "seed": options.seed, "summary": summary}
    attrs |= {"fasta": str(options.fasta), "bed": str(options.bed or "")}
    if options.negatives is not None:
        attrs["negatives"] = str(options.negatives)
    return WindowSet(pd.DataFrame(draft.table, columns=list(REGION_COLUMNS)), draft.onehot, classes, attrs)


def _counts(draft: Draft, labels: np.ndarray, parts: np.ndarray, classes: list[str]) -> dict[str, Any]:
    ambiguous = (draft.onehot.sum(axis=1) == 0).sum(axis=1)
    return {
        "counts": {p: {name: int(((parts == p) & (labels == name)).sum()) for name in classes} for p in PARTS},
        "ambiguous_bases": int(ambiguous.sum()),
        "windows_with_ambiguous": int((ambiguous > 0).sum()),
        "dropped": {reason: count for reason, count in draft.dropped.items() if count},
    }
