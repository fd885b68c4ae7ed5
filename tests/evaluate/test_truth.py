"""Masks of what matters, by hand: splice sites, BED files, truth.bed of a simulation."""

import numpy as np
import pandas as pd
import pytest

import lrpgen
from lrpgen.errors import InputError
from lrpgen.evaluate.truth import AROUND, read_mask, site_mask
from lrpgen.sequences import WindowOptions, WindowSet, build_windows, open_windows, write_windows
from lrpgen.sequences.onehot import decode_array
from lrpgen.sequences.splice import Frame

COLUMNS = ["chrom", "start", "end", "name", "score", "strand", "label", "split"]
PLACES = [("c", 100, "+"), ("c", 200, "-"), ("d", 100, "+")]
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def columns(mask):
    """Where the 1s of each window are."""
    return [np.flatnonzero(row == 1).tolist() for row in mask]


@pytest.fixture
def mask_of(tmp_path):
    """Mask of windows of 10 bp at PLACES, against a file of the given lines."""
    rows = [(chrom, at, at + 10, f"r{at}", 0.0, strand, "positive", "test") for chrom, at, strand in PLACES]
    onehot = lrpgen.encode(["ACGTACGTAC"] * len(rows)).numpy()
    attrs = {"source": "regions", "seed": 0, "summary": {}, "fasta": "x.fa", "bed": "x.bed", "width": 10}
    windows = WindowSet(pd.DataFrame(rows, columns=COLUMNS), onehot, ["positive", "negative"], attrs)
    write_windows(tmp_path / "w.h5", windows)

    def find(*lines, rows=(0, 1, 2)):
        (tmp_path / "truth").write_text("".join(f"{line}\n" for line in lines).replace(" ", "\t"))
        with open_windows(tmp_path / "w.h5") as source:
            return read_mask(str(tmp_path / "truth"), source, np.array(rows))

    return find


def test_sites_by_hand():
    names = np.array(["donor:c:9:+", "acceptor:c:9:-", "decoy-GT:c:9:+", "decoy-AG:c:9:+", "shuffle-1:x"])
    found = columns(site_mask(names, Frame.centred(60)))
    assert found == [list(range(27, 36)), list(range(10, 31)), [], [], []]  # the boundary lies before base 30


def test_sites_that_a_window_holds_in_part():
    found = columns(site_mask(np.array(["donor:c:9:+", "acceptor:c:9:+"]), Frame.of(exon=2, intron=4)))
    assert found == [[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4]]


def test_sites_lie_on_the_bases_of_a_genome_on_both_strands(tmp_path):
    gene = "T" * 100 + "GT" + "C" * 46 + "AG" + "T" * 150  # exon 50..100, intron 100..150, exon 150..200
    turned = gene.translate(COMPLEMENT)[::-1]
    (tmp_path / "g.fa").write_text(f">c\n{gene}\n>d\n{turned}\n")
    bed = ["c 50 200 a 0 + 50 200 0 2 50,50 0,100", "d 100 250 b 0 - 100 250 0 2 50,50 0,100"]
    (tmp_path / "g.bed").write_text("\n".join(bed).replace(" ", "\t") + "\n")
    options = WindowOptions(
        "splice-sites", tmp_path / "g.fa", tmp_path / "g.bed", width=60, decoys_per_site=0, split="none"
    )
    write_windows(tmp_path / "w.h5", build_windows(options))
    seen = set()
    with open_windows(tmp_path / "w.h5") as windows:
        rows = np.arange(len(windows))
        mask, table = read_mask("sites", windows, rows), windows.table(rows)
        for row, onehot, kind, strand in zip(mask, windows.onehot(), table["label"], table["strand"], strict=True):
            letters = np.array(list(decode_array(onehot)))[row == 1]
            seen.add((kind, strand, "".join(letters)))
    donor, acceptor = "TTT" + "GT" + "CCCC", "C" * 18 + "AG" + "T"
    assert [len(donor), len(acceptor)] == [sum(AROUND["donor"]), sum(AROUND["acceptor"])]
    assert seen == {("donor", s, donor) for s in "+-"} | {("acceptor", s, acceptor) for s in "+-"}


def test_a_bed_file_runs_with_the_strand(mask_of):
    assert columns(mask_of("c 205 208")) == [[], [2, 3, 4], []]


def test_overlapping_intervals_are_joined(mask_of):
    assert columns(mask_of("c 104 107", "c 102 105", "c 109 300")) == [[2, 3, 4, 5, 6, 9], list(range(10)), []]
    inside = ("c 95 130", "c 96 97", "c 108 109")  # the long one still covers what lies behind the short one
    assert columns(mask_of(*inside)) == [list(range(10)), [], []]


def test_contigs_are_apart(mask_of):
    assert columns(mask_of("c 0 105", "d 103 104")) == [[0, 1, 2, 3, 4], [], [3]]


def test_a_strand_of_the_bed_file_does_not_matter_and_comments_are_skipped(mask_of):
    assert columns(mask_of("# mine", "c 101 102 x 0 -", rows=[0])) == [[1]]


def test_a_truth_of_a_simulation_has_signs(mask_of):
    planted = ("c 101 103 A 0 + + region1", "c 105 107 B 0 - - region1", "c 108 109 D 0 + 0 region1")
    assert mask_of(*planted, "c 200 202 A 0 - + region2").tolist() == [
        [0, 1, 1, 0, 0, -1, -1, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 1, 1],
        [0] * 10,
    ]


def test_a_file_that_touches_nothing(mask_of):
    with pytest.raises(InputError, match=r"touches none of the 3 windows; give one on the same contigs"):
        mask_of("chr1 101 102")
    with pytest.raises(InputError, match="touches none of the 1 windows"):
        mask_of("c 101 102", rows=[2])


def test_what_cannot_be_read(mask_of):
    with pytest.raises(InputError, match=r"truth:1: .*BED columns are separated by tabs"):
        mask_of("c-101-102")
    with pytest.raises(InputError, match=r"truth:2: not a line of a truth.bed"):
        mask_of("c 101 103 A 0 + + region1", "c 105 107")


def test_sites_of_other_windows(mask_of, tmp_path):
    mask_of("c 100 101")
    with (
        open_windows(tmp_path / "w.h5") as source,
        pytest.raises(InputError, match="holds no splice sites; give a BED"),
    ):
        read_mask("sites", source, np.arange(3))
