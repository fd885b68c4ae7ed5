"""Heat maps of images: inputs by methods over the image, and what each layer of the network received.

Blue is negative, white zero, vermilion positive; every map has a scale of its own, as methods have no common unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .heatmap import diverging, full_colour
from .style import CYCLE, FAINT, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..images.explanations import Explained

ROWS, COLUMNS = 12, 14  # of a grid at most
LAYERS, INPUTS = 8, 6  # of the figure of layers
SIDE = 0.85  # inches of a picture
PALE = 0.45  # how much of the image is left below a heat map


def grid_figure(found: Explained) -> Figure:
    """An image a row: itself with the mask's outline, then each method's relevance over it, paled."""
    rows, methods = range(min(ROWS, len(found.names))), found.methods[:COLUMNS]
    with styled():
        figure, axes = _panels(len(rows), len(methods) + 1)
        for row, line in zip(rows, axes, strict=True):
            below = shown(found.pixels[row])
            line[0].imshow(below)
            if found.masks is not None and found.masks[row].any():
                line[0].contour(found.masks[row], levels=[0.5], colors=[CYCLE[-1]], linewidths=0.7)
            line[0].set_ylabel(_said(found, row), rotation=0, ha="right", va="center", fontsize=6.5)
            for ax, values in zip(line[1:], found.relevance[:, row], strict=False):
                ax.imshow(over(below, values))
        for ax, name in zip(axes[0], ["image", *methods], strict=True):
            ax.set_title(_wrapped(name), fontsize=5.5, loc="center")
    return figure


def layers_figure(found: Explained) -> Figure:
    """An image a row: the relevance at the input of each layer, summed over channels, from the input to the output."""
    names = spread(list(found.layers), LAYERS)
    rows = range(min(INPUTS, len(found.names)))
    with styled():
        figure, axes = _panels(len(rows), len(names) + 1)
        for row, line in zip(rows, axes, strict=True):
            line[0].imshow(shown(found.pixels[row]))
            line[0].set_ylabel(_said(found, row), rotation=0, ha="right", va="center", fontsize=6.5)
            for ax, name in zip(line[1:], names, strict=True):
                values = found.layers[name][row]
                limit = full_colour(values)
                ax.imshow(values, cmap=diverging(), vmin=-limit, vmax=limit)
        sizes = ["\u00d7".join(map(str, found.layers[name].shape[1:])) for name in names]
        heads = [f"{name}\n{size}" for name, size in zip(names, sizes, strict=True)]
        for ax, head in zip(axes[0], ["image", *heads], strict=True):
            ax.set_title(head, fontsize=5.5, loc="center")
        figure.supxlabel(f"relevance at the input of each layer, {found.layered}", fontsize=7)
    return figure


def shown(pixels: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) of pixels (1 or 3, H, W)."""
    return np.repeat(pixels, 3, axis=0).transpose(1, 2, 0) if len(pixels) == 1 else pixels.transpose(1, 2, 0)


def over(below: np.ndarray, relevance: np.ndarray) -> np.ndarray:
    """float (H, W, 3): the heat map of relevance (H, W) over the image `below` in pale grey: clear where it is zero."""
    scaled = np.clip(relevance / full_colour(relevance), -1, 1)
    grey = 1 - PALE * (1 - below.mean(axis=2, keepdims=True) / 255)
    full = diverging()((scaled > 0).astype(float))[..., :3]
    strength = np.abs(scaled)[..., None]
    return grey * (1 - strength) + full * strength


def spread(items: list[Any], most: int) -> list[Any]:
    """At most so many of them, evenly, the first and the last among them."""
    if len(items) <= most:
        return items
    return [items[round(place)] for place in np.linspace(0, len(items) - 1, most)]


def _panels(rows: int, columns: int) -> tuple[Figure, Any]:
    figure = new_figure(SIDE * columns + 0.9, SIDE * rows + 0.5)
    axes = figure.subplots(rows, columns, squeeze=False)
    for ax in axes.flat:
        ax.set(xticks=(), yticks=())
        for spine in ax.spines.values():
            spine.set(visible=True, color=FAINT, linewidth=0.4)
    return figure, axes


def _said(found: Explained, row: int) -> str:
    """The image's class and, where the model says another one, that."""
    label, predicted = found.label(row), found.predicted(row)
    return label if label == predicted and label else f"{label or '?'}\nsaid {predicted}"


def _wrapped(name: str) -> str:
    return name.replace(":", "\n", 1).replace(",", ",\n").replace("_gradients", "\ngradients")
