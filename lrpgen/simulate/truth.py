"""truth.bed, where everything planted lies, and the mask of bases it gives."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from ..sequences.fasta import STRANDS
from ..sequences.reading import lines

COLUMNS = ("chrom", "start", "end", "motif", "score", "strand", "sign", "region")
SIGNS = {"+": 1, "-": -1, "0": 0}


def read_truth(path: str | os.PathLike[str]) -> pd.DataFrame:
    """The planted motifs of a truth.bed: COLUMNS; `strand` that the motif reads along, `sign` of its weight (+, -, 0).

    Raises `InputError` with the line for what `lrpgen simulate` does not write.
    """
    rows = []
    for number, line in lines(Path(path), "truth"):
        fields = line.split("\t")
        whole = len(fields) == len(COLUMNS) and fields[1].isdigit() and fields[2].isdigit()
        if not whole or fields[5] not in STRANDS or fields[6] not in SIGNS:
            raise InputError(f"{path}:{number}: not a line of a truth.bed of `lrpgen simulate`; give one of its making")
        rows.append(fields)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"start": np.int64, "end": np.int64, "score": np.int64})


def truth_mask(truth: pd.DataFrame, regions: pd.DataFrame) -> np.ndarray:
    """int8 (N, L): 1 where a motif of positive weight was planted, -1 of negative, 0 elsewhere (decoys too).

    `regions` (chrom, start, end, strand) of one width L, as windows and relevance stores have them; columns run 5'->3' on
    each region's strand, as relevance does. Raises `InputError` for regions of several widths.
    """
    widths = (regions["end"] - regions["start"]).to_numpy()
    if len(widths) and (widths != widths[0]).any():
        raise InputError("regions of several widths have no common mask; cut them to one width")
    mask = np.zeros((len(regions), int(widths[0]) if len(widths) else 0), dtype=np.int8)
    truth = truth.loc[truth["sign"] != "0"].sort_values(by=["chrom", "start"])
    chroms, left, right = (truth[name].to_numpy() for name in ("chrom", "start", "end"))
    sign = np.array([SIGNS[one] for one in truth["sign"]], dtype=np.int8)
    columns = [regions[name].tolist() for name in ("chrom", "start", "end", "strand")]
    bounds = {chrom: np.flatnonzero(chroms == chrom)[[0, -1]] + (0, 1) for chrom in pd.unique(chroms)}
    for row, (chrom, start, end, strand) in enumerate(zip(*columns, strict=True)):
        low, high = bounds.get(chrom, (0, 0))
        # Planted motifs do not overlap, so that their ends ascend as their starts do.
        first = low + np.searchsorted(right[low:high], start, side="right")
        last = low + np.searchsorted(left[low:high], end)
        for at in range(first, last):
            mask[row, max(left[at] - start, 0) : right[at] - start] = sign[at]
        if strand == "-":
            mask[row] = mask[row, ::-1].copy()
    return mask
