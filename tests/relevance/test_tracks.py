"""Contig tracks against a naive sum over all windows, read back by a library that did not write them."""

import gzip

import numpy as np
import pandas as pd
import pybigtools
import pytest

from lrpgen.errors import InputError
from lrpgen.relevance import tracks
from lrpgen.relevance.store import LEDGER_COLUMNS, Batch, create
from lrpgen.relevance.tracks import centre_weights, runs, write_tracks

WIDTH = 8
CONTIGS = {"b": 30, "a": 21, "tiny": 5}  # order of the file, not of the alphabet; `tiny` is shorter than a window


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "g.fa"
    path.write_text("".join(f">{name}\n{'ACGT' * 10}"[: len(name) + 2 + n] + "\n" for name, n in CONTIGS.items()))
    return path


def tiles(stride):
    return [
        (chrom, start, strand)
        for chrom, length in CONTIGS.items()
        for start in sorted({*range(0, length - WIDTH + 1, stride), length - WIDTH})
        if length >= WIDTH
        for strand in "+-"
    ]


def shard(path, rows, relevance, stride=3, target="donor"):
    frame = pd.DataFrame(rows, columns=["chrom", "start", "strand"])
    frame = frame.assign(end=frame["start"] + WIDTH, name=".", score=0.0, label=".", split=".")
    attrs = {"classes": ["donor"], "target": target, "method": {}, "source": {"stride": stride}}
    with create(path, attrs) as writer:
        if rows:
            writer.layers({"layer": ["l"], "op": ["o"], "rule": ["r"]})
            ledger = dict.fromkeys(LEDGER_COLUMNS, np.zeros((len(rows), 1)))
            writer.append(Batch(frame, relevance, np.zeros((len(rows), 1)), np.zeros(len(rows)), ledger))
    return path


def naive(rows, relevance):
    """Every base of every contig: all windows over it, one by one."""
    weights = centre_weights(WIDTH)
    found = {}
    for chrom, length in CONTIGS.items():
        seen = [[] for _ in range(length)]
        for (where, start, strand), r in zip(rows, relevance, strict=True):
            for i in range(WIDTH):
                if where == chrom:
                    j = i if strand == "+" else WIDTH - 1 - i
                    seen[start + i].append((weights[i], r[j]))
        found[chrom] = seen
    return found


def values(path, chrom):
    return np.array(pybigtools.open(str(path)).values(chrom, fillna=None), dtype=float)


@pytest.mark.parametrize("stride", [1, 3, 8, 11])
@pytest.mark.parametrize("flush", [4, 1 << 18])
def test_equals_the_naive_mean(tmp_path, genome, stride, flush, monkeypatch):
    monkeypatch.setattr(tracks, "FLUSH", flush)
    rows = tiles(stride)
    relevance = np.random.default_rng(stride).normal(size=(len(rows), WIDTH)).astype(np.float32)
    relevance[np.random.default_rng(1).random(relevance.shape) < 0.5] = 0
    cut = len(rows) // 2
    shards = [
        shard(tmp_path / "1.h5", rows[:cut], relevance[:cut]),
        shard(tmp_path / "2.h5", [], relevance[:0]),
        shard(tmp_path / "3.h5", rows[cut:], relevance[cut:]),
    ]
    summary = write_tracks(shards, genome, tmp_path / "out" / "donor")
    expected = naive(rows, relevance)
    for chrom in ("b", "a"):
        mean, sd, coverage = (values(tmp_path / "out" / f"donor.{name}.bw", chrom) for name in tracks.TRACKS)
        for base, seen in enumerate(expected[chrom]):
            if not seen:
                assert np.isnan([mean[base], sd[base], coverage[base]]).all()
                continue
            w, r = np.array(seen).T
            assert coverage[base] == len(seen)
            assert mean[base] == pytest.approx((w * r).sum() / w.sum(), rel=1e-5, abs=1e-6)
            spread = np.sqrt((w * (r - (w * r).sum() / w.sum()) ** 2).sum() / w.sum())
            assert sd[base] == pytest.approx(spread, rel=1e-4, abs=1e-4)
    covered = sum(bool(seen) for contig in expected.values() for seen in contig)
    assert summary["covered_bases"] == covered
    assert summary["windows"] == len(rows)
    assert list(pybigtools.open(str(tmp_path / "out" / "donor.relevance.bw")).chroms()) == ["b", "a", "tiny"]
    with gzip.open(tmp_path / "out" / "donor.relevance.bedgraph.gz", "rt") as lines:
        table = pd.read_csv(lines, sep="\t", names=["chrom", "start", "end", "value"])
    assert (table["end"] - table["start"]).sum() == covered
    for chrom, start, end, value in table.itertuples(index=False):
        on_track = values(tmp_path / "out" / "donor.relevance.bw", chrom)[start:end]
        np.testing.assert_allclose(on_track, value, rtol=1e-4, atol=1e-12)


def test_a_single_window_on_the_minus_strand_is_turned_round(tmp_path, genome):
    r = np.arange(1.0, 9.0, dtype=np.float32)[None]
    write_tracks([shard(tmp_path / "1.h5", [("b", 2, "-")], r)], genome, tmp_path / "t")
    found = values(tmp_path / "t.relevance.bw", "b")
    np.testing.assert_array_equal(found[2:10], [8, 7, 6, 5, 4, 3, 2, 1])
    assert np.isnan(found[:2]).all()
    assert np.isnan(found[10:]).all()


def test_runs_by_hand():
    starts, ends, level = runs(np.array([np.nan, 0, 0, 0, 2, 2, np.nan, np.nan, 1]), 100)
    assert list(zip(starts, ends, level, strict=True)) == [(101, 104, 0), (104, 106, 2), (108, 109, 1)]
    assert len(runs(np.array([]), 0)[0]) == 0


def test_same_input_same_files(tmp_path, genome):
    rows = tiles(3)
    shards = [shard(tmp_path / "1.h5", rows, np.ones((len(rows), WIDTH), np.float32))]
    for name in ("x", "y"):
        write_tracks(shards, genome, tmp_path / name / "t")
    for suffix in ("relevance.bw", "sd.bw", "coverage.bw", "relevance.bedgraph.gz", "json"):
        assert (tmp_path / "x" / f"t.{suffix}").read_bytes() == (tmp_path / "y" / f"t.{suffix}").read_bytes()


def test_wrong_shards_are_refused(tmp_path, genome):
    ones = np.ones((1, WIDTH), np.float32)
    early, late = shard(tmp_path / "1.h5", [("b", 0, "+")], ones), shard(tmp_path / "2.h5", [("b", 9, "+")], ones)
    other = shard(tmp_path / "3.h5", [("b", 12, "+")], ones, target="acceptor")
    foreign = shard(tmp_path / "4.h5", [("z", 12, "+")], ones)
    for shards, words in (
        ([late, early], "out of order"),
        ([early, other], "target"),
        ([foreign], "not in the genome"),
        ([], "at least one"),
    ):
        with pytest.raises(InputError, match=words):
            write_tracks(shards, genome, tmp_path / "t")
    assert not list(tmp_path.glob("t.*"))
