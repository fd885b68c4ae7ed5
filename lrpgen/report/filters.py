"""The first layer's filters as motifs: the table of `lrpgen filters` and the logos of the strongest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from ..errors import InputError
from ..files import read_json
from ..motifs import matrices

DRAWN = 24  # rows with a logo
LISTED = 200  # rows of the table


@dataclass(frozen=True)
class Filter:
    """`relevance`: class -> (mean relevance of a window, standard deviation). `bits` (4, W): None where not drawn."""

    name: str
    consensus: str
    sites: int
    information: float
    share: float
    nearest: str
    correlation: float
    relevance: dict[str, tuple[float, float]]
    bits: np.ndarray | None


@dataclass(frozen=True)
class Filters:
    """`rows`: strongest mean relevance in any class first, LISTED at most; `total` how many there are."""

    summary: dict[str, Any]
    classes: list[str]
    rows: list[Filter]
    total: int
    folder: Path


def read_filters(folder: Path) -> Filters | None:
    """None when filters were not looked at; no rows where the model has none. Raises `InputError` for damaged files."""
    if not (folder / "summary.json").is_file():
        return None
    summary = read_json(folder / "summary.json", "summary of filters")
    if isinstance(summary, dict) and summary.get("filters") == 0:
        return Filters(summary, [], [], 0, folder)
    try:
        table: Any = pd.read_csv(folder / "filters.tsv", sep="\t", keep_default_na=False)
        classes = [str(name) for name in summary["windows"]]
        values = table[[f"relevance.{name}" for name in classes]].astype(float)
        order = np.argsort(-values.abs().max(axis=1).to_numpy(), kind="stable")[:LISTED]
        drawn = set(order[:DRAWN].tolist())
        background = np.array([summary["background"][base] for base in "ACGT"], dtype=float)
        counts = _counts(folder / "filters.h5")
        rows = [_filter(table.iloc[i], classes, _bits(counts[i], background) if i in drawn else None) for i in order]
    except (KeyError, ValueError, TypeError, IndexError, OSError) as error:
        raise InputError(
            f"{folder / 'filters.tsv'} and the files beside it are not what `lrpgen filters` writes; run it again"
        ) from error
    return Filters(summary, classes, rows, len(table), folder)


def _counts(path: Path) -> np.ndarray:
    """(F, 4, W) letters of the sites of each filter."""
    with h5py.File(path, "r") as file:
        data = file["pfm"]
        assert isinstance(data, h5py.Dataset)
        return np.asarray(data[:], dtype=float)


def _bits(pfm: np.ndarray, background: np.ndarray) -> np.ndarray:
    return matrices.probabilities(pfm, background) * matrices.information(pfm, background)


def _filter(row: Any, classes: list[str], bits: np.ndarray | None) -> Filter:
    return Filter(
        name=str(row["filter"]),
        consensus=str(row["consensus"]),
        sites=int(row["sites"]),
        information=float(row["information_bits"] or 0),
        share=float(row["share"]),
        nearest=str(row["nearest"]),
        correlation=float(row["correlation"] or 0),
        relevance={name: (float(row[f"relevance.{name}"]), float(row[f"sd.{name}"])) for name in classes},
        bits=bits,
    )
