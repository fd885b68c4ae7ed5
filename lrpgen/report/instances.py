"""Where the seqlets of a pattern lie in their windows, the strongest of them, and how windows that have one score."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError

EXAMPLES = 3
COLUMNS = ("chrom", "start", "end", "pattern", "score", "strand", "relevance", "p", "sign", "window", "q")


@dataclass(frozen=True)
class Example:
    """One seqlet: BED coordinates, its relevance, and the name of the window it lies in."""

    chrom: str
    start: int
    end: int
    strand: str
    relevance: float
    window: str


@dataclass(frozen=True)
class Instances:
    """Seqlets of one pattern.

    `places` (n,): their middle base, counted from the window's origin (0 is base +1). `windows`: windows of the class
    with a seqlet; `of`: windows of the class. `score` and `score_without`: mean score of windows with and without one,
    None where there is none.
    """

    places: np.ndarray
    reach: tuple[int, int]  # of any window: places before the origin and from it on
    examples: list[Example]
    windows: int
    of: int
    score: float | None
    score_without: float | None


def read_instances(path: Path, sites: pd.DataFrame | None, target: str) -> dict[str, Instances]:
    """Pattern -> its seqlets in seqlets.bed; those in windows that the store does not name have no place.

    Empty without a store, or without seqlets. Raises `InputError` for a file that is no such table.
    """
    if sites is None or not path.is_file() or not path.stat().st_size:
        return {}
    try:
        table: Any = pd.read_csv(path, sep="\t", header=None, names=list(COLUMNS), dtype=str, keep_default_na=False)
        table = table.astype({"start": np.int64, "end": np.int64, "relevance": np.float64})
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(f"{path} is not a table of seqlets ({error}); run `lrpgen motifs` again") from error
    known: Any = sites[(sites["target"] == target) & ~sites.index.duplicated(keep=False)]
    if known.empty:
        return {}
    reach = (int(known["origin"].max()), int((known["end"] - known["start"] - known["origin"]).max()))
    return {str(name): _instances(rows, known, reach) for name, rows in table.groupby("pattern", sort=False)}


def _instances(rows: Any, known: Any, reach: tuple[int, int]) -> Instances:
    """`rows`: the table of one pattern; `known`: sites of the class by name."""
    placed = rows[rows["window"].isin(known.index)]
    window = known.loc[placed["window"]]
    minus = (window["strand"] == "-").to_numpy()
    start, end = placed["start"].to_numpy(), placed["end"].to_numpy()
    first = np.where(minus, window["end"].to_numpy() - end, start - window["start"].to_numpy())
    index = first + (end - start - 1) // 2
    having = known.index.isin(placed["window"])
    logit = known["logit"].to_numpy()
    strongest = rows.iloc[np.argsort(-rows["relevance"].abs().to_numpy(), kind="stable")[:EXAMPLES]]
    return Instances(
        places=index - window["origin"].to_numpy(),
        reach=reach,
        examples=[
            Example(str(r.chrom), int(r.start), int(r.end), str(r.strand), float(r.relevance), str(r.window))
            for r in strongest.itertuples()
        ],
        windows=int(having.sum()),
        of=len(known),
        score=float(logit[having].mean()) if having.any() else None,
        score_without=float(logit[~having].mean()) if (~having).any() else None,
    )
