"""Explained images for the page: each image, each method's heat map with its numbers, and the ledger of one method.

A heat map is a small PNG whose colours are transparent where relevance is zero: on white it is the map, over the image
the overlay, with the same bytes.
"""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from ..errors import InputError
from ..files import read_json
from ..images.explanations import FORMAT, Explained, read_explanations
from ..plots.heatmap import BLUE, VERMILION, full_colour
from ..plots.images import LAYERS, spread
from .evaluation import SHORT
from .ledger import Layer, Ledger
from .numbers import count, number, share

FOLDER = "explained"
MOST_SIDE = 112  # pixels of a picture on the page; larger ones are averaged
PER_CARD = 2  # images for each pattern card that a page of the same weight would hold
SAID = ("rma", "rra", "pointing", "gini", "zeros", "completeness")  # numbers of a picture, in this order


@dataclass(frozen=True)
class Images:
    """What `lrpgen images explain` wrote: its numbers (summary.json) and arrays."""

    summary: dict[str, Any]
    explained: Explained
    folder: Path

    @property
    def methods(self) -> list[str]:
        return self.explained.methods

    @property
    def setting(self) -> dict[str, Any]:
        return self.summary["setting"]


class Picture(NamedTuple):
    """uri : PNG as a data URI. text : what it shows, with its numbers. below : the number written under it."""

    uri: Markup
    text: str
    below: str


class Row(NamedTuple):
    """An image and its heat maps."""

    number: int
    image: Picture
    right: bool | None
    pictures: list[Picture]


def read_images(folder: Path) -> Images | None:
    """None without explained images. Raises `InputError` for files that are damaged or do not belong together."""
    path = folder / FOLDER / "summary.json"
    if not path.is_file():
        return None
    summary = read_json(path, "summary of explained images")
    if not isinstance(summary, dict) or summary.get("format") != FORMAT:
        raise InputError(f"{path} is not what `lrpgen images explain` writes; run it again")
    explained = read_explanations(path.parent / "relevance.h5")
    if [one["method"] for one in summary["methods"]] != explained.methods:
        raise InputError(
            f"{path} and the relevance beside it name different methods; run `lrpgen images explain` again"
        )
    return Images(summary, explained, path.parent)


def quality_sentence(images: Images) -> str:
    """How often the model was right, as far as images had labels."""
    s = images.setting
    if not s["judged"]:
        return ""
    part = f" of the {s['split']} part" if s["split"] else ""
    right = f"{count(s['correct'])} of {count(s['judged'])} images{part} ({share(s['correct'] / s['judged'])})"
    return f"The model is right on {right}."


def ledger_sentence(images: Images) -> str:
    """How far the ledgers of all LRP methods close."""
    gaps = {name: ledger["gap"] for name, ledger in images.summary["ledgers"].items()}
    if not gaps:
        return ""
    worst = max(gaps, key=lambda name: gaps[name])
    return (
        f"The relevance ledger of {count(len(gaps))} LRP methods was kept layer by layer; the layer and image that close "
        f"worst miss {number(gaps[worst], 2)} of the mass handed down ({worst})."
    )


def shown_rows(images: Images, cards: int) -> list[Row]:
    """As many images as a page of so many pattern cards has room for."""
    return [_row(images, row) for row in range(min(len(images.explained.names), max(1, PER_CARD * cards)))]


def _row(images: Images, row: int) -> Row:
    found, example = images.explained, images.summary["examples"][row]
    said = f"predicted {example['predicted']} (probability {number(example['probability'])})"
    own = f"class {example['label']}, " if example["label"] is not None else ""
    image = Picture(png(found.pixels[row]), f"{example['name']}: {own}{said}", example["label"] or example["name"])
    right = None if example["label"] is None else example["label"] == example["predicted"]
    pictures = []
    for place, name in enumerate(found.methods):
        values = example["values"][name]
        numbers = [f"{SHORT.get(m, m)} {number(values[m])}" for m in SAID if values.get(m) is not None]
        text = f"{name} for {example['target']}, {example['name']}: {', '.join(numbers)}"
        pictures.append(Picture(heat(found.relevance[place, row]), text, next(iter(numbers), "")))
    return Row(row, image, right, pictures)


def rows_of_layers(images: Images, cards: int) -> tuple[list[tuple[str, str]], list[Row]]:
    """(layer, its size) of the columns, and a row of heat maps for some images."""
    found = images.explained
    names = spread(list(found.layers), LAYERS)
    columns = [(name, "\u00d7".join(map(str, found.layers[name].shape[1:]))) for name in names]
    rows = []
    for row in range(min(len(found.names), max(1, cards // 2)) if names else 0):
        pictures = [
            Picture(heat(values := found.layers[name][row]), f"{name}: sum {number(float(values.sum()))}", "")
            for name in names
        ]
        rows.append(_row(images, row)._replace(pictures=pictures))
    return columns, rows


def method_rows(images: Images) -> list[tuple[str, float, float | None, float | None]]:
    """(method, seconds for all images, median completeness error, ledger gap)."""
    errors = {name: images.explained.completeness[i] for i, name in enumerate(images.methods)}
    table = []
    for one in images.summary["methods"]:
        known = errors[one["method"]][np.isfinite(errors[one["method"]])]
        gap = images.summary["ledgers"].get(one["method"], {}).get("gap")
        table.append((one["method"], one["seconds"], median(known.tolist()) if known.size else None, gap))
    return table


def ledger_of(images: Images) -> Ledger | None:
    """The ledger of the method whose layers are shown, as the figures of the report take it."""
    stored = images.summary["ledgers"].get(images.explained.layered)
    if not stored or not stored["layers"]:
        return None
    keys = ("op", "rule", "sum_in", "sum_out", "bias", "epsilon", "stranded", "dropped", "gap")
    layers = [Layer(name=one["layer"], zeros=math.nan, **{key: one[key] for key in keys}) for one in stored["layers"]]
    sums = {key: sum(getattr(layer, key) for layer in layers) for key in ("bias", "epsilon", "stranded")}
    return Ledger(
        split=images.setting["split"] or "all",
        sites=len(images.explained.names),
        layers=layers,
        score=layers[0].sum_in,
        relevance=layers[-1].sum_out,
        dropped=max(layer.dropped for layer in layers),
        gap=stored["gap"],
        gap_median=stored["gap"],
        **sums,
    )


def heat(relevance: np.ndarray) -> Markup:
    """Relevance (H, W) as a PNG: 127 steps of blue below zero, clear at zero, 127 of vermilion above."""
    from PIL import Image

    values = _smaller(relevance[None].astype(np.float64))[0]
    steps = np.rint(np.clip(values / full_colour(values), -1, 1) * 127).astype(int) + 127
    picture = Image.fromarray(steps.astype(np.uint8), "P")
    picture.putpalette([*_rgb(BLUE) * 127, *(255, 255, 255), *_rgb(VERMILION) * 128])
    return _uri(picture, transparency=bytes([*(round(abs(i - 127) / 127 * 255) for i in range(255)), 0]))


def png(pixels: np.ndarray) -> Markup:
    """Pixels (1 or 3, H, W) as a PNG."""
    from PIL import Image

    small = np.rint(_smaller(pixels)).astype(np.uint8)
    return _uri(Image.fromarray(small[0] if len(small) == 1 else small.transpose(1, 2, 0)))


def _smaller(values: np.ndarray) -> np.ndarray:
    """(C, H, W) averaged over squares until no side is above MOST_SIDE."""
    step = math.ceil(max(values.shape[1:]) / MOST_SIDE)
    if step == 1:
        return values
    height, width = (side // step for side in values.shape[1:])
    cut = values[:, : height * step, : width * step].astype(np.float64)
    return cut.reshape(len(values), height, step, width, step).mean(axis=(2, 4))


def _uri(picture: Any, **how: Any) -> Markup:
    data = io.BytesIO()
    picture.save(data, format="PNG", optimize=True, **how)
    return Markup("data:image/png;base64," + base64.b64encode(data.getvalue()).decode())


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))
