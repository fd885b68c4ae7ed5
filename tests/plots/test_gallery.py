"""Chosen patterns as logos, and figures as files of three kinds."""

from __future__ import annotations

import numpy as np
import pytest

from lrpgen.errors import InputError
from lrpgen.motifs.formats import Matrices, write_matrices
from lrpgen.plots.gallery import logos_figure, read_logos
from lrpgen.plots.style import new_figure, save_as, styled

MEME = """MEME version 4

ALPHABET= ACGT

MOTIF M1 first
letter-probability matrix: alength= 4 w= 2 nsites= 20 E= 0
1 0 0 0
0.5 0.5 0 0
"""


@pytest.fixture
def folder(tmp_path):
    pfm = np.array([[8, 0, 0], [0, 8, 0], [0, 0, 8], [0, 0, 0]])  # ACG
    patterns = [Matrices(f"pos_{i}", "+", 8, pfm, pfm / 8 * (i + 1), pfm / 8) for i in range(2)]
    write_matrices(tmp_path / "patterns.h5", patterns, np.full(4, 0.25))
    return tmp_path


def test_patterns_in_the_order_and_orientation_asked_for(folder):
    assert [logo.name for logo in read_logos(folder)] == ["pos_0", "pos_1"]
    one, two = read_logos(folder / "patterns.h5", ["pos_1:rc", "pos_0"])
    assert one.cwm is not None
    assert one.cwm.argmax(axis=0).tolist() == [1, 2, 3]  # CGT
    assert one.bits.argmax(axis=0).tolist() == [1, 2, 3]
    assert one.note == "8 seqlets, reverse complement"
    assert two.bits.argmax(axis=0).tolist() == [0, 1, 2]


def test_a_meme_file_has_bits_only(tmp_path):
    (tmp_path / "m.meme").write_text(MEME)
    (logo,) = read_logos(tmp_path / "m.meme")
    assert logo.cwm is None
    assert logo.bits[:, 0].tolist() == pytest.approx([2, 0, 0, 0])
    assert logo.bits[:, 1].tolist() == pytest.approx([0.5, 0.5, 0, 0])
    assert [ax.get_ylabel() for ax in logos_figure([logo]).axes] == ["bits"]


def test_names_and_folders_that_are_not_there(folder, tmp_path):
    with pytest.raises(InputError, match=r"no pattern 'pos_7:rc'; it has pos_0, pos_1"):
        read_logos(folder, ["pos_7:rc"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"holds no patterns\.h5"):
        read_logos(tmp_path / "empty")


def test_a_folder_is_drawn_with_relevance_and_bits_a_row_each(folder):
    figure = logos_figure(read_logos(folder))
    assert [ax.get_ylabel() for ax in figure.axes] == ["relevance", "bits"] * 2
    assert figure.axes[0].get_title(loc="left") == "pos_0, 8 seqlets"


def test_three_kinds_of_files_the_same_bytes_every_time(tmp_path):
    for kind in ("svg", "pdf", "png"):
        made = []
        for name in ("one", "two"):
            with styled():
                figure = new_figure(2, 2)
                figure.subplots().set_title("a title")
            save_as(figure, tmp_path / f"{name}.{kind}")
            made.append((tmp_path / f"{name}.{kind}").read_bytes())
        assert made[0] == made[1]
    assert b">a title<" in (tmp_path / "one.svg").read_bytes()
    pdf = (tmp_path / "one.pdf").read_bytes()
    assert b"/Type3" not in pdf  # outlines, which no program edits as text
    assert b"CIDFontType2" in pdf or b"TrueType" in pdf


def test_an_unknown_suffix_leaves_nothing_behind(tmp_path):
    with pytest.raises(InputError, match=r"does not end in \.svg, \.pdf or \.png"), styled():
        save_as(new_figure(1, 1), tmp_path / "a.eps")
    assert not list(tmp_path.iterdir())
