"""From a store to the folder: planted motifs are found to the base at any sparsity, and poor input leaves notes."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from Bio import motifs as bio
from planted import NEGATIVE, POSITIVE, Planted, encode, plant, read_bed, reverse_complement, write
from typer.testing import CliRunner

from lrpgen.errors import InputError, MissingFeatureError
from lrpgen.motifs import find_motifs
from lrpgen.motifs.names import COLUMNS, Naming
from lrpgen.motifs.patterns import MIN_SEQLETS

FILES = {
    "seqlets.bed",
    "instances.bed",
    "names.tsv",
    "patterns.tsv",
    "patterns.meme",
    "patterns.h5",
    "patterns.modisco.h5",
    "summary.json",
    "logos",
}
FILES |= {"mean.svg", "mean.png"}


@dataclass
class Found:
    data: Planted
    folder: Path
    summary: dict[str, Any]


@pytest.fixture(scope="module", params=[0.5, 0.87, 0.95], ids=lambda zeros: f"{zeros:.0%} zeros")
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """A real run on 300 planted positive and 200 planted negative places."""
    folder = tmp_path_factory.mktemp("motifs")
    data = plant(300, request.param)
    summary = find_motifs(write(folder / "relevance.h5", data), "site", folder / "out")
    assert summary["zero_share"] == pytest.approx(request.param, abs=0.001)
    return Found(data, folder / "out", summary)


@pytest.mark.slow
def test_planted_motifs_are_the_only_patterns(found: Found) -> None:
    assert [row["pattern"] for row in found.summary["patterns"]] == ["pos_0", "neg_0"]
    for row, motif in zip(found.summary["patterns"], (POSITIVE, NEGATIVE), strict=True):
        assert row["consensus"] in (motif, reverse_complement(motif))
        assert row["seqlets"] >= 0.9 * len(found.data.places[motif])
        assert row["mean_relevance"] == pytest.approx(10 if row["sign"] == "+" else -10, rel=0.02)


@pytest.mark.slow
def test_instances_read_the_motif_from_the_genome(found: Found) -> None:
    rows = read_bed(found.folder / "instances.bed")
    for name, motif in (("pos_0", POSITIVE), ("neg_0", NEGATIVE)):
        mine = [(chrom, int(start), int(end), strand) for chrom, start, end, n, _, strand, _ in rows if n == name]
        assert len(mine) == len(set(mine))
        assert len({found.data.fetch(*place) for place in mine}) == 1
        assert {place[:3] for place in mine} <= {place[:3] for place in found.data.places[motif]}
        assert found.data.fetch(*mine[0]) in (motif, reverse_complement(motif))


@pytest.mark.slow
def test_the_genome_under_the_instances_adds_up_to_the_pfm(found: Found) -> None:
    rows = read_bed(found.folder / "instances.bed")
    with h5py.File(found.folder / "patterns.h5") as file:
        for name in ("pos_0", "neg_0"):
            places = [(chrom, int(start), int(end), strand) for chrom, start, end, n, _, strand, _ in rows if n == name]
            counted = np.sum([encode(found.data.fetch(*place)) for place in places], axis=0)
            assert (counted == file[f"{name}/pfm"][:]).all()  # type: ignore[index]


@pytest.mark.slow
def test_seqlets_of_a_pattern_are_its_planted_places(found: Found) -> None:
    rows = read_bed(found.folder / "seqlets.bed")
    assert all(0 <= int(row[4]) <= 1000 and len(row) == 11 for row in rows)
    assert len(rows) == sum(found.summary["seqlets"].values())
    for row in rows:
        inside = found.data.regions.set_index("name").loc[row[9]]
        assert inside["chrom"] == row[0]
        assert inside["start"] <= int(row[1]) < int(row[2]) <= inside["end"]
        assert inside["strand"] == row[5]
    for name, motif, sign in (("pos_0", POSITIVE, "+"), ("neg_0", NEGATIVE, "-")):
        named = {(row[0], int(row[1]), int(row[2])) for row in rows if row[3] == name}
        assert named <= {place[:3] for place in found.data.places[motif]}
        assert {row[8] for row in rows if row[3] == name} == {sign}
        strong = {(row[0], int(row[1]), int(row[2])) for row in rows if float(row[6]) * (1 if sign == "+" else -1) > 5}
        assert strong == {place[:3] for place in found.data.places[motif]}


@pytest.mark.slow
def test_the_folder_is_whole_and_agrees_with_itself(found: Found) -> None:
    assert {path.name for path in found.folder.iterdir()} == FILES
    assert json.loads((found.folder / "summary.json").read_text()) == found.summary
    table = pd.read_csv(found.folder / "patterns.tsv", sep="\t")
    with (found.folder / "patterns.meme").open() as handle:
        sites = [motif.num_occurrences for motif in bio.parse(handle, "minimal")]
    assert sites == table["seqlets"].tolist() == [row["seqlets"] for row in found.summary["patterns"]]
    for row in found.summary["patterns"]:
        for logo in (row["logo"], row["logo_rc"]):
            assert (found.folder / logo).stat().st_size > 1000
            assert (found.folder / logo).with_suffix(".png").stat().st_size > 1000


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Planted, Path]:
    data = plant(70, 0.9)
    return data, write(tmp_path_factory.mktemp("small") / "relevance.h5", data)


@pytest.mark.slow
def test_twice_the_same_bytes(small: tuple[Planted, Path], tmp_path: Path) -> None:
    for name in ("one", "two"):
        find_motifs(small[1], "site", tmp_path / name, seed=4)
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
    assert Path("logos/pos_0.rc.svg") in files
    different = [f for f in files if (tmp_path / "one" / f).read_bytes() != (tmp_path / "two" / f).read_bytes()]
    assert different == []


@pytest.mark.slow
def test_patterns_are_named_by_a_file_of_motifs(small: tuple[Planted, Path], tmp_path: Path) -> None:
    """The file holds POSITIVE, longer and turned over. (70 windows have too few places of NEGATIVE for a pattern.)"""
    known = encode("AC" + reverse_complement(POSITIVE))
    rows = "\n".join(" ".join(f"{0.91 if letter else 0.03}" for letter in column) for column in known.T)
    meme = tmp_path / "known.meme"
    meme.write_text(f"MEME version 4\n\nMOTIF K1 Planted factor\nletter-probability matrix: w= 12\n{rows}\n")
    summary = find_motifs(small[1], "site", tmp_path / "out", naming=Naming(meme))
    table = pd.read_csv(tmp_path / "out" / "patterns.tsv", sep="\t").set_index("sign")
    assert (table.loc["+", "name"], table.loc["+", "target"]) == ("Planted factor", "K1")
    turned = table.loc["+", "consensus"] == POSITIVE
    assert (table.loc["+", "orientation"], table.loc["+", "overlap"]) == ("-" if turned else "+", 10)
    assert table.loc["+", "offset"] == (0 if turned else 2)
    [row] = [row for row in summary["patterns"] if row["sign"] == "+"]
    for suffix in (".svg", ".png"):
        assert (tmp_path / "out" / row["logo_match"]).with_suffix(suffix).stat().st_size > 1000
    assert summary["names"] == {"source": "known.meme", "max_q": 0.05}
    assert any("known.meme has few motifs" in note for note in summary["notes"])
    matches = pd.read_csv(tmp_path / "out" / "names.tsv", sep="\t")
    assert matches.loc[matches["named"], "pattern"].tolist() == [row["pattern"]]


@pytest.mark.slow
def test_without_names_the_columns_are_empty(small: tuple[Planted, Path], tmp_path: Path) -> None:
    summary = find_motifs(small[1], "site", tmp_path / "out", naming=Naming("none"))
    assert summary["names"]["source"] is None
    assert all(row["name"] is None and "logo_match" not in row for row in summary["patterns"])
    assert (tmp_path / "out" / "names.tsv").read_text().split() == list(COLUMNS)


def test_few_seqlets_leave_a_note_and_empty_tables(tmp_path: Path) -> None:
    assert MIN_SEQLETS > 12
    summary = find_motifs(write(tmp_path / "r.h5", plant(12, 0.9)), "site", tmp_path / "out")
    assert summary["patterns"] == []
    assert any("too few to group into patterns" in note for note in summary["notes"])
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert len(read_bed(tmp_path / "out" / "seqlets.bed")) >= 12
    assert (tmp_path / "out" / "instances.bed").read_text() == ""


def test_all_zeros_leave_a_note(tmp_path: Path) -> None:
    data = plant(12, 0.9)
    data.relevance[:] = 0
    summary = find_motifs(write(tmp_path / "r.h5", data), "site", tmp_path / "out")
    assert summary["zero_share"] == 1.0
    assert summary["seqlets"] == {"positive": 0, "negative": 0}
    assert "the relevance of every base is zero: no seqlets" in summary["notes"]
    assert (tmp_path / "out" / "seqlets.bed").read_text() == ""
    assert (tmp_path / "out" / "mean.svg").exists()


@pytest.mark.parametrize("key", ["relevance", "multipliers"])
def test_nan_names_the_window_and_writes_nothing(tmp_path: Path, key: str) -> None:
    path = write(tmp_path / "r.h5", plant(12, 0.9))
    with h5py.File(path, "a") as file:
        file[key][5] = np.nan  # type: ignore[index]
    with pytest.raises(InputError, match=f"the {key} of window w5 is not finite"):
        find_motifs(path, "site", tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["r.h5"]


@pytest.mark.parametrize(
    ("target", "message"),
    [("donor", "has no class 'donor'; choose one of other, site, none"), ("none", "explains no window for class")],
)
def test_a_class_that_is_not_there(tmp_path: Path, target: str, message: str) -> None:
    path = write(tmp_path / "r.h5", plant(12, 0.9))
    with pytest.raises(InputError, match=message):
        find_motifs(path, target, tmp_path / "out")


def test_only_the_windows_of_the_target_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "r.h5", plant(12, 0.9))
    with h5py.File(path, "a") as file:
        file["target"][:4] = 0  # type: ignore[index]
    summary = find_motifs(path, "site", tmp_path / "out")
    assert summary["windows"] == 8
    assert {row[9] for row in read_bed(tmp_path / "out" / "seqlets.bed")} <= {f"w{i}" for i in range(4, 12)}


def test_without_multipliers_a_note_says_so(tmp_path: Path) -> None:
    summary = find_motifs(write(tmp_path / "r.h5", plant(12, 0.9), multipliers=False), "site", tmp_path / "out")
    assert any("holds no multipliers" in note for note in summary["notes"])


def test_without_the_extra_an_error_says_what_to_install(
    small: tuple[Planted, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.split(".")[0] == "modiscolite"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "modiscolite", None)
    with pytest.raises(MissingFeatureError, match=r"pip install 'lrpgen\[modisco\]'"):
        find_motifs(small[1], "site", tmp_path / "out", grouping="modisco")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"caller": "peaks"}, "no seqlet caller 'peaks'; choose one of recursive, modisco"),
        ({"grouping": "kmeans"}, "no grouping 'kmeans'; choose one of greedy, modisco"),
        ({"max_seqlet_q": 0.0}, "largest q of a seqlet must be above 0"),
    ],
)
def test_a_choice_that_is_not_there(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_motifs(tmp_path / "r.h5", "site", tmp_path / "out", **options)


def test_the_command_calls_it(tmp_path: Path) -> None:
    import typer

    from lrpgen.cli.motifs import motifs

    app = typer.Typer()
    app.command()(motifs)
    path = write(tmp_path / "r.h5", plant(12, 0.9))
    given = ["--seed", "3", "--names", "jaspar", "--release", "JASPAR2024", "--taxon", "plants", "--max-name-q", "0.01"]
    result = CliRunner().invoke(app, [str(path), "--target", "site", "-o", str(tmp_path / "out"), *given])
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["names"]["max_q"] == 0.01
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["seed"] == 3
    assert "Example:" in CliRunner().invoke(app, ["--help"]).output
