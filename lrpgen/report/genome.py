"""What was looked up along the genome: enrichment of relevance and of hits in annotated features."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import InputError

LISTED = 60  # rows of a table
TOP = 10  # single features
NUMBERS = ["intervals", "known_bases", "mean", "expected", "z", "p", "q"]
WHAT = {"relevance": "relevance", "hits": "hits of patterns"}


@dataclass(frozen=True)
class Enrichment:
    """One table of `lrpgen enrich`: `rows` of feature types, most significant first; `top` single features by mean.

    total : rows of the file. by_hits : hits of each pattern were counted, and the column `hits` names it.
    """

    target: str
    what: str
    rows: pd.DataFrame
    total: int
    top: pd.DataFrame
    by_hits: bool
    files: list[Path]


def read_enrichment(folder: Path) -> list[Enrichment]:
    """Every table TARGET.WHAT.tsv of the folder. Raises `InputError` for one that is no such table."""
    paths = [path for path in sorted(folder.glob("*.tsv")) if not path.name.endswith(".features.tsv")]
    return [_one(path) for path in paths]


def _one(path: Path) -> Enrichment:
    beside = path.with_name(f"{path.stem}.features.tsv")
    try:
        table: Any = pd.read_csv(path, sep="\t", keep_default_na=False, dtype=str)
        if lacking := {"strand", *NUMBERS} - set(table.columns):
            raise KeyError(", ".join(sorted(lacking)))
        table[NUMBERS] = table[NUMBERS].apply(pd.to_numeric, errors="coerce")
        rows = table.sort_values(["p", "feature"], kind="stable")[:LISTED]
        top: Any = pd.read_csv(beside, sep="\t", keep_default_na=False)[:TOP] if beside.is_file() else table[:0]
    except (KeyError, ValueError, pd.errors.ParserError) as error:
        raise InputError(f"{path} is not a table of `lrpgen enrich` ({error}); run it again") from error
    target, _, what = path.stem.rpartition(".")
    return Enrichment(
        target=target or path.stem,
        what=WHAT.get(what, what),
        rows=rows,
        total=len(table),
        top=top,
        by_hits="hits" in table.columns,
        files=[path, *([beside] if beside.is_file() else [])],
    )
