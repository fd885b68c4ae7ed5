"""Merging motif folders: numbers by hand, then planted patterns cut and turned at random, then bad input."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from Bio import motifs as bio
from memelite.io import read_meme
from planted import NEGATIVE, POSITIVE, encode

from lrpgen.errors import InputError
from lrpgen.files import read_json, write_json
from lrpgen.motifs import formats
from lrpgen.motifs.formats import Matrices
from lrpgen.motifs.matrices import probabilities
from lrpgen.motifs.merge import COLUMNS, NOTE, Found, folder_names, grouped, joined, merge_motifs
from lrpgen.motifs.names import Naming
from lrpgen.motifs.scan import read_templates

EVEN = np.full(4, 0.25)
NONE = Naming("none")
OTHER = "TGACGTCATT"


def exact(name: str, motif: str, seqlets: int, relevance: float = 1.0) -> Matrices:
    """`seqlets` seqlets of exactly `motif`, all bases with the same relevance."""
    letters = encode(motif)
    sign = "+" if relevance > 0 else "-"
    cwm = letters * relevance
    return Matrices(name, sign, seqlets, letters.astype(np.int64) * seqlets, cwm, cwm - relevance / 4)


def turned(pattern: Matrices) -> Matrices:
    back = slice(None, None, -1)
    return Matrices(
        pattern.name, pattern.sign, pattern.seqlets, pattern.pfm[back, back], pattern.cwm[back, back],
        pattern.hypothetical_cwm[back, back],
    )  # fmt: skip


def write_folder(path: Path, patterns: list[Matrices], windows: int = 100, background: np.ndarray = EVEN) -> Path:
    path.mkdir(parents=True)
    formats.write_matrices(path / "patterns.h5", patterns, background)
    write_json(path / "summary.json", {"target": path.name, "windows": windows})
    return path


def read(path: Path) -> dict[str, Matrices]:
    patterns, _ = formats.read_matrices(path / "patterns.h5")
    return {pattern.name: pattern for pattern in patterns}


def test_counts_add_up_and_cwms_weigh_by_seqlets(tmp_path: Path) -> None:
    """300 whole motifs of relevance 1 and 100 that lack the first and the last base, turned over, of relevance 3."""
    large, small = exact("pos_0", POSITIVE, 300), turned(exact("pos_1", POSITIVE[1:-1], 100, 3.0))
    folders = [write_folder(tmp_path / "a", [small]), write_folder(tmp_path / "b", [large])]
    summary = merge_motifs(folders, tmp_path / "out", min_cosine=0.85, naming=NONE)  # cosine 8 / sqrt(8 * 10) = 0.894
    (one,) = read(tmp_path / "out").values()
    letters = encode(POSITIVE)
    assert (one.name, one.seqlets) == ("pos_0", 400)
    np.testing.assert_array_equal(one.pfm, letters * [300, *[400] * 8, 300])
    np.testing.assert_allclose(one.cwm, letters * [0.75, *[1.5] * 8, 0.75])  # (300 * 1 + 100 * 3) / 400
    assert summary["patterns"][0]["members"] == "b/pos_0;a/pos_1"
    assert summary["patterns"][0]["mean_relevance"] == 13.5


def test_unlike_patterns_and_signs_stay_apart(tmp_path: Path) -> None:
    first = [exact("pos_0", POSITIVE, 50), exact("pos_1", OTHER, 40), exact("neg_0", NEGATIVE, 30, -1)]
    second = [exact("pos_0", OTHER, 90), exact("neg_0", POSITIVE, 80, -1)]
    merge_motifs(
        [write_folder(tmp_path / "x", first), write_folder(tmp_path / "y", second)], tmp_path / "out", naming=NONE
    )
    table = pd.read_csv(tmp_path / "out" / "patterns.tsv", sep="\t")
    assert tuple(table.columns) == COLUMNS
    assert table[["pattern", "seqlets", "members"]].to_numpy().tolist() == [
        ["pos_0", 130, "y/pos_0;x/pos_1"],
        ["pos_1", 50, "x/pos_0"],
        ["neg_0", 80, "y/neg_0"],
        ["neg_1", 30, "x/neg_0"],
    ]
    alone = read(tmp_path / "out")["neg_1"]
    np.testing.assert_array_equal(alone.pfm, first[2].pfm)  # what nothing joins stays as it was


def test_a_chain_of_likenesses_does_not_join_its_ends() -> None:
    """Each is like the next (9 of 10 bases), the ends are not (8 of 10): the middle goes with the larger end."""
    chain = ["AAAAAAAAAA", "CAAAAAAAAA", "CCAAAAAAAA"]
    patterns = [exact(f"pos_{i}", motif, 30 - i) for i, motif in enumerate(chain)]
    groups = grouped([Found("f", 1, EVEN, patterns)], min_cosine=0.85)
    assert [[member.name for member in group] for group in groups] == [["f/pos_0", "f/pos_1"], ["f/pos_2"]]


def test_pieces_of_planted_motifs_come_together() -> None:
    """Three motifs, each in eight folders with noise, cut by up to a base and turned at random."""
    random = np.random.default_rng(2)
    found = []
    for i in range(8):
        patterns = []
        for j, motif in enumerate((POSITIVE, NEGATIVE, OTHER)):
            left, right = random.integers(2), len(motif) - random.integers(2)
            n = int(random.integers(50, 500))
            pfm = np.stack(
                [random.multinomial(n, 0.9 * column + 0.025) for column in encode(motif).T[left:right]], axis=1
            )
            strength = np.array([0.3, *[1.0] * 8, 0.3])[left:right]  # weak ends: what trimming takes or leaves
            cwm = pfm / n * strength + random.normal(0, 0.02, pfm.shape)
            one = Matrices(f"pos_{j}", "+", n, pfm, cwm, cwm)
            patterns.append(turned(one) if random.integers(2) else one)
        found.append(Found(str(i), 100, EVEN, patterns))
    groups = grouped(found)
    assert sorted(sorted(member.name for member in group) for group in groups) == [
        [f"{i}/pos_{j}" for i in range(8)] for j in range(3)
    ]
    for group in groups:
        one = joined("pos_0", group, EVEN)
        assert one.seqlets == sum(member.pattern.seqlets for member in group)
        cores = encode(POSITIVE[1:-1]), encode(NEGATIVE[1:-1]), encode(OTHER[1:-1])
        assert any((_core(one.pfm) == way).all() for core in cores for way in (core, core[::-1, ::-1]))


def _core(pfm: np.ndarray) -> np.ndarray:
    """The most frequent letters of the eight columns that every folder counted."""
    full = np.flatnonzero(pfm.sum(axis=0) == pfm.sum(axis=0).max())
    middle = pfm[:, full[0] : full[0] + 8]
    return (middle == middle.max(axis=0)).astype(int)


def test_folder_is_complete_and_read_by_others(tmp_path: Path) -> None:
    skewed = np.array([0.4, 0.1, 0.1, 0.4])
    folders = [
        write_folder(tmp_path / "a", [exact("pos_0", POSITIVE, 70)], 300, skewed),
        write_folder(tmp_path / "b", [exact("pos_0", POSITIVE, 7)], 100),
    ]
    summary = merge_motifs(folders, tmp_path / "out", naming=NONE)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "patterns.h5", "patterns.meme", "patterns.tsv", "names.tsv", "summary.json", "logos"
    }  # fmt: skip
    logos = {f"pos_0{way}.{kind}" for way in ("", ".rc") for kind in ("svg", "png")}
    assert {path.name for path in (tmp_path / "out" / "logos").iterdir()} == logos
    assert read_json(tmp_path / "out" / "summary.json", "summary") == summary
    assert (summary["windows"], summary["notes"]) == (400, [NOTE])
    patterns, background = formats.read_matrices(tmp_path / "out" / "patterns.h5")
    np.testing.assert_allclose(background, [0.3625, 0.1375, 0.1375, 0.3625])  # 300 windows against 100
    text = (tmp_path / "out" / "patterns.meme").read_text()
    (motif,) = bio.parse(StringIO(text), "minimal")
    assert (motif.num_occurrences, motif.length) == (77, 10)
    ((_, matrix),) = read_meme(str(tmp_path / "out" / "patterns.meme")).items()
    np.testing.assert_allclose(matrix, probabilities(patterns[0].pfm, background), atol=1e-6)
    (template,) = read_templates(tmp_path / "out")  # what `lrpgen hits` reads
    assert (template.name, template.sign, template.width) == ("pos_0", "+", 10)
    np.testing.assert_allclose((template.expected * encode(POSITIVE)).max(axis=0), 77 / 78)


def test_merging_twice_and_merging_nothing(tmp_path: Path) -> None:
    folders = [write_folder(tmp_path / name, [exact("pos_0", POSITIVE, 20)]) for name in "ab"]
    merge_motifs(folders, tmp_path / "once", naming=NONE)
    merge_motifs([tmp_path / "once", write_folder(tmp_path / "none", [])], tmp_path / "twice", naming=NONE)
    assert read(tmp_path / "twice")["pos_0"].seqlets == 40
    empty = merge_motifs([tmp_path / "none"], tmp_path / "empty", naming=NONE)
    assert empty["patterns"] == []
    assert (tmp_path / "empty" / "patterns.tsv").read_text().split() == list(COLUMNS)


def test_names_of_folders() -> None:
    assert folder_names(["r/a/motifs/donor", "r/a/motifs/acceptor"]) == ["donor", "acceptor"]
    assert folder_names(["r/a/motifs/donor", "r/b/motifs/donor"]) == ["a", "b"]
    assert folder_names(["r/a/motifs/x", "r/a/motifs/y", "r/b/motifs/x"]) == ["a/x", "a/y", "b/x"]
    assert folder_names(["r/a", "r/b/motifs/x"]) == ["a", "b/motifs/x"]
    assert folder_names(["r/a", "r/a/b"]) == ["a", "b"]
    assert folder_names(["r/a"]) == ["a"]


def test_bad_input(tmp_path: Path) -> None:
    good = write_folder(tmp_path / "good", [exact("pos_0", POSITIVE, 20)])
    (tmp_path / "bare").mkdir()
    other = write_folder(tmp_path / "other", [])
    write_json(other / "summary.json", ["windows"])
    broken = write_folder(tmp_path / "broken", [])
    (broken / "patterns.h5").write_bytes((good / "patterns.h5").read_bytes()[:1000])
    lacking = write_folder(tmp_path / "lacking", [])
    (lacking / "patterns.h5").unlink()
    for folders, sentence in (
        ([good, tmp_path / "nowhere"], "nowhere is no folder"),
        ([good, tmp_path / "bare"], r"bare is no folder of `lrpgen motifs` \(no summary.json\)"),
        ([good, other], "says no number of windows"),
        ([good, broken], "broken/patterns.h5 is not a patterns.h5"),
        ([good, lacking], "lacking/patterns.h5 does not exist"),
        ([good, tmp_path / "bare" / ".." / "good"], "given twice"),
    ):
        with pytest.raises(InputError, match=sentence):
            merge_motifs(folders, tmp_path / "out", naming=NONE)
    with pytest.raises(InputError, match="above 0 and at most 1, not nan"):
        merge_motifs([good], tmp_path / "out", min_cosine=float("nan"), naming=NONE)
    assert not (tmp_path / "out").exists()
