from __future__ import annotations

from io import StringIO
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from Bio import motifs as bio
from memelite.io import read_meme
from planted import pattern_of

from lrpgen.errors import InputError
from lrpgen.motifs import formats, matrices
from lrpgen.motifs.patterns import Pattern

BACKGROUND = np.array([0.3, 0.2, 0.2, 0.3])


def pattern(name: str, pfm: list[list[int]], sign: str = "+") -> Pattern:
    counts = np.array(pfm)
    sites = int(counts[:, 0].sum())
    return pattern_of(name, sign, counts, counts / sites * 0.5, counts / sites)


ONE = pattern("pos_0", [[7, 0, 3, 1], [0, 0, 3, 2], [0, 7, 1, 2], [0, 0, 0, 2]])  # sevenths do not print exactly
TWO = pattern("neg_0", [[0, 3, 1], [0, 0, 1], [3, 0, 1], [0, 0, 0]], "-")


def test_meme_reads_back_in_two_libraries(tmp_path: Path) -> None:
    path = tmp_path / "patterns.meme"
    path.write_text(formats.meme_text([ONE, TWO], BACKGROUND))
    found = bio.parse(StringIO(path.read_text()), "minimal")
    assert [motif.name.split()[0] for motif in found] == ["pos_0", "neg_0"]
    assert [motif.num_occurrences for motif in found] == [7, 3]
    assert [motif.length for motif in found] == [4, 3]
    read = {name.split()[0]: np.asarray(matrix) for name, matrix in read_meme(str(path)).items()}
    for one in (ONE, TWO):
        np.testing.assert_allclose(read[one.name], matrices.probabilities(one.pfm, BACKGROUND), atol=2e-6)


def test_meme_rows_sum_to_one_as_printed() -> None:
    rows = [
        [round(float(value) * 10**6) for value in line.split()]
        for line in formats.meme_text([ONE, TWO], BACKGROUND).splitlines()
        if line[:1] in ("0", "1")
    ]
    assert len(rows) == 7
    assert {sum(row) for row in rows} == {10**6}


def test_meme_without_patterns_is_a_header() -> None:
    text = formats.meme_text([], BACKGROUND)
    assert text.startswith("MEME version 4")
    assert "MOTIF" not in text


def test_matrices_file(tmp_path: Path) -> None:
    formats.write_matrices(tmp_path / "p.h5", [ONE, TWO], BACKGROUND)
    with h5py.File(tmp_path / "p.h5") as file:
        assert sorted(file) == ["neg_0", "pos_0"]
        group = file["pos_0"]
        assert isinstance(group, h5py.Group)
        assert group["pfm"][:].tolist() == ONE.pfm.tolist()  # type: ignore[index]
        np.testing.assert_allclose(group["ppm"][:].sum(axis=0), 1)  # type: ignore[index]
        assert (group.attrs["sign"], group.attrs["seqlets"]) == ("+", 7)
        assert group["hypothetical_cwm"].shape == (4, 4)  # type: ignore[union-attr]


def test_matrices_read_back_and_a_bad_one_is_named(tmp_path: Path) -> None:
    names = ["pos_0", "pos_2", "pos_10", "neg_0"]
    made = [
        formats.Matrices(name, "-" if name == "neg_0" else "+", 7, ONE.pfm, ONE.cwm, ONE.hypothetical_cwm)
        for name in names
    ]
    formats.write_matrices(tmp_path / "p.h5", made[::-1], BACKGROUND)
    found, background = formats.read_matrices(tmp_path / "p.h5")
    assert [pattern.name for pattern in found] == names  # by number, not by letter
    np.testing.assert_array_equal(background, BACKGROUND)
    for pattern in found:
        np.testing.assert_array_equal(pattern.pfm, ONE.pfm)
        np.testing.assert_array_equal(pattern.hypothetical_cwm, ONE.hypothetical_cwm)
    with h5py.File(tmp_path / "p.h5", "r+") as file:
        file["pos_2"].attrs["sign"] = "plus"
    with pytest.raises(InputError, match=r"p.h5 is not a patterns.h5 .*pattern pos_2 has sign plus and 7 seqlets"):
        formats.read_matrices(tmp_path / "p.h5")


def test_summary_and_table(tmp_path: Path) -> None:
    row = formats.summary(TWO, BACKGROUND)
    assert (row["pattern"], row["sign"], row["seqlets"], row["length"]) == ("neg_0", "-", 3, 3)
    assert row["consensus"] == "GAN"
    assert row["mean_relevance"] == 1.5
    formats.write_table(tmp_path / "t.tsv", [row])
    table = pd.read_csv(tmp_path / "t.tsv", sep="\t")
    assert tuple(table.columns) == formats.SUMMARY_COLUMNS
    assert table["logo"].tolist() == ["logos/neg_0.svg"]
    formats.write_table(tmp_path / "none.tsv", [])
    assert (tmp_path / "none.tsv").read_text().split() == list(formats.SUMMARY_COLUMNS)


def test_seqlets_take_the_name_of_the_place_that_covers_most() -> None:
    places = pd.DataFrame(
        {
            "window": [0, 0, 1],
            "start": [10, 18, 10],
            "end": [18, 30, 18],
            "sign": ["+", "+", "-"],
            "pattern": ["pos_0", "pos_1", "neg_0"],
        }
    )
    seqlets = pd.DataFrame(
        {"window": [0, 0, 1, 2], "start": [16, 15, 10, 10], "end": [25, 19, 18, 18], "sign": ["+", "+", "+", "-"]}
    )
    assert formats.name_seqlets(seqlets, places) == ["pos_1", "pos_0", ".", "."]


def test_bed_columns_order_and_strands(tmp_path: Path) -> None:
    regions = pd.DataFrame(
        {"chrom": ["c", "c"], "start": [200, 100], "end": [250, 150], "strand": ["+", "-"], "name": ["right", "left"]}
    )
    seqlets = pd.DataFrame(
        {
            "window": [0, 1],
            "start": [5, 5],
            "end": [15, 9],
            "sign": ["+", "-"],
            "relevance": [2.0, -0.5],
            "pvalue": [1e-9, 0.002],
            "q": [0.01234, np.nan],
        }
    )
    formats.write_seqlets(tmp_path / "s.bed", seqlets, ["pos_0", "."], regions)
    assert (tmp_path / "s.bed").read_text().splitlines() == [
        "c\t141\t145\t.\t250\t-\t-0.5\t0.002\t-\tleft\t.",
        "c\t205\t215\tpos_0\t1000\t+\t2\t1e-09\t+\tright\t0.0123",
    ]
    places = seqlets.assign(reverse=[True, True], pattern=["pos_0", "neg_0"])
    formats.write_instances(tmp_path / "i.bed", places, regions)
    assert (tmp_path / "i.bed").read_text().splitlines() == [
        "c\t141\t145\tneg_0\t1000\t+\t-",
        "c\t205\t215\tpos_0\t1000\t-\t+",
    ]
