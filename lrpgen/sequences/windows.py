"""Windows from a source, checked and counted: what a model is trained and tested on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from ..progress import say
from .sources import MAKERS, Draft
from .split import PARTS, check_parts
from .windowfile import REGION_COLUMNS, WindowSet, write_windows

SHORTEST = 4  # bp: room for the dinucleotides on both sides of a boundary


@dataclass(frozen=True)
class WindowOptions:
    """What to make windows from. `width` None: 200 for splice sites, else that of the input, which must be one.

    The source decides the split: splice sites by position (the same two positions on every contig), regions and
    sequences at random by fraction, copies and overlaps kept together. Raises `InputError` for options that do not
    go together.
    """

    source: str
    fasta: Path
    bed: Path | None = None
    negatives: Path | None = None
    width: int | None = None
    decoys_per_site: int = 10
    negatives_per_positive: int = 1
    validation_start: int = 1_250_000
    test_start: int = 1_600_000
    validation_fraction: float = 0.1
    test_fraction: float = 0.2
    seed: int = 1

    def __post_init__(self) -> None:
        if self.source not in MAKERS:
            raise InputError(f"--source {self.source!r} is unknown; choose from {', '.join(MAKERS)}")
        if self.source != "sequences" and self.bed is None:
            raise InputError(f"--source {self.source} needs --bed; give the BED file of the regions")
        if self.source == "sequences" and self.bed is not None:
            raise InputError("--source sequences takes no --bed; leave it out or use --source regions")
        if self.source != "sequences" and self.negatives is not None:
            raise InputError(f"--source {self.source} takes no --negatives; leave it out")
        if self.width is not None and self.width < SHORTEST:
            raise InputError(f"--width {self.width} is too small; give at least {SHORTEST}")
        for name in ("decoys_per_site", "negatives_per_positive", "seed"):
            if getattr(self, name) < 0:
                raise InputError(f"--{name.replace('_', '-')} {getattr(self, name)} is negative; give 0 or more")


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
