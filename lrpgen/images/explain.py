"""`lrpgen images explain`: some images by many methods, with heat maps, what each layer received, and the ledger.

FOLDER/relevance.h5 holds all arrays, FOLDER/summary.json all numbers that are shown beside pictures.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import __version__
from ..device import choose_device, set_threads
from ..evaluate import measures
from ..evaluate.attribution import Attribution, Subject, unaccounted
from ..evaluate.comparison import RENAMED, per_base
from ..evaluate.methods import read_method
from ..files import atomic_dir, sha256, write_json
from ..lrp.explanation import Explanation
from ..progress import progress, say
from .chosen import choose_examples
from .explanations import FORMAT, VERSION, Explained, write_explanations
from .imagefile import ImageFile, open_images
from .ledger import ledger_rows
from .methods import chosen
from .subjects import LABEL, Drawn, draw, open_model

LAYERED = "plrp-"  # layers are shown of the first method of this name, else of the first that is LRP
POOL = 25  # images looked at for each one shown


@dataclass(frozen=True)
class ImageJob:
    """model, images, output : files, and the folder to write. methods : names of `methods`; None = the usual ones.
    labels, target, split : as of `subjects.draw`. inputs : images shown. layers : relevance inside the network is kept."""

    model: Path
    images: Path
    output: Path
    methods: tuple[str, ...] | None = None
    labels: tuple[str, ...] | None = None
    target: str = LABEL
    split: str | None = "test"
    inputs: int = 20
    layers: bool = True
    seed: int = 1
    batch_size: int = 16
    device: str = "auto"
    threads: int = 0


def explain_images(job: ImageJob) -> dict[str, Any]:
    """Write `job.output`; return what its summary.json holds. Raises `InputError` for what does not fit together."""
    set_threads(job.threads)
    place = choose_device(job.device)
    with open_images(job.images) as images:
        methods = chosen(job.methods, images.bounds)
        model, classes = open_model(job.model, images, place)
        pool = draw(
            model, images, classes, split=job.split, labels=job.labels, target=job.target,
            inputs=POOL * job.inputs, seed=job.seed, batch_size=job.batch_size,
        )  # fmt: skip
        drawn = choose_examples(images, pool, job.inputs)
        subject = Subject(model, drawn.x, drawn.target, seed=job.seed, batch_size=job.batch_size)
        found = _explained(subject, methods, images, drawn, job.layers)
        facts = _facts(job, images, pool, place)
    summary = summarise(found, facts)
    write(job.output, found, summary)
    return summary


def _explained(subject: Subject, methods: list[str], images: ImageFile, drawn: Drawn, layers: bool) -> Explained:
    maps, errors, seconds, ledgers = [], [], {}, {}
    inside: tuple[str, dict[str, np.ndarray]] = ("", {})
    shown = next(
        (m for m in methods if m.startswith(LAYERED)), next((m for m in methods if read_method(m).composite), "")
    )
    with progress("explaining", len(methods), "methods") as advance:
        for name in methods:
            attribution, explanation = _attributed(subject, name)
            maps.append(per_base(name, attribution.relevance).astype(np.float32))
            errors.append(attribution.completeness)
            seconds[name] = attribution.seconds
            if explanation is not None:
                ledgers[name] = ledger_rows(explanation)
            if name == shown and layers:
                inside = name, layer_maps(subject, name)
            advance(1)
    return Explained(
        methods=methods,
        relevance=np.stack(maps),
        completeness=np.stack(errors),
        seconds=seconds,
        ledgers=ledgers,
        layered=inside[0],
        layers=inside[1],
        pixels=images.pixels(drawn.rows),
        masks=images.masks(drawn.rows),
        names=images.names(drawn.rows),
        labels=images.labels[drawn.rows],
        label_names=images.classes,
        target=drawn.target.numpy(),
        output=drawn.output,
        classes=drawn.classes,
    )


def _attributed(subject: Subject, name: str) -> tuple[Attribution, Explanation | None]:
    """A method's relevance and, where it is LRP, all that the engine says of it."""
    read = read_method(name)
    if not read.composite:
        return subject.attribute(name), None
    _ = subject.graph  # captured before the clock runs
    begun = time.perf_counter()
    found = subject.explained(read)
    took = time.perf_counter() - begun
    error = unaccounted(read, found).double().cpu().numpy()
    return Attribution(found.relevance.float().cpu().numpy(), took, error), found


def layer_maps(subject: Subject, name: str) -> dict[str, np.ndarray]:
    """Relevance at the input of every layer with weights that has a place, summed over its channels: float32 (n, h, w)."""
    names = [node.layer for node in subject.graph.nodes if node.op.startswith("conv")]
    read = read_method(name)
    parts: dict[str, list[np.ndarray]] = {}
    for rows in torch.arange(len(subject.x)).split(subject.batch_size):
        for layer, values in subject.explained(read, rows, dict.fromkeys(names)).layers.items():
            if values.dim() == 4:
                parts.setdefault(layer, []).append(values.sum(1).float().cpu().numpy())
    return {layer: np.concatenate(parts[layer]) for layer in dict.fromkeys(names) if layer in parts}


def summarise(found: Explained, facts: dict[str, Any]) -> dict[str, Any]:
    """What summary.json holds (docs/images.md): the setting, each image's numbers by method, each method's ledger."""
    values = {
        name: {RENAMED.get(m, m): of for m, of in measures.measure(found.relevance[i], found.masks).items()}
        | {"completeness": found.completeness[i]}
        for i, name in enumerate(found.methods)
    }
    share = _softmax(found.output)
    examples = [
        {
            "name": found.names[row],
            "label": found.label(row),
            "target": found.classes[found.target[row]],
            "predicted": found.predicted(row),
            "probability": round(float(share[row].max()), 5),
            "score": float(found.output[row, found.target[row]]),
            "values": {m: {k: _plain(v[row]) for k, v in of.items()} for m, of in values.items()},
        }
        for row in range(len(found.names))
    ]
    return {
        "format": FORMAT,
        "version": VERSION,
        "setting": facts | {"shown": len(found.names), "layers_of": found.layered},
        "methods": [{"method": name, "seconds": found.seconds[name]} for name in found.methods],
        "examples": examples,
        "ledgers": found.ledgers,
    }


def write(output: Path, found: Explained, summary: dict[str, Any]) -> None:
    from ..plots.images import grid_figure, layers_figure
    from ..plots.style import save_all

    with atomic_dir(output) as folder:
        write_explanations(folder / "relevance.h5", found, summary["setting"])
        write_json(folder / "summary.json", summary)
        figures = {"heatmaps": grid_figure(found)}
        if found.layers:
            figures["layers"] = layers_figure(found)
        save_all(figures, folder)
    say(f"{len(found.methods)} methods on {len(found.names)} images: {output}")


def _facts(job: ImageJob, images: ImageFile, pool: Drawn, place: torch.device) -> dict[str, Any]:
    judged = _judged(images, pool)
    return {
        "images": job.images.name,
        "images_sha256": sha256(job.images),
        "model": job.model.name,
        "model_sha256": sha256(job.model),
        "split": job.split,
        "target": job.target,
        "shape": [images.channels, images.height, images.width],
        "looked_at": len(pool.rows),
        "judged": len(judged),
        "correct": sum(images.classes[label] == pool.classes[top] for label, top in judged),
        "seed": job.seed,
        "device": place.type,
        "threads": torch.get_num_threads(),
        "lrpgen_version": __version__,
    }


def _judged(images: ImageFile, pool: Drawn) -> list[tuple[int, int]]:
    """(label, top output) of the images that have a label."""
    tops = pool.output.argmax(axis=1).tolist()
    return [(label, top) for label, top in zip(images.labels[pool.rows].tolist(), tops, strict=True) if label >= 0]


def _softmax(output: np.ndarray) -> np.ndarray:
    from scipy.special import softmax

    return softmax(output.astype(np.float64), axis=1)


def _plain(value: Any) -> float | None:
    """JSON knows no NaN."""
    return None if np.isnan(value) else round(float(value), 6)
