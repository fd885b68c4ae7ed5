"""`lrpgen images evaluate`: the comparison of `lrpgen evaluate` on images; the same files come out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .. import __version__
from ..device import choose_device, set_threads
from ..errors import InputError
from ..evaluate.attribution import Subject, costs
from ..evaluate.bootstrap import FEWEST
from ..evaluate.comparison import Comparison, Setting
from ..evaluate.run import write
from ..evaluate.summary import summarise
from ..files import sha256
from .imagefile import open_images
from .methods import chosen
from .subjects import LABEL, draw, open_model


@dataclass(frozen=True)
class ImageEvaluation:
    """models : the first is explained, the others are members of its ensemble. methods : names of `methods`; None = the
    usual ones. labels, target, split, inputs : as of `subjects.draw`. masks : set relevance against the file's masks."""

    models: tuple[Path, ...]
    images: Path
    output: Path
    methods: tuple[str, ...] | None = None
    labels: tuple[str, ...] | None = None
    target: str = LABEL
    split: str | None = "test"
    inputs: int = 100
    masks: bool = True
    setting: Setting = field(default_factory=Setting)
    device: str = "auto"
    threads: int = 0


def evaluate_images(job: ImageEvaluation) -> dict[str, Any]:
    """Compare methods; write `job.output` and return what its summary.json holds. Raises `InputError` as `explain_images`
    does, and for fewer images than an interval needs."""
    set_threads(job.threads)
    place, setting = choose_device(job.device), job.setting
    with open_images(job.images) as images:
        methods = chosen(job.methods, images.bounds)
        opened = [open_model(path, images, place) for path in job.models]
        model, classes = opened[0]
        drawn = draw(
            model, images, classes, split=job.split, labels=job.labels, target=job.target,
            inputs=job.inputs, seed=setting.seed, batch_size=setting.batch_size,
        )  # fmt: skip
        if len(drawn.rows) < FEWEST:
            raise InputError(
                f"{job.images} has {len(drawn.rows)} image to evaluate in its part {job.split!r} and an interval needs "
                f"{FEWEST}; choose another --split, or more --inputs"
            )
        masks = images.masks(drawn.rows) if job.masks else None
        names = images.names(drawn.rows)
    comparison = Comparison(model, drawn.x, drawn.target, masks, [other for other, _ in opened[1:]], setting)
    found = list(comparison.rows(methods))
    n = setting.timed
    timed = Subject(model, drawn.x[:n], drawn.target[:n], seed=setting.seed, batch_size=setting.batch_size)
    prices = costs([row.method.text for row in found[1:]], timed, setting.rounds)
    facts = {
        "images": job.images.name,
        "images_sha256": sha256(job.images),
        "model_sha256": [sha256(path) for path in job.models],
        "split": job.split,
        "classes": [classes[k] for k in drawn.target.unique().tolist()],
        "inputs": len(drawn.rows),
        "shape": list(drawn.x.shape[1:]),
        "target": job.target,
        "truth": None if masks is None else "masks",
        "truth_share": None if masks is None else round(float(masks.mean()), 5),
        "device": place.type,
        "lrpgen_version": __version__,
        **asdict(setting),
    }
    summary = summarise(found, facts, prices, setting.steps)
    write(job.output, summary, found, names)
    return summary
