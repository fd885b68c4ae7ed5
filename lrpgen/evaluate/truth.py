"""Masks of the bases that matter, where somebody knows them. No method sees them.

A mask is int8 (N, L), columns 5'->3' of each window's strand as relevance has them: 1 where positive evidence lies, -1
where negative does, 0 elsewhere.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from ..sequences.bed import read_bed
from ..sequences.reading import lines
from ..sequences.splice import Frame, frame_of, origins
from ..sequences.windowfile import WindowFile
from ..simulate.truth import read_truth, truth_mask

SITES = "sites"
# Bases before and behind the boundary that a splice site is recognised by; those MaxEntScan looks at (Yeo, Burge 2004),
# but for the two exon bases of an acceptor that say least.
AROUND = {"donor": (3, 6), "acceptor": (20, 1)}
SIGN = 6  # the column of a truth.bed that a BED file has a number in


def read_mask(truth: str, windows: WindowFile, rows: np.ndarray) -> np.ndarray:
    """The mask of some windows. truth : `sites` (splice sites), a truth.bed of `lrpgen simulate`, or any BED file, whose
    intervals are positive evidence on both strands.

    Raises `InputError` for `sites` of other windows, and for a file that touches none of these windows.
    """
    regions = windows.table(rows)
    if truth == SITES:
        frame = frame_of(windows.attrs["source"], windows.summary, windows.width)
        if frame is None:
            raise InputError(f"{windows.path} holds no splice sites; give a BED file of what matters as the truth")
        return site_mask(regions["name"].to_numpy(), frame)
    mask = truth_mask(_read(Path(truth)), regions)
    if not mask.any():
        raise InputError(f"truth {truth} touches none of the {len(rows):,} windows; give one on the same contigs")
    return mask


def site_mask(names: np.ndarray, frame: Frame) -> np.ndarray:
    """int8 (N, L): AROUND each boundary; 0 for windows whose name is no donor or acceptor, decoys among them."""
    mask = np.zeros((len(names), frame.width), dtype=np.int8)
    for row, (name, origin) in enumerate(zip(names.tolist(), origins(names, frame), strict=True)):
        if (kind := name.split(":", 1)[0]) in AROUND:
            before, behind = AROUND[kind]
            mask[row, max(origin - before, 0) : origin + behind] = 1
    return mask


def _read(path: Path) -> pd.DataFrame:
    """chrom, start, end, sign of a truth.bed, or of any BED file with overlapping intervals joined."""
    if any(line.split("\t")[SIGN : SIGN + 1] in (["+"], ["-"]) for _, line in lines(path, "truth")):
        return read_truth(path)
    table = read_bed(path).sort_values(["chrom", "start", "end"], ignore_index=True)
    reach = table.groupby("chrom", sort=False)["end"].cummax().to_numpy()
    fresh = table["start"].to_numpy() > np.concatenate([[-1], reach[:-1]])
    fresh |= (table["chrom"] != table["chrom"].shift()).to_numpy()
    joined = table.groupby(np.cumsum(fresh)).agg(chrom=("chrom", "first"), start=("start", "min"), end=("end", "max"))
    return joined.assign(sign="+").reset_index(drop=True)
