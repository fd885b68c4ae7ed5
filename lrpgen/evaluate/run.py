"""`lrpgen evaluate`: a model, windows and, where somebody knows it, the truth; a folder of numbers and figures comes out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from .. import __version__
from ..device import choose_device, set_threads
from ..errors import InputError, MissingFeatureError
from ..files import atomic_dir, sha256, write_json
from ..models import load_model, read_card
from ..models.ensemble import check_members, model_paths
from ..progress import say
from ..relevance.work import draw
from ..sequences.windowfile import open_windows
from .attribution import Subject, costs
from .bootstrap import FEWEST
from .comparison import Comparison, Row, Setting
from .methods import compared, read_method, usual
from .peers import check_installed
from .summary import summarise
from .tables import rows_table
from .truth import read_mask


@dataclass(frozen=True)
class Evaluation:
    """What is evaluated.

    models : files of `lrpgen train`; the first is explained, the others are members of its ensemble.
    labels, target : as of `lrpgen explain`. split : part of the windows; inputs : at most so many of them, drawn by the
        seed. truth : see `truth.read_mask`. methods : names of `methods`; None = the usual ones, ("all",) = every one.
    """

    models: tuple[Path, ...]
    windows: Path
    output: Path
    truth: str | None = None
    labels: tuple[str, ...] | None = None
    target: str | None = None
    split: str = "test"
    inputs: int = 200
    methods: tuple[str, ...] | None = None
    setting: Setting = field(default_factory=Setting)
    device: str = "auto"
    threads: int = 0


def evaluate(job: Evaluation) -> dict[str, Any]:
    """Compare methods; write `job.output` and return what its summary.json holds.

    Raises
    ------
    InputError : unknown methods, classes or split, windows that do not fit the model, a truth that touches none of them.
    MissingFeatureError : captum is not installed and a method that needs it was named.
    """
    methods = chosen_methods(job.methods)
    paths = model_paths(job.models)
    cards = [read_card(path) for path in paths]
    check_members(paths, cards)
    with open_windows(job.windows) as windows:
        if windows.width != cards[0].width:
            raise InputError(f"{job.windows} holds windows of {windows.width} bp, the model takes {cards[0].width} bp")
        labels = list(job.labels) if job.labels else None
        rows, target = draw(windows, cards[0], labels, job.target, job.split, job.inputs, job.setting.seed)
        if len(rows) < FEWEST:
            raise InputError(
                f"{job.windows} has {len(rows)} windows to evaluate in its {job.split} part and an interval needs "
                f"{FEWEST}; choose another --split, or more --inputs"
            )
        onehot, names = windows.onehot(rows), windows.table(rows)["name"].astype(str).tolist()
        mask = None if job.truth is None else read_mask(job.truth, windows, rows)
    set_threads(job.threads)
    place = choose_device(job.device)
    models = [load_model(path).to(place) for path in paths]
    setting = job.setting
    comparison = Comparison(models[0], onehot, target, mask, models[1:], setting)
    found = list(comparison.rows(methods))
    n = setting.timed
    timed = Subject(models[0], onehot[:n], target[:n], seed=setting.seed, batch_size=setting.batch_size)
    prices = costs([row.method.text for row in found[1:]], timed, setting.rounds)
    facts = {
        "windows": job.windows.name,
        "windows_sha256": sha256(job.windows),
        "model_sha256": [sha256(path) for path in paths],
        "split": job.split,
        "classes": [cards[0].classes[k] for k in target.unique().tolist()],
        "inputs": len(rows),
        "width": cards[0].width,
        "truth": None if job.truth is None else Path(job.truth).name,
        "truth_share": None if mask is None else round(float((mask > 0).mean()), 5),
        "device": place.type,
        "lrpgen_version": __version__,
        **asdict(setting),
    }
    summary = summarise(found, facts, prices, setting.steps)
    write(job.output, summary, found, names)
    return summary


def chosen_methods(wanted: tuple[str, ...] | None) -> list[str]:
    """Names, checked before anything is computed. Of those nobody named, what is not installed is left out."""
    if wanted is None or wanted == ("all",):
        return list(_installed(compared() if wanted else usual()))
    for name in wanted:
        check_installed(read_method(name).name, images=False)
    return list(dict.fromkeys(wanted))


def _installed(methods: list[str]) -> Iterator[str]:
    for name in methods:
        try:
            check_installed(read_method(name).name, images=False)
        except MissingFeatureError as error:
            say(f"left out: {error}")
        else:
            yield name


def write(output: Path, summary: dict[str, Any], rows: list[Row], names: list[str]) -> None:
    """summary.json, methods.tsv, values.tsv.gz (every number of every input) and the figures."""
    from ..plots.evaluation import draw_evaluation

    with atomic_dir(output) as folder:
        write_json(folder / "summary.json", summary)
        rows_table(summary).to_csv(folder / "methods.tsv", sep="\t", index=False, float_format="%.6g")
        packed = {"method": "gzip", "mtime": 0}
        _values(rows, names).to_csv(
            folder / "values.tsv.gz", sep="\t", index=False, float_format="%.6g", compression=packed
        )
        draw_evaluation(summary, folder)
    say(f"{len(rows)} methods on {summary['setting']['inputs']} inputs: {output}")


def _values(rows: list[Row], names: list[str]) -> pd.DataFrame:
    tables = []
    for row in rows:
        for control, values in {"": row.values, **row.controls}.items():
            table = pd.DataFrame({"method": row.method.text, "control": control, "input": names} | values)
            tables.append(table)
    return pd.concat(tables, ignore_index=True)
