"""Names of regions, of their shuffles and of loci drawn beside them, worded when they are written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ...errors import InputError
from ..cut import place_names
from ..names import UNNAMED, NameIndex, keys_of

FROM_GENOME = -1  # in the column `copy`: a locus drawn from the genome


@dataclass(frozen=True)
class RegionNames:
    """`given` (names.Text, by the column `source`; None: all nameless) or the place; `copy` counts the shuffles."""

    given: np.ndarray | None
    contigs: np.ndarray

    def __call__(self, rows: pd.DataFrame) -> list[str]:
        found = place_names(rows, self.contigs)
        for at, (source, copy) in enumerate(zip(rows["source"].tolist(), rows["copy"].tolist(), strict=True)):
            name = UNNAMED if self.given is None or copy == FROM_GENOME else str(self.given[source])
            if name != UNNAMED:
                found[at] = name
            if copy:
                found[at] = f"genome:{found[at]}" if copy == FROM_GENOME else f"shuffle-{copy}:{found[at]}"
        return found


def name_keys(names: np.ndarray | None, path: Path, why: str) -> np.ndarray:
    """Hashes of the names of a BED file or FASTA; raises `InputError` where a region has none, or two share one."""
    if names is None or (names == UNNAMED).any():
        raise InputError(
            f"{path} has regions without a name (fourth column), and {why} finds regions by name; add them"
        )
    keys = keys_of(names)
    if twice := NameIndex(keys).twice:
        raise InputError(
            f"{path} has two regions named {names[twice[1]]!r}, and {why} finds regions by name; rename one"
        )
    return keys
