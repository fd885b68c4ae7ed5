from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lrpgen.plots.pairs import aligned, pair_figure
from lrpgen.plots.style import save


def one(letters: str) -> np.ndarray:
    return np.eye(4)[:, ["ACGT".index(letter) for letter in letters]]


def text(matrix: np.ndarray) -> str:
    return "".join("ACGT"[column.argmax()] if column.any() else "." for column in matrix.T)


@pytest.mark.parametrize(
    ("pattern", "target", "offset", "reverse", "above", "below"),
    [
        ("TTAC", "GATTACA", 2, False, "..TTAC.", "GATTACA"),
        ("GGGATTACA", "TTA", -4, False, "GGGATTACA", "....TTA.."),
        ("ACAGG", "GATTACA", 4, False, "....ACAGG", "GATTACA.."),
        ("GTAA", "GATTACA", 1, True, ".GTAA..", "TGTAATC"),
    ],
)
def test_columns_that_match_stand_together(
    pattern: str, target: str, offset: int, reverse: bool, above: str, below: str
) -> None:
    assert tuple(map(text, aligned(one(pattern), one(target), offset, reverse))) == (above, below)


def test_figure_shows_both_names_and_counts_the_patterns_positions(tmp_path: Path) -> None:
    figure = pair_figure(
        2 * one("TTAC"), 2 * one("GATTACA"), offset=2, reverse=True, names=("pos_0", "FOO (M1)"), title="pos_0 and FOO"
    )
    top, bottom = figure.axes
    assert top.get_xlim() == bottom.get_xlim() == (-1.5, 5.5)
    save(figure, tmp_path / "pair")
    svg = (tmp_path / "pair.svg").read_text()
    assert "FOO (M1), reverse complement" in svg
    assert "position in pos_0" in svg
    assert (tmp_path / "pair.png").stat().st_size > 1000
