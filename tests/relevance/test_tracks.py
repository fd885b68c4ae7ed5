"""Contig tracks against a naive sum over all windows, read back by a library that did not write them."""

import gzip
import resource
import subprocess
import sys

import numpy as np
import pandas as pd
import pyBigWig
import pytest

from lrpgen.errors import InputError, OutputError
from lrpgen.relevance import tracks
from lrpgen.relevance.store import LEDGER_COLUMNS, Batch, create
from lrpgen.relevance.tracks import Pile, centre_weights, runs, write_tracks

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


def shard(path, rows, relevance, stride=3, target="donor", place=None):
    frame = pd.DataFrame(rows, columns=["chrom", "start", "strand"])
    frame = frame.assign(end=frame["start"] + relevance.shape[1], name=".", score=0.0, label=".", split=".")
    attrs = {"classes": ["donor"], "target": target, "method": {}, "source": {"stride": stride}}
    attrs |= {"shard": place} if place else {}
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
    with pyBigWig.open(str(path)) as file:
        return file.values(chrom, 0, CONTIGS[chrom], numpy=True).astype(float)


def contigs(path):
    with pyBigWig.open(str(path)) as file:
        return list(file.chroms())


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
    assert list(summary["contigs"]) == ["b", "a", "tiny"]
    assert contigs(tmp_path / "out" / "donor.relevance.bw") == ["b", "a"]  # `tiny` has no value
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


def test_wrong_shards_are_refused(tmp_path, genome, capfd):
    ones = np.ones((1, WIDTH), np.float32)
    early, late = shard(tmp_path / "1.h5", [("b", 0, "+")], ones), shard(tmp_path / "2.h5", [("b", 9, "+")], ones)
    other = shard(tmp_path / "3.h5", [("b", 12, "+")], ones, target="acceptor")
    foreign = shard(tmp_path / "4.h5", [("z", 12, "+")], ones)
    beyond = shard(tmp_path / "5.h5", [("b", 23, "+")], ones)
    turned = shard(tmp_path / "6.h5", [("a", 0, "+"), ("b", 0, "+")], np.ones((2, WIDTH), np.float32))
    empty = shard(tmp_path / "7.h5", [], ones[:0])
    first, third = (shard(tmp_path / f"p{k}.h5", [("b", k, "+")], ones, place=f"{k}/3") for k in (1, 3))
    for shards, words in (
        ([late, early], "out of order"),
        ([turned], "out of order"),
        ([early, other], "target"),
        ([foreign], "not in the genome"),
        ([beyond], "leaves the contig"),
        ([first, third], "give all shards"),
        ([empty], "no shard holds a tile"),
        ([], "at least one"),
    ):
        with pytest.raises(InputError, match=words):
            write_tracks(shards, genome, tmp_path / "t")
    assert [path.name for path in tmp_path.glob("*") if path.suffix != ".h5"] == ["g.fa", "g.fa.fai"]


@pytest.mark.parametrize("limit", [500, 5_000, 50_000])
def test_a_full_disk_is_one_sentence_and_leaves_nothing_half(tmp_path, limit):
    fasta = tmp_path / "g.fa"
    fasta.write_text(f">c\n{'A' * 20_000}\n")
    values = np.random.default_rng(1).normal(size=(100, 200)).astype(np.float32)
    made = shard(tmp_path / "1.h5", [("c", start, "+") for start in range(0, 20_000, 200)], values)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        with pytest.raises(OutputError, match=r"t\.\w+\.b\S+(: the file reached| did not reach the disk whole)"):
            write_tracks([made], fasta, tmp_path / "out" / "t")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "out").iterdir()) == []


def test_contigs_come_as_in_the_fasta_and_need_not_have_tiles(tmp_path):
    names = ["chr10", "chr2", "scaffold", "chr1"]
    fasta = tmp_path / "g.fa"
    fasta.write_text("".join(f">{name}\n{'ACGT' * (1 if name == 'scaffold' else 10)}\n" for name in names))
    rows = [(name, 5, "+") for name in ("chr10", "chr2", "chr1")]
    made = shard(tmp_path / "1.h5", rows, np.arange(1, 4, dtype=np.float32)[:, None].repeat(WIDTH, 1))
    write_tracks([made], fasta, tmp_path / "t")
    assert contigs(tmp_path / "t.sd.bw") == ["chr10", "chr2", "chr1"]
    with pyBigWig.open(str(tmp_path / "t.relevance.bw")) as file:
        assert [file.intervals(name) for name in contigs(tmp_path / "t.sd.bw")] == [
            ((5, 13, 1.0),),
            ((5, 13, 2.0),),
            ((5, 13, 3.0),),
        ]


MEASURE = """
import sys
from pathlib import Path
from lrpgen.relevance.tracks import write_tracks

folder = Path(sys.argv[1])
write_tracks([folder / "1.h5"], folder / "g.fa", folder / "t")
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_memory_does_not_grow_with_the_contig(tmp_path):
    """Peak within 5 % at 4 and 16 Mb, no two bases with the same value."""
    peaks = {}
    for megabases in (4, 16):
        folder = tmp_path / str(megabases)
        folder.mkdir()
        (folder / "g.fa").write_text(">c\n" + ("A" * 100 + "\n") * 10_000 * megabases)
        rows = [("c", start, "+") for start in range(0, 1_000_000 * megabases - 200, 1000)]
        shard(folder / "1.h5", rows, np.random.default_rng(1).normal(size=(len(rows), 200)).astype(np.float32))
        done = subprocess.run([sys.executable, "-c", MEASURE, folder], capture_output=True, text=True, check=True)
        peaks[megabases] = int(done.stdout)
    assert peaks[16] < 1.05 * peaks[4]


def test_a_gap_between_tiles_takes_no_memory():
    piles = []
    ones = np.ones((1, WIDTH), np.float32)

    def far(self, start, r, weights):
        Pile.add(self, start, r, weights)
        piles.append(self.sums.nbytes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracks, "Pile", type("Watched", (Pile,), {"add": far}))
        patch.setattr(tracks, "_tiles", lambda *_: [([["c", "c"], [0, 200_000_000], ["+", "+"]], ones.repeat(2, 0))])
        pieces = list(tracks._pieces([], {"c": 250_000_000}, {}))
    assert max(piles) < 1e7
    assert [(start, len(values["sd"])) for _, start, values in pieces][-1][0] == 200_000_000
