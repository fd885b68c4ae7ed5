"""Records of a FASTA as windows: read one after the other, their letters straight into the spool."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd

from ...errors import InputError
from ..fasta import read_fasta
from ..names import Text
from ..onehot import codes
from ..reading import lines
from ..spool import Spool, block_rows


def is_fasta(path: Path) -> bool:
    """Whether the first line that is not blank begins a FASTA record."""
    return next((line for _, line in lines(path, "file of negatives") if line.strip()), "").startswith(">")


def first_length(path: Path) -> int:
    return len(next(read_fasta(path))[1])


def append_records(spool: Spool, path: Path, width: int | None) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows (contig and source: number of the record; start, end, minus, score, copy) and names of a FASTA's records.

    With `width`, longer sequences are cut to their middle; without, all must have the spool's width. Raises
    `InputError` naming the record that does not fit.
    """
    starts, names = [], []
    for block in _blocks(path, width, spool.width):
        spool.append(np.stack([letters for _, _, letters in block]))
        starts.append(np.array([start for _, start, _ in block], dtype=np.int64))
        names.append(np.array([name for name, _, _ in block], dtype=Text))
    start = np.concatenate(starts)
    number = np.arange(len(start))
    columns = {"contig": number.astype(np.int32), "start": start, "end": start + spool.width}
    table = pd.DataFrame(columns).assign(minus=False, score=np.float32(0), source=number, copy=np.int32(0))
    return table, np.concatenate(names)


def _blocks(path: Path, width: int | None, need: int) -> Iterator[list[tuple[str, int, np.ndarray]]]:
    block, size = [], block_rows(need)
    for name, sequence in read_fasta(path):
        start = (len(sequence) - need) // 2
        if start < 0 or (width is None and len(sequence) != need):
            _wrong_length(path, name, len(sequence), need, width is not None)
        letters = codes(sequence[start : start + need], f"{path}: record {name!r}", start)
        block.append((name, start, letters))
        if len(block) == size:
            yield block
            block = []
    if block:
        yield block


def _wrong_length(path: Path, name: str, length: int, need: int, given: bool) -> NoReturn:
    if given:
        raise InputError(f"{path}: record {name!r} has {length} letters, --width is {need}; use a smaller width")
    raise InputError(
        f"{path}: mixed widths, record {name!r} has {length} letters and the first sequence {need}; "
        "give --width, at most that of the shortest, to cut all to their middle"
    )
