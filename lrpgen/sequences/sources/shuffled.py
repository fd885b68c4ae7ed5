"""Dinucleotide shuffles as negatives, for regions and sequences alike."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..draft import Draft
from ..negatives import append_shuffles
from ..options import WindowOptions

POSITIVE, NEGATIVE = 0, 1  # labels of sources with negatives
CLASSES = ("positive", "negative")


def with_shuffles(draft: Draft, options: WindowOptions) -> None:
    """Add dinucleotide shuffles of every positive, in its part."""
    copies, count = options.negatives_per_positive, len(draft.table)
    origin = append_shuffles(draft.spool, copies, options.seed)
    made = draft.table.iloc[origin].reset_index(drop=True)
    made = made.assign(label=np.int16(NEGATIVE), score=np.float32(0))
    made["copy"] = np.tile(np.arange(1, copies + 1, dtype=np.int32), count)
    draft.parent = np.concatenate([np.arange(count), origin])
    draft.table = pd.concat([draft.table, made], ignore_index=True)
