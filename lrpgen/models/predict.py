"""Predictions for a windows file: a table, and the quality of the model on each part of the data.

Windows stream from disk and rows stream to disk; only the predictions themselves, which the metrics need, are held.
"""

from __future__ import annotations

import contextlib
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd

from ..errors import InputError
from ..files import atomic, read_json, write_json
from ..progress import progress
from ..sequences import WindowFile, open_windows
from .ensemble import Ensemble, Models, Prediction, check_width
from .intervals import METHOD
from .metrics import part_metrics

PARTS = ("test", "validation", "train")


class Table:
    """A TSV written batch by batch: region columns, one column per class and, for ensembles, one per class's spread."""

    def __init__(self, handle: TextIO, columns: list[str]) -> None:
        self._handle, self._columns = handle, columns
        self._header = True

    def add(self, regions: pd.DataFrame, found: Prediction) -> None:
        """regions (n rows) and their predictions; numbers are written with six significant digits."""
        values = found.mean if found.spread is None else np.concatenate([found.mean, found.spread], axis=1)
        table = pd.concat(
            [regions.reset_index(drop=True), pd.DataFrame(values, columns=pd.Index(self._columns))], axis=1
        )
        table.to_csv(self._handle, sep="\t", index=False, header=self._header, float_format="%.6g")
        self._header = False


@contextlib.contextmanager
def new_table(path: Path, ensemble: Ensemble) -> Iterator[Table]:
    """A new table at `path`, whole or not at all; compressed where the name ends in .gz."""
    with atomic(path) as tmp, open(tmp, "wb") as raw:
        # No name and no time inside, so that the same table is the same file.
        packed = gzip.GzipFile("", "wb", 6, raw, mtime=0) if Path(path).suffix == ".gz" else contextlib.nullcontext(raw)
        with packed as binary, io.TextIOWrapper(binary, encoding="utf-8", newline="") as text:
            yield Table(text, ensemble.columns)


def predict(
    windows_path: Path,
    models: Models,
    output: Path,
    metrics_path: Path | None = None,
    *,
    baseline: Path | None = None,
    plots: Path | None = None,
    rc_average: bool = False,
    batch_size: int = 512,
    device: str = "auto",
    threads: int = 0,
) -> dict[str, Any]:
    """Write predictions for all windows as TSV (and metrics of each part as JSON); returns the metrics.

    Parameters
    ----------
    models : one model, or several to average. baseline : JSON of `lrpgen baseline`, put beside the model's metrics.
    plots : folder for figures of the test part.

    Raises
    ------
    InputError : windows and models do not fit together (width, classes, task).
    """
    ensemble = Ensemble(models, rc_average=rc_average, batch_size=batch_size, device=device, threads=threads)
    beside = read_json(baseline, "baseline") if baseline is not None else None
    with open_windows(windows_path) as file:
        _check_fit(ensemble, file)
        predictions = _stream(file, ensemble, output)
        metrics = quality(file, predictions)
    if beside is not None:
        metrics["baseline"] = beside
    if metrics_path is not None:
        write_json(metrics_path, metrics)
    if plots is not None:
        from ..plots.quality import draw_quality

        draw_quality(metrics, plots)
    return metrics


def _check_fit(ensemble: Ensemble, file: WindowFile) -> None:
    card = ensemble.card
    check_width(card, file.width, f"{file.path} holds windows")
    task = getattr(file, "task", "classes")
    if file.classes != card.classes or task != card.task:
        raise InputError(
            f"{file.path} has {task} {file.classes}, the model knows {card.task} {card.classes}; they must agree"
        )


def _stream(file: WindowFile, ensemble: Ensemble, output: Path) -> np.ndarray:
    """Predict all windows of `file` into the table `output`; float32 (N, K)."""
    predictions = np.empty((len(file), len(file.classes)), np.float32)
    regions = file.regions.drop(columns="score")
    with progress("predicting", len(file), "windows") as advance, new_table(output, ensemble) as table:
        for at in range(0, len(file), ensemble.batch_size):
            rows = slice(at, at + ensemble.batch_size)
            found = ensemble.predict(file.onehot(rows))
            predictions[rows] = found.mean
            table.add(regions.iloc[rows], found)
            advance(len(found.mean))
    return predictions


def quality(file: WindowFile, predictions: np.ndarray) -> dict[str, Any]:
    """Metrics of every part of the split, and how intervals were made. predictions (N, K)."""
    task, targets = getattr(file, "task", "classes"), file.targets
    rows = {part: file.rows(split=part) for part in PARTS}
    found = {part: part_metrics(task, targets[at], predictions[at], file.classes) for part, at in rows.items()}
    return {"task": task, "interval": METHOD, "splits": found}
