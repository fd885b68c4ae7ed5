"""Hits: hand-checked scores, planted instances found at their places and strands, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from planted import NEGATIVE, POSITIVE, WIDTH, Planted, encode, pattern_of, plant, read_bed, reverse_complement, write
from typer.testing import CliRunner

from lrpgen.cli.main import app
from lrpgen.errors import InputError
from lrpgen.motifs import formats
from lrpgen.motifs.hits import Tally, find_hits, without_overlaps
from lrpgen.motifs.patterns import Pattern
from lrpgen.motifs.scan import BINS, Template, scan

EVEN = np.full(4, 0.25)


def pattern(name: str, sign: str, pfm: np.ndarray, cwm: np.ndarray) -> Pattern:
    return pattern_of(name, sign, pfm, cwm, cwm)


def patterns_file(path: Path, motifs: dict[str, tuple[str, str]]) -> Path:
    """patterns.h5 of exact motifs: name -> (sign, sequence), relevance 1 or -1 per base."""
    made = []
    for name, (sign, motif) in motifs.items():
        letters = encode(motif)
        made.append(pattern(name, sign, 100 * letters, letters * (1.0 if sign == "+" else -1.0)))
    formats.write_matrices(path, made, EVEN)
    return path


def template(motif: str) -> Template:
    letters = encode(motif)
    return Template("p", "+", letters.astype(float), np.where(letters == 1, 2.0, -6.0), float(len(motif)))


def at(sequence: str, relevance: list[float], motif: str) -> Any:
    [(_, places)] = scan(encode(sequence)[None], np.array([relevance]), [template(motif)])
    return places


def test_scores_worked_out_by_hand() -> None:
    whole = at("TGATCT", [0, 2, 2, 2, 2, 0], "GATC")  # GATC is its own reverse complement: both strands
    np.testing.assert_allclose(whole.score[:, 0, 1], 1, atol=1e-6)
    np.testing.assert_allclose(whole.strength[:, 0, 1], 2, atol=1e-6)
    half = at("AAC", [0.5, 0.5, 0.5], "AAC")
    assert half.score[0, 0, 0] == pytest.approx(0.5, abs=1e-6)  # the shape of the pattern, half its relevance
    one = at("AACG", [1, 0, 0, 0], "AACG")  # similarity 1/2, strength 1/4
    assert one.score[0, 0, 0] == pytest.approx(1 / 8, abs=1e-6)
    part = at("AAC", [1, 1, 0], "AAC")  # x.d = 2, |x| = sqrt 2, |d| = sqrt 3
    assert part.similarity[0, 0, 0] == pytest.approx(2 / 6**0.5, abs=1e-6)
    assert part.score[0, 0, 0] == pytest.approx(2 / 6**0.5 * 2 / 3, abs=1e-6)


@pytest.mark.parametrize(
    ("sequence", "relevance"),
    [
        ("AACG", [0, 0, 0, 0]),  # letters without relevance
        ("AACG", [-1, -1, -1, -1]),  # of the other sign
        ("ATTG", [1, 1, 1, 1]),  # relevance on other letters
        ("NNNN", [1, 1, 1, 1]),  # unknown bases
    ],
)
def test_what_is_no_instance_scores_zero(sequence: str, relevance: list[float]) -> None:
    assert at(sequence, relevance, "AACG").score[0, 0, 0] == 0


def test_a_degenerate_column_expects_both_letters_in_full() -> None:
    pfm = np.array([[0, 100], [50, 0], [0, 0], [50, 0]])  # Y then A
    made = Template.of("p", "+", pfm, np.array([[0, 1], [0.5, 0], [0, 0], [0.5, 0]]), 100, EVEN)
    for sequence in ("CA", "TA"):
        [(_, places)] = scan(encode(sequence)[None], np.ones((1, 2)), [made])
        assert places.score[0, 0, 0] == pytest.approx(1, abs=0.03)  # a count of 1 in 50 is added to each mean


def test_a_pattern_wider_than_the_windows_is_passed_over() -> None:
    assert list(scan(encode("ACG")[None], np.ones((1, 3)), [template("ACGT")])) == []


def test_q_values_from_counts() -> None:
    tally = Tally.empty()
    tally.real[900], tally.real[100], tally.places = 10, 10, 1000
    tally.null[0, 100], tally.null[1, 100], tally.null_places = 5, 2, 999
    q = tally.q()
    assert q[900] == pytest.approx(0.001 * 1000 / 10)
    assert q[901] == q[900]  # nothing between: higher scores are no worse
    assert q[100] == pytest.approx(0.006 * 1000 / 20)
    assert (q[0], q[BINS]) == (np.inf, q[900])


def test_overlaps_keep_the_higher_score() -> None:
    rows = [("c", 10, 20, "a", 0.9), ("c", 14, 24, "b", 0.8), ("c", 16, 26, "b", 0.7), ("d", 10, 20, "b", 0.1)]
    found = pd.DataFrame(rows, columns=["chrom", "start", "end", "pattern", "exact"])
    found = found.assign(score=0, strand="+", relevance=1.0, similarity=1.0, strength=1.0, logodds=1.0, q=0.0)
    kept = without_overlaps(found.assign(sign="+", window="w"))
    # b at 14 shares six bases of ten with a; b at 16 four; d is another contig
    assert kept[["chrom", "start"]].to_numpy().tolist() == [["c", 10], ["c", 16], ["d", 10]]


@dataclass
class Sparse:
    data: Planted
    folder: Path
    summary: dict[str, Any]


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> Sparse:
    """300 windows: noisy instances of two motifs of which pruning zeroed the weak bases, on both strands; the motifs'
    letters without relevance in every window; relevance as strong as the motifs' on random letters in every third."""
    random = np.random.default_rng(5)
    data = plant(300, 0.5, seed=2)
    signal = np.abs(data.relevance) > 0.5
    data.relevance[signal] *= random.lognormal(0, 0.5, signal.sum())
    bases = np.array(list("ACGT"))
    for i, strand in enumerate(data.regions["strand"]):
        for motif, low in ((POSITIVE, 170), (NEGATIVE, 372), ("", 185)):  # where `plant` never plants
            at = slice(low, low + 10) if strand == "+" else slice(WIDTH - low - 10, WIDTH - low)
            if motif:
                data.onehot[i, :, at] = encode(motif if i % 2 else reverse_complement(motif))
            elif i % 3 == 0:
                data.onehot[i, :, at] = encode("".join(random.choice(bases, 10)))
                data.relevance[i, at] = random.lognormal(0, 0.5, 10)
    # plrp at p = 0.25 drops the smallest entries that hold a quarter of the relevance: window by window, so here
    for values in data.relevance:
        order = np.argsort(np.abs(values))
        mass = np.cumsum(np.abs(values[order]))
        values[order[mass <= 0.25 * mass[-1]]] = 0
    folder = tmp_path_factory.mktemp("hits")
    motifs = patterns_file(folder / "patterns.h5", {"pos_0": ("+", POSITIVE), "neg_0": ("-", NEGATIVE)})
    summary = find_hits(write(folder / "relevance.h5", data), motifs, "site", folder / "hits.bed")
    return Sparse(data, folder, summary)


@pytest.mark.parametrize(("name", "motif", "sign"), [("pos_0", POSITIVE, "+"), ("neg_0", NEGATIVE, "-")])
def test_precision_and_recall_of_planted_instances(sparse: Sparse, name: str, motif: str, sign: str) -> None:
    rows = [row for row in read_bed(sparse.folder / "hits.bed") if row[3] == name]
    hits = {(row[0], int(row[1]), int(row[2]), row[5]) for row in rows}
    planted = sparse.data.places[motif]
    assert len(hits & planted) >= 0.95 * len(planted)
    assert len(hits & planted) >= 0.95 * len(hits)
    assert {row[11] for row in rows} == {sign}
    assert np.mean(sparse.data.relevance == 0) > 0.9
    assert max(float(row[10]) for row in rows) <= 0.05


def degenerate(folder: Path, windows: int = 300) -> set[tuple[str, int, str]]:
    """A store and patterns.h5 of a motif that has each letter in 85 % of its sites, pruned to 95 % zeros; beside it in
    each window ten random letters of equal relevance. Returns the sites."""
    random = np.random.default_rng(1)
    data = plant(windows, 0.5)
    data.regions = data.regions.assign(strand="+", chrom=[f"c{i}" for i in range(windows)], start=0, end=WIDTH)
    data.onehot = np.stack([encode("".join(letters)) for letters in random.choice(list("ACGT"), (windows, WIDTH))])
    data.relevance = random.normal(0, 0.02, (windows, WIDTH))
    consensus = encode(POSITIVE)
    sites, letters, contributions = set(), [], []
    for i in range(windows):
        start, turned = int(random.integers(10, 180)), bool(random.random() < 0.5)
        there = np.where(random.random(10) < 0.85, consensus.argmax(axis=0), random.integers(0, 4, 10))
        site = np.eye(4, dtype=np.int8)[:, there]
        found = (site * consensus).any(axis=0)
        r = np.where(found, random.lognormal(0, 0.5, 10), random.normal(0, 0.1, 10))
        data.onehot[i, :, start : start + 10] = site[::-1, ::-1] if turned else site
        data.relevance[i, start : start + 10] = r[::-1] if turned else r
        data.relevance[i, start + 200 : start + 210] = random.lognormal(0, 0.5, 10)
        sites.add((f"c{i}", start, "-" if turned else "+"))
        letters.append(site)
        contributions.append(site * r)
    data.relevance[np.abs(data.relevance) <= np.quantile(np.abs(data.relevance), 0.95)] = 0
    made = pattern("pos_0", "+", np.sum(letters, axis=0), np.mean(contributions, axis=0))
    formats.write_matrices(folder / "patterns.h5", [made], EVEN)
    write(folder / "relevance.h5", data)
    return sites


def test_q_says_what_share_of_the_hits_is_wrong(tmp_path: Path) -> None:
    sites = degenerate(tmp_path)
    find_hits(tmp_path / "relevance.h5", tmp_path, "site", tmp_path / "hits.bed")
    hits = {(row[0], int(row[1]), row[5]) for row in read_bed(tmp_path / "hits.bed")}
    assert len(hits & sites) >= 0.93 * len(hits)  # q 0.05, with room for the luck of 300
    assert len(hits & sites) >= 0.90 * len(sites)


def test_the_table_and_the_summary_agree(sparse: Sparse) -> None:
    rows = read_bed(sparse.folder / "hits.bed")
    assert json.loads((sparse.folder / "hits.json").read_text()) == sparse.summary
    assert sparse.summary["hits"] == len(rows) == sum(row["hits"] for row in sparse.summary["patterns"])
    assert rows == sorted(rows, key=lambda row: (row[0], int(row[1]), int(row[2])))
    lows = {row["pattern"]: row["min_score"] for row in sparse.summary["patterns"]}
    for row in rows:
        assert round(lows[row[3]] * 1000) <= int(row[4]) <= 1000
        assert float(row[10]) <= 0.05
        assert (float(row[6]) > 0) == (row[11] == "+")


def test_blocks_do_not_change_the_hits_and_a_seed_repeats_them(
    sparse: Sparse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lrpgen.motifs import hits, sources

    arguments = (sparse.folder / "relevance.h5", sparse.folder / "patterns.h5", "site")
    find_hits(*arguments, tmp_path / "again.bed")
    assert (tmp_path / "again.bed").read_bytes() == (sparse.folder / "hits.bed").read_bytes()
    for module in (hits, sources):
        monkeypatch.setattr(module, "BASES", 29 * sparse.data.onehot.shape[2])
    monkeypatch.setattr(hits, "NULL_BASES", 10**6)
    find_hits(*arguments, tmp_path / "blocks.bed")
    tables = [[row[:6] for row in read_bed(path)] for path in (tmp_path / "again.bed", tmp_path / "blocks.bed")]
    agree = {tuple(row) for row in tables[0]} & {tuple(row) for row in tables[1]}
    assert len(agree) >= 0.97 * max(len(table) for table in tables)  # the null is drawn anew, the scores are the same


@pytest.mark.parametrize("part", ["onehot", "relevance"])
def test_what_is_shuffled_leaves_next_to_no_hits(sparse: Sparse, tmp_path: Path, part: str) -> None:
    data = plant(100, 0.9)
    order = np.random.default_rng(0).random(data.relevance.shape).argsort(axis=1)
    if part == "onehot":
        data.onehot = np.take_along_axis(data.onehot, order[:, None], axis=2)
    else:
        data.relevance = np.take_along_axis(data.relevance, order, axis=1)
    result = find_hits(write(tmp_path / "r.h5", data), sparse.folder, "site", tmp_path / "h.bed")
    assert result["hits"] <= 5  # q 0.05 of nothing: one is luck, many are a wrong null


def test_no_patterns_and_no_relevance(sparse: Sparse, tmp_path: Path) -> None:
    data = plant(12, 0.9)
    store = write(tmp_path / "r.h5", data)
    empty = patterns_file(tmp_path / "none.h5", {})
    result = find_hits(store, empty, "site", tmp_path / "none.bed")
    assert (result["hits"], result["notes"]) == (0, ["there are no patterns to look for"])
    assert (tmp_path / "none.bed").read_text() == ""
    data.relevance[:] = 0
    assert find_hits(write(tmp_path / "z.h5", data), sparse.folder, "site", tmp_path / "z.bed")["hits"] == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": "donor"}, "has no class 'donor'; choose one of other, site, none"),
        ({"target": "none"}, "explains no window for class 'none'"),
        ({"max_q": 0.0}, "the largest q of a hit must be above 0"),
        ({"patterns": "missing.h5"}, "pattern file missing.h5 does not exist"),
        ({"output": "hits.json"}, "would be the summary's name"),
    ],
)
def test_bad_input_is_one_sentence(sparse: Sparse, tmp_path: Path, change: dict[str, Any], message: str) -> None:
    given = {"target": "site", "patterns": sparse.folder, "output": tmp_path / "h.bed", **change}
    with pytest.raises(InputError, match=message):
        find_hits(sparse.folder / "relevance.h5", **given)
    assert list(tmp_path.iterdir()) == []


def test_a_store_is_no_pattern_file(sparse: Sparse, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not a patterns\.h5"):
        find_hits(sparse.folder / "relevance.h5", sparse.folder / "relevance.h5", "site", tmp_path / "h.bed")


def test_relevance_that_is_not_finite_is_refused(sparse: Sparse, tmp_path: Path) -> None:
    path = write(tmp_path / "r.h5", plant(12, 0.9))
    with h5py.File(path, "a") as file:
        file["relevance"][5] = np.nan  # type: ignore[index]
    with pytest.raises(InputError, match="the relevance of window w5 is not finite"):
        find_hits(path, sparse.folder, "site", tmp_path / "h.bed")
    assert not (tmp_path / "h.bed").exists()


def test_the_command(sparse: Sparse, tmp_path: Path) -> None:
    arguments = ["hits", str(sparse.folder / "relevance.h5"), "--patterns", str(sparse.folder), "--target", "site"]
    result = CliRunner().invoke(app, [*arguments, "-o", str(tmp_path / "h.bed")])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "h.bed").read_bytes() == (sparse.folder / "hits.bed").read_bytes()
