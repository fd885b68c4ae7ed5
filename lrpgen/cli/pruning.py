"""What `--prune-positive` says: a share, `auto`, or a file of `lrpgen prune`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..errors import InputError
from ..files import read_json, sha256
from ..progress import say

if TYPE_CHECKING:
    from ..lrp import Prune
    from ..relevance.job import Job

FORMAT, VERSION = "lrpgen-prune", 1
INPUTS = 100
PART = "validation"


def settle_prune(
    positive: str, template: Prune, job: Job, windows: Path | None = None, labels: list[str] | None = None
) -> Prune | None:
    """The pruning that `--prune-positive` asks for; None where nothing is pruned.

    template : the other settings, its positive share is not read. job : the models and the method that is to be pruned.
    windows, labels : what `auto` chooses on, those that are explained.

    Raises
    ------
    InputError : neither share, `auto` nor file; a file made for something else; `auto` without windows or for a shard.
    """
    from dataclasses import replace

    share = read_share(positive)
    if share is not None:
        prune = replace(template, positive=share)
        return prune if any(prune.shares) else None
    auto = positive == "auto"
    share = _chosen(template, job, windows, labels) if auto else _read(Path(positive), template, job)
    return replace(template, positive=share) if share else None


def read_share(text: str) -> float | None:
    """The number, or None for `auto` and for a file's name."""
    try:
        return float(text)
    except ValueError:
        return None


def choose(
    job: Job, template: Prune, windows: Path, labels: list[str] | None = None, inputs: int = INPUTS
) -> dict[str, Any]:
    """What a file of `lrpgen prune` holds: the share that `evaluate.choose` finds for the job's models and method.

    On at most `inputs` windows of the validation part, drawn by `job.seed` from those that the job would explain. Says the
    choice in a line. Raises `InputError` where that part holds none of them, and as `relevance.run.explain_windows` does.
    """
    from dataclasses import asdict

    from ..device import choose_device, set_threads
    from ..evaluate.choose import BATCH, CRITERION, choose_prune
    from ..models import load_model

    place = choose_device(job.device)
    set_threads(job.threads)
    onehot, target = _held_out(job, windows, labels, inputs)
    found = choose_prune(
        [load_model(path).to(place) for path in job.models],
        onehot,
        target,
        composite=job.composite,
        redistribute=template.redistribute,
        negative=template.negative,
        reference=job.reference,
        seed=job.seed,
        batch_size=job.batch_size or BATCH,
    )
    best = next((row for row in found.tried if row["share"] == found.share), None)
    aopc = "no share passed" if best is None else f"AOPC {best['aopc']:.4g}, cut to its Gini {best['control_aopc']:.4g}"
    base = found.base["mean"]
    unpruned = "no base rule to compare with" if base is None else f"unpruned {base:.4g}"
    say(f"pruning p = {found.share:g}, chosen on {len(onehot)} validation windows: {aopc}, {unpruned}")
    return {
        "format": FORMAT,
        "version": VERSION,
        **asdict(found),
        **_setting(job, template),
        "model_sha256": [sha256(path) for path in job.models],
        "criterion": CRITERION,
        "windows_sha256": sha256(windows),
        "labels": labels,
        "target": job.target,
        "inputs": len(onehot),
        "seed": job.seed,
        "lrpgen_version": __version__,
    }


def _chosen(template: Prune, job: Job, windows: Path | None, labels: list[str] | None) -> float:
    if windows is None:
        raise InputError("--prune-positive auto chooses on windows; run `lrpgen prune` first and give its file instead")
    if job.shard != (1, 1):
        raise InputError(
            "--prune-positive auto is for one shard; run `lrpgen prune` first and give all shards its file"
        )
    return choose(job, template, windows, labels)["share"]


def _held_out(job: Job, windows: Path, labels: list[str] | None, inputs: int) -> tuple[Any, Any]:
    """One-hot int8 (n, 4, L) of the windows drawn, and the output int (n,) that each is explained for."""
    from ..models.ensemble import check_width
    from ..relevance.work import draw
    from ..sequences import open_windows

    card = job.card()
    with open_windows(windows) as source:
        check_width(card, source.width, f"{windows} holds windows")
        rows, target = draw(source, card, labels, job.target, PART, inputs, job.seed)
        if not len(rows):
            raise InputError(
                f"{windows} has none of the explained windows in its {PART} part, where p is chosen; make windows with "
                "such a part, or give p as a number"
            )
        return source.onehot(rows), target.numpy()


def _setting(job: Job, template: Prune) -> dict[str, Any]:
    """What a choice holds for, beside the models."""
    return {
        "composite": job.composite,
        "redistribute": template.redistribute,
        "reference": job.reference,
        "negative": template.negative,
    }


def _read(path: Path, template: Prune, job: Job) -> float:
    """The share in a file of `lrpgen prune` that was made for this job's models and method."""
    if not path.exists():
        raise InputError(f"--prune-positive {path} is neither a share, nor auto, nor a file of `lrpgen prune`")
    found = read_json(path, "file of `lrpgen prune`")
    if not isinstance(found, dict) or (found.get("format"), found.get("version")) != (FORMAT, VERSION):
        raise InputError(f"{path} is no file of `lrpgen prune` that this version reads; make it again")
    for name, wanted in _setting(job, template).items():
        if name not in found or found[name] != wanted:
            raise InputError(
                f"{path} holds the choice for {name} {found.get(name)}, this is {name} {wanted}; run `lrpgen prune` for it"
            )
    for model in job.models:
        if sha256(model) not in found.get("model_sha256", ()):
            raise InputError(f"{path} holds the choice for another model than {model}; run `lrpgen prune` for it")
    share = found.get("share")
    if not isinstance(share, int | float):
        raise InputError(f"{path} holds no share; make it again with `lrpgen prune`")
    return float(share)
