"""Hits along a genome: planted instances found, pieces that leave no seam, and contigs that do not fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from annotated import write_bigwig
from planted import NEGATIVE, POSITIVE, plant, read_bed, reverse_complement
from test_hits import patterns_file

from lrpgen.errors import InputError
from lrpgen.motifs import hits, sources
from lrpgen.motifs.scan import BINS, read_templates


@dataclass
class Whole:
    """A planted genome as FASTA and bigWig: contigs chrA and chrB (7 bases without a value in front), and chrN of N."""

    folder: Path
    places: dict[str, set[tuple[str, int, int, str]]]
    tracks: dict[str, np.ndarray]

    @property
    def files(self) -> tuple[Path, Path, Path]:
        return self.folder / "t.bw", self.folder / "g.fa", self.folder / "patterns.h5"


def write_fasta(path: Path, contigs: dict[str, str]) -> Path:
    path.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in contigs.items()))
    return path


@pytest.fixture(autouse=True, scope="module")
def small_null() -> Iterator[None]:
    """Nulls of half a million bases: a tenth, for time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hits, "NULL_BASES", 500_000)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("track")
    data = plant(400, 0.5)
    genome = {**data.genome, "chrN": "N" * 3000}
    tracks = {name: np.full(len(sequence), np.nan) for name, sequence in genome.items()}
    for row, r in zip(data.regions.itertuples(), data.relevance, strict=True):
        tracks[str(row.chrom)][row.start : row.end] = r if row.strand == "+" else r[::-1]
    tracks["chrN"][100:200] = 1
    write_fasta(folder / "g.fa", genome)
    write_bigwig(folder / "t.bw", tracks)
    patterns_file(folder / "patterns.h5", {"pos_0": ("+", POSITIVE), "neg_0": ("-", NEGATIVE)})
    hits.find_track_hits(folder / "t.bw", folder / "g.fa", folder, folder / "hits.bed")
    return Whole(folder, data.places, tracks)


@pytest.mark.parametrize(("name", "motif", "sign"), [("pos_0", POSITIVE, "+"), ("neg_0", NEGATIVE, "-")])
def test_planted_instances_are_found(whole: Whole, name: str, motif: str, sign: str) -> None:
    rows = [row for row in read_bed(whole.folder / "hits.bed") if row[3] == name]
    found = {(row[0], int(row[1]), int(row[2]), row[5]) for row in rows}
    assert len(found & whole.places[motif]) >= 0.95 * len(whole.places[motif])
    assert len(found & whole.places[motif]) >= 0.95 * len(found)
    for row in rows:
        at = slice(int(row[1]), int(row[2]))
        assert float(row[6]) == pytest.approx(np.nansum(whole.tracks[row[0]][at]), rel=1e-3)
        assert (row[11], row[12]) == (sign, row[0])
        assert float(row[10]) <= 0.05


def test_the_summary_counts_what_the_track_knows(whole: Whole) -> None:
    summary = json.loads((whole.folder / "hits.json").read_text())
    assert (summary["track"], summary["contigs"]) == ("t.bw", 3)
    assert summary["bases"] == sum(int((~np.isnan(track)).sum()) for track in whole.tracks.values())
    assert summary["hits"] == len(read_bed(whole.folder / "hits.bed"))


def emitted(whole: Whole) -> pd.DataFrame:
    """Everything that scores at least 0.1, whatever the nulls say."""
    track, genome, patterns = whole.files
    templates = read_templates(patterns)
    qs = [np.where(np.arange(BINS + 1) >= BINS / 10, 0.01, 1.0)] * len(templates)
    parts = hits._emit(sources.Track(track, genome, 10), templates, qs, 0.05)
    return hits.without_overlaps(pd.concat(list(parts), ignore_index=True))


@pytest.mark.parametrize(("piece", "bases"), [(64, 6400), (333, 3330), (100_000, 100_000)])
def test_pieces_leave_no_seam(whole: Whole, monkeypatch: pytest.MonkeyPatch, piece: int, bases: int) -> None:
    expected = emitted(whole)
    monkeypatch.setattr(sources, "PIECE", piece)
    monkeypatch.setattr(sources, "BASES", bases)
    pd.testing.assert_frame_equal(emitted(whole), expected, rtol=1e-4, atol=1e-4)
    assert len(expected) > 650


@pytest.mark.parametrize("width", [1, 7, 10])
def test_each_place_belongs_to_one_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr(sources, "PIECE", 50)
    monkeypatch.setattr(sources, "BASES", 150)
    lengths = {"a": 1000, "b": 4, "c": 51, "d": 150}  # b is shorter than the widest pattern
    write_bigwig(tmp_path / "t.bw", {name: np.ones(n) for name, n in lengths.items()})
    write_fasta(tmp_path / "g.fa", {name: "A" * n for name, n in lengths.items()})
    seen = {name: [] for name in lengths}
    for block in sources.Track(tmp_path / "t.bw", tmp_path / "g.fa", 10).blocks("test"):
        assert block.relevance.size <= 3 * (50 + 9)
        rows, starts = np.nonzero(block.inside(width))
        for name, start in zip(
            block.regions["name"].iloc[rows], block.regions["start"].iloc[rows] + starts, strict=True
        ):
            seen[name].append(int(start))
    assert seen == {name: list(range(max(n - width + 1, 0))) for name, n in lengths.items()}


def test_nulls_leave_unknown_bases_where_they_are() -> None:
    known = np.array([[True, False, True, True, False], [False] * 5, [True] * 5])
    orders = [hits._shuffled(known, np.random.default_rng(seed)) for seed in range(50)]
    for order in orders:
        assert (np.sort(order, axis=1) == np.arange(5)).all()
        assert (order[~known] == np.nonzero(~known)[1]).all()
    assert len({tuple(order[0]) for order in orders}) == 6  # all orders of three known bases
    assert len({tuple(order[2]) for order in orders}) > 30


@pytest.mark.parametrize("part", ["letters", "relevance"])
def test_what_is_shuffled_leaves_next_to_no_hits(whole: Whole, tmp_path: Path, part: str) -> None:
    _, genome, patterns = whole.files
    random = np.random.default_rng(0)
    sequences = {name: "".join(random.choice(list("ACGT"), len(r))) for name, r in whole.tracks.items()}
    if part == "letters":
        genome = write_fasta(tmp_path / "g.fa", sequences)
    tracks = {name: random.permutation(r) for name, r in whole.tracks.items()} if part == "relevance" else whole.tracks
    track = write_bigwig(tmp_path / "t.bw", tracks)
    assert hits.find_track_hits(track, genome, patterns, tmp_path / "h.bed")["hits"] <= 5


def test_bases_without_a_value_are_no_hit(tmp_path: Path) -> None:
    """The motif's letters are everywhere, relevance in the first half of the contig only."""
    motif = "GATTACAGCC"
    sequence = "".join((motif if i % 3 else reverse_complement(motif)) + "TTTTT" for i in range(4000))
    track = np.full(len(sequence), np.nan)
    for start in range(15, 30_000, 15):
        track[start : start + 10] = 1.0
    write_bigwig(tmp_path / "t.bw", {"c": track})
    write_fasta(tmp_path / "g.fa", {"c": sequence})
    patterns_file(tmp_path / "patterns.h5", {"pos_0": ("+", motif)})
    hits.find_track_hits(tmp_path / "t.bw", tmp_path / "g.fa", tmp_path, tmp_path / "h.bed", max_q=1.0)
    rows = read_bed(tmp_path / "h.bed")
    assert all(not np.isnan(track[int(row[1]) : int(row[2])]).all() for row in rows)
    assert {int(row[1]) for row in rows if int(row[4]) > 900} == set(range(15, 30_000, 15))


def test_no_patterns_and_a_contig_shorter_than_the_pattern(whole: Whole, tmp_path: Path) -> None:
    track, genome, patterns = whole.files
    empty = patterns_file(tmp_path / "none.h5", {})
    assert hits.find_track_hits(track, genome, empty, tmp_path / "n.bed")["hits"] == 0
    assert (tmp_path / "n.bed").read_text() == ""
    write_bigwig(tmp_path / "s.bw", {"c": np.ones(5)})
    write_fasta(tmp_path / "s.fa", {"c": "GATTA"})
    assert hits.find_track_hits(tmp_path / "s.bw", tmp_path / "s.fa", patterns, tmp_path / "s.bed")["hits"] == 0


def test_values_that_are_not_finite_are_refused(whole: Whole, tmp_path: Path) -> None:
    write_bigwig(tmp_path / "t.bw", {"c": np.array([1.0, np.inf, *[0.0] * 50])})
    write_fasta(tmp_path / "g.fa", {"c": "A" * 52})
    with pytest.raises(InputError, match="values on c that are not finite"):
        hits.find_track_hits(tmp_path / "t.bw", tmp_path / "g.fa", whole.folder, tmp_path / "h.bed")
