"""Logos of filters: heights are information, colours are relevance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lrpgen.plots.filters import SHOWN, LogoDrawer, ranking_figure


def matrices() -> tuple[np.ndarray, np.ndarray]:
    bits = np.array([[1.5, 0, 0.2], [0.25, 0, 0], [0, 0, 0.3], [0, 0.001, 0]])
    relevance = np.array([[2.0, 0, 0], [-1.0, 0, 0], [0, 0, 0], [0, 9.0, 0]])
    return bits, relevance


def letters(figure):
    ax = figure.axes[0]
    (found,) = ax.collections
    boxes = [path.get_extents() for path in found.get_paths()]
    return boxes, found.get_facecolors()


def test_letters_stack_with_their_heights_the_largest_on_top() -> None:
    with LogoDrawer() as drawer:
        boxes, _ = letters(drawer.figure(*matrices()))
    assert len(boxes) == 4  # what is lower than a hundredth of a bit is left out
    assert [b.y0 for b in boxes] == pytest.approx([0, 0.25, 0, 0.2])
    assert [b.height for b in boxes] == pytest.approx([0.25, 1.5, 0.2, 0.3])
    assert [round((b.x0 + b.x1) / 2) for b in boxes] == [1, 1, 3, 3]


def test_red_is_for_and_blue_against_and_zero_is_grey() -> None:
    with LogoDrawer() as drawer:
        figure = drawer.figure(*matrices())
    _, colours = letters(figure)
    against, most, nothing, _ = colours
    assert against[2] > against[0]
    assert most[0] > most[2]
    assert nothing[0] == nothing[1] == nothing[2]
    assert [label.get_text() for label in figure.axes[1].get_yticklabels()] == ["-2", "0", "2"]  # of letters drawn


def test_nothing_to_see_is_no_crash(tmp_path: Path) -> None:
    with LogoDrawer() as drawer:
        drawer.draw(np.zeros((4, 5)), np.zeros((4, 5)), tmp_path / "x", title="empty")
    assert (tmp_path / "x.svg").exists()
    assert (tmp_path / "x.png").exists()


def test_the_ranking_shows_the_strongest_in_order() -> None:
    count = SHOWN + 5
    values = np.linspace(-1, 1.5, count)
    table = pd.DataFrame({"filter": [f"f{i}" for i in range(count)], "consensus": "ACG", "relevance.a": values})
    labels = [label.get_text().split()[0] for label in ranking_figure(table, ["a"]).axes[0].get_yticklabels()]
    strongest = sorted(range(count), key=lambda i: -abs(values[i]))[:SHOWN]
    assert labels == [f"f{i}" for i in sorted(strongest, key=lambda i: -values[i])]
