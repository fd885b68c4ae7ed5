"""Patterns as the HDF5 file of modisco-lite, which its reports and converters, and other tools of the field, read."""

from __future__ import annotations

import os
from collections.abc import Sequence

import h5py
import numpy as np
import pandas as pd

from .. import hdf5
from .patterns import Pattern
from .seqlets import PREFIXES


def write_modisco(
    path: str | os.PathLike[str], patterns: Sequence[Pattern], regions: pd.DataFrame, length: int
) -> None:
    """`patterns` in modisco-lite's layout: pos_patterns/pattern_0 is the first of sign "+", and so on.

    Each holds sequence, contrib_scores and hypothetical_contribs (W, 4), means over its seqlets, the group seqlets with
    n_seqlets (1,), start, end, example_idx, is_revcomp (n,) and the seqlets' own three arrays (n, W, 4), and its
    subpatterns in the same form. The attribute window_size is `length`, that of the windows.
    Those who read it take windows to lie on the + strand of the genome: places in windows of the - strand (`regions`,
    one row per window) are turned over, as `lrpgen export` turns the windows; example_idx is the row of both.
    A sign without patterns has no group, as in modisco-lite's files. Patterns keep their own widths: readers that stack
    them (Fi-NeMo 0.41) take only patterns of one width.
    """
    minus = (regions["strand"] == "-").to_numpy()
    with hdf5.create(path, {"window_size": length}, ()) as file:
        for sign, prefix in PREFIXES.items():
            for i, pattern in enumerate(pattern for pattern in patterns if pattern.sign == sign):
                _write(file.create_group(f"{prefix}_patterns/pattern_{i}"), pattern, minus, length)


def _write(group: h5py.Group, pattern: Pattern, minus: np.ndarray, length: int) -> None:
    n, frame = pattern.seqlets, pattern.frame
    turned = minus[frame.window]
    start = np.where(turned, length - frame.start - frame.width, frame.start)
    group["sequence"] = (pattern.pfm / n).T
    group["contrib_scores"] = pattern.cwm.T
    group["hypothetical_contribs"] = pattern.hypothetical_cwm.T
    seqlets = group.create_group("seqlets")
    seqlets["n_seqlets"] = np.array([n])
    seqlets["start"] = start
    seqlets["end"] = start + frame.width
    seqlets["example_idx"] = frame.window
    seqlets["is_revcomp"] = frame.reverse ^ turned
    reads = {
        "sequence": pattern.reads.onehot,
        "contrib_scores": pattern.reads.contributions,
        "hypothetical_contribs": pattern.reads.hypothetical,
    }
    for name, array in reads.items():
        along = array.transpose(0, 2, 1).astype(np.float32)
        seqlets.create_dataset(name, data=along, compression="gzip", shuffle=True)
    for i, subpattern in enumerate(pattern.subpatterns):
        _write(group.create_group(f"subpattern_{i}"), subpattern, minus, length)
