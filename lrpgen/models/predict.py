"""Predictions for a windows file: a table, and the quality of the model on each part of the data.

Windows stream from disk and rows stream to disk; only the predictions themselves, which the metrics need, are held.
"""

from __future__ import annotations

import contextlib
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
import pandas as pd

from ..errors import InputError
from ..files import atomic, read_json, write_json
from ..progress import progress
from ..sequences import WindowFile, open_windows
from .ensemble import Ensemble, Models, Prediction, check_width
from .intervals import METHOD
from .metrics import part_metrics
from .store import Card

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
    target: str | None = None,
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
    models : one model, or several to average. target : output judged by the windows' first class (see `question`).
    baseline : JSON of `lrpgen baseline`, put beside the model's metrics.
    plots : folder for figures of the test part.

    Raises
    ------
    InputError : windows and models do not fit together (width, classes, task).
    """
    ensemble = Ensemble(models, rc_average=rc_average, batch_size=batch_size, device=device, threads=threads)
    beside = read_json(baseline, "baseline") if baseline is not None else None
    with open_windows(windows_path) as file:
        asked = question(ensemble.card, file, target)
        predictions = _stream(file, ensemble, output)
        metrics = quality(file, asked, predictions)
    if beside is not None:
        metrics["baseline"] = beside
    if metrics_path is not None:
        write_json(metrics_path, metrics)
    if plots is not None:
        from ..plots.quality import draw_quality

        draw_quality(metrics, plots)
    return metrics


class Question(NamedTuple):
    """What a windows file can ask of a model: targets as the task has them, and the columns of predictions they judge."""

    task: str
    names: list[str]
    targets: np.ndarray
    columns: list[int]


def question(card: Card, file: WindowFile, target: str | None = None) -> Question:
    """Which outputs the windows judge, and by which targets.

    Outputs and classes (or columns) of the same names are put to the whole task. A model that was trained elsewhere may
    know other things: then each output that is named like a class is asked whether a window is of that class, and the
    output `target`, where given, whether it is of the first one. Raises `InputError` where nothing is left to ask.
    """
    check_width(card, file.width, f"{file.path} holds windows")
    if target is None and (file.classes, file.task) == (card.classes, card.task):
        return Question(file.task, card.classes, file.targets, list(range(len(card.classes))))
    if target is not None and target not in card.classes:
        raise InputError(f"target {target!r} is not one of the model's outputs ({', '.join(card.classes)}); choose one")
    asked = (
        {name: name for name in card.classes if name in file.classes} if target is None else {target: file.classes[0]}
    )
    if file.task != "classes" or not asked:
        raise InputError(
            f"{file.path} has {file.task} {', '.join(file.classes)}, the model knows {card.task} {', '.join(card.classes)}; "
            "they must agree"
        )
    is_class = [file.targets == file.classes.index(wanted) for wanted in asked.values()]
    columns = [card.classes.index(name) for name in asked]
    return Question("labels", list(asked), np.stack(is_class, axis=1).astype(np.float32), columns)


def _stream(file: WindowFile, ensemble: Ensemble, output: Path) -> np.ndarray:
    """Predict all windows of `file` into the table `output`; float32 (N, K)."""
    predictions = np.empty((len(file), len(ensemble.card.classes)), np.float32)
    with progress("predicting", len(file), "windows") as advance, new_table(output, ensemble) as table:
        for at in range(0, len(file), ensemble.batch_size):
            rows = slice(at, at + ensemble.batch_size)
            found = ensemble.predict(file.onehot(rows))
            predictions[rows] = found.mean
            table.add(file.table(rows).drop(columns="score"), found)
            advance(len(found.mean))
    return predictions


def quality(file: WindowFile, asked: Question, predictions: np.ndarray) -> dict[str, Any]:
    """Metrics of every part of the split, and how intervals were made. predictions (N, K)."""
    rows = {part: file.rows(split=part) for part in PARTS}
    judged = predictions[:, asked.columns]
    found = {part: part_metrics(asked.task, asked.targets[at], judged[at], asked.names) for part, at in rows.items()}
    return {"task": asked.task, "interval": METHOD, "splits": found}
