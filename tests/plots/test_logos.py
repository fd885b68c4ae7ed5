from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from lrpgen.errors import InputError
from lrpgen.plots.logos import draw_logo, mean_figure, pattern_figure, reverse_complement
from lrpgen.plots.style import PALETTES, SETTINGS, colours, new_figure, save, styled


def letters(svg: str, palette: str = "cvd") -> list[str]:
    """Letters drawn as outlines, by their colour, in drawing order."""
    by_colour = {colour.lower(): letter for letter, colour in PALETTES[palette].items()}
    return [by_colour[c] for c in re.findall(r"fill: (#[0-9a-f]{6})", svg) if c in by_colour]


def gta() -> np.ndarray:
    matrix = np.zeros((4, 3))
    matrix[2, 0], matrix[3, 1], matrix[0, 2] = 1.0, 0.8, -0.4
    return matrix


def test_one_letter_per_base_in_its_colour(tmp_path: Path) -> None:
    save(pattern_figure(gta(), np.abs(gta()), title="pos_0: 12 seqlets"), tmp_path / "logo")
    svg = (tmp_path / "logo.svg").read_text()
    assert sorted(letters(svg)) == sorted("GTA" * 2)
    save(pattern_figure(gta(), np.abs(gta()), palette="classic"), tmp_path / "classic")
    assert sorted(letters((tmp_path / "classic.svg").read_text(), "classic")) == sorted("GTA" * 2)


def test_reverse_complement_of_a_matrix() -> None:
    turned = reverse_complement(gta())
    assert turned[:, 0].tolist() == [0, 0, 0, -0.4]  # A becomes T
    assert turned[:, 2].tolist() == [0, 1.0, 0, 0]  # G becomes C
    assert (reverse_complement(turned) == gta()).all()


def test_letters_stand_on_zero_and_negative_ones_hang() -> None:
    with styled():
        ax = new_figure(3, 2).subplots()
        draw_logo(ax, gta(), first=-1)
    spans = [(p.get_extents().ymin, p.get_extents().ymax) for p in ax.patches if p.get_extents().height > 0]
    assert ax.get_ylim() == pytest.approx((-0.42, 1.05))
    assert len(spans) == 3


def test_text_stays_text_and_the_file_is_xml(tmp_path: Path) -> None:
    save(pattern_figure(gta(), np.abs(gta()), title="pos_0: <12> seqlets"), tmp_path / "logo")
    root = ElementTree.parse(tmp_path / "logo.svg").getroot()
    words = {"".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"pos_0: <12> seqlets", "relevance", "bits", "position in the pattern"} <= words
    assert Image.open(tmp_path / "logo.png").size[0] > 300


def test_the_same_bytes_every_time_and_no_date(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(mean_figure(np.tile(gta(), 30), title="mean"), tmp_path / name)
    for suffix in (".svg", ".png"):
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    assert "<dc:date>" not in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize("length", [1, 7, 60, 61, 200])
def test_mean_figure_of_any_width(tmp_path: Path, length: int) -> None:
    save(mean_figure(np.full((4, length), 0.1)), tmp_path / "mean")
    drawn = letters((tmp_path / "mean.svg").read_text())
    assert drawn.count("A") == min(length, 60)


def test_zeros_draw_an_empty_frame(tmp_path: Path) -> None:
    save(mean_figure(np.zeros((4, 50))), tmp_path / "mean")
    assert letters((tmp_path / "mean.svg").read_text()).count("A") == 0


def test_matplotlib_is_left_as_it_was() -> None:
    import matplotlib
    from matplotlib import _pylab_helpers

    def settings() -> dict[str, object]:
        return {key: value for key, value in matplotlib.rcParams.items() if key != "backend"}  # chosen when first read

    before = settings()
    pattern_figure(gta(), gta())
    assert settings() == before
    assert before["svg.hashsalt"] != SETTINGS["svg.hashsalt"]
    assert _pylab_helpers.Gcf.figs == {}


def test_an_unknown_palette_is_an_error() -> None:
    with pytest.raises(InputError, match="choose one of cvd, classic"):
        colours("rainbow")
