"""Several genomes ranked by the mean prediction over their tiles, as DeePaC's genome-wide analysis ranks (Reported)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...errors import InputError
from ...files import atomic, existing

ROWS = 1 << 16  # lines read at a time
REGION = ("chrom", "start", "end", "name", "strand", "label", "split", "score")
SPREAD = "_sd"  # ends the columns that hold the spread of an ensemble


def rank_genomes(tables: list[Path], output: Path, target: str | None = None) -> pd.DataFrame:
    """Write and return a table: class, rank, name, tiles, mean, sd, one row per genome and class, highest mean first.

    tables : tables of `lrpgen predict --genome`, one per genome; its name is the file's. target : class; None = all.
    Memory does not grow with the number of tiles. Raises `InputError` for fewer than one table, tables of other classes,
    or values that are no numbers.
    """
    if not tables:
        raise InputError("no tables to rank; give at least one")
    names = _names(tables)
    rows, classes = [], None
    for name, path in zip(names, tables, strict=True):
        found = _moments(path)
        if classes is not None and list(found) != classes:
            raise InputError(f"{path} predicts {', '.join(found)}, {tables[0]} {', '.join(classes)}; they must agree")
        classes = list(found)
        if target is not None and target not in found:
            raise InputError(f"{path} has no class {target!r}; choose one of {', '.join(found)}")
        for one in [target] if target is not None else classes:
            count, mean, sd = found[one]
            rows.append({"class": one, "name": name, "tiles": count, "mean": mean, "sd": sd})
    table: Any = pd.DataFrame(rows)
    order = table["class"].map({name: number for number, name in enumerate(classes or [])})
    table = table.iloc[np.lexsort((-table["mean"], order))]
    table.insert(1, "rank", table.groupby("class", sort=False).cumcount() + 1)
    with atomic(output) as tmp:
        table.to_csv(tmp, sep="\t", index=False, float_format="%.6g")
    return table


def _names(paths: list[Path]) -> list[str]:
    """File names without endings; whole paths where two would be the same."""
    short = [Path(path).name.removesuffix(".gz").removesuffix(".tsv") for path in paths]
    return short if len(set(short)) == len(short) else [str(path) for path in paths]


def _moments(path: Path) -> dict[str, tuple[int, float, float]]:
    """Number, mean and standard deviation of each class's column."""
    path = existing(path, "table")
    count, mean, square, columns = 0, np.zeros(0), np.zeros(0), []
    try:
        for part in pd.read_csv(path, sep="\t", chunksize=ROWS):
            if not len(part):
                continue
            if not count:
                columns = [c for c in part.columns if c not in REGION and not c.endswith(SPREAD)]
                mean, square = np.zeros(len(columns)), np.zeros(len(columns))
            values = part[columns].to_numpy(np.float64)
            if not np.isfinite(values).all():
                raise ValueError("a value is missing or not finite")
            new = values.mean(axis=0)
            both = count + len(values)  # moments of both parts joined (Chan et al. 1979)
            square += values.var(axis=0) * len(values) + (new - mean) ** 2 * count * len(values) / both
            mean += (new - mean) * len(values) / both
            count = both
    except (ValueError, UnicodeDecodeError, OSError, EOFError) as error:
        raise InputError(f"{path} is not a table of `lrpgen predict` ({error}); give its output") from error
    if not columns or not count:
        raise InputError(f"{path} holds no predictions; give the output of `lrpgen predict --genome`")
    sd = np.sqrt(square / count)
    return {name: (count, float(m), float(s)) for name, m, s in zip(columns, mean, sd, strict=True)}
