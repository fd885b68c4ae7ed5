"""How much of a heat map is left when only some channels of a layer hand their relevance on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .style import CYCLE, FAINT, new_figure, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MEASURES = {"mse_share": "MSE, share of mean square", "smape": "SMAPE (%)"}
NAMES = {
    "top_relevance": "top relevance",
    "top_product": "top product",
    "closest": "closest",
    "top_magnitude": "top magnitude",
    "random": "random (control)",
}
MOST = 6  # layers that are drawn, evenly spread over those there are


def curves_figure(table: pd.DataFrame) -> Figure:
    """Both errors against the number of channels kept, a column per layer; the random control is dashed. `table`: curves.tsv."""
    layers = list(dict.fromkeys(table["layer"]))
    drawn = [layers[i * len(layers) // min(MOST, len(layers))] for i in range(min(MOST, len(layers)))]
    with styled():
        figure = new_figure(2.3 * max(len(drawn), 2), 4.4)
        panels: Any = figure.subplots(len(MEASURES), len(drawn), squeeze=False, sharey="row")
        for across, layer in enumerate(drawn):
            rows = table[table["layer"] == layer]
            for ax, measure in zip(panels[:, across], MEASURES, strict=True):
                for (selector, name), colour in zip(NAMES.items(), (*CYCLE[:4], FAINT), strict=True):
                    own = rows[rows["selector"] == selector]
                    style = "--" if selector == "random" else "-"
                    ax.plot(own["k"], own[measure], style, color=colour, marker=".", markersize=4, label=name)
                ax.set_xscale("log", base=2)
                most = max(rows["k"].tolist())
                ax.set_xticks(*zip(*_ticks(most), strict=True), minor=False)
            panels[0, across].set_title(str(layer))
            panels[-1, across].set_xlabel("channels kept")
        for ax, label in zip(panels[:, 0], MEASURES.values(), strict=True):
            ax.set_ylabel(label)
            ax.set_ylim(bottom=0)  # the whole row's, once all of it is drawn
        figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
    return figure


def _ticks(most: int) -> list[tuple[int, str]]:
    """1, then about three steps, then all."""
    step = max(1, math.ceil(math.log2(most) / 3)) if most > 1 else 1
    values = [1, *(2**i for i in range(step, max(1, math.ceil(math.log2(max(most, 1)))), step)), most]
    return [(value, str(value)) for value in dict.fromkeys(values)]
