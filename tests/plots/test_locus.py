"""A locus as it is read and drawn: coordinates, strands, lanes."""

from __future__ import annotations

import numpy as np
import pytest

from lrpgen.errors import InputError
from lrpgen.plots.intervals import genes, intervals
from lrpgen.plots.lanes import MOST_LANES, Item, hidden, stacked
from lrpgen.plots.locus import COLUMNS, Sources, binned, locus_figure
from lrpgen.plots.style import save_as
from lrpgen.plots.tracks import letters, of_bigwig, of_store
from lrpgen.sequences.place import Place

PLACE = Place("chr1", 40, 65)
GFF3 = (
    "chr1\tx\tgene\t31\t120\t.\t-\t.\tID=gene:G1;Name=KLF\n"
    "chr1\tx\tmRNA\t31\t120\t.\t-\t.\tID=transcript:T1;Parent=gene:G1\n"
    "chr1\tx\texon\t31\t50\t.\t-\t.\tParent=transcript:T1\n"
    "chr1\tx\texon\t101\t120\t.\t-\t.\tParent=transcript:T1\n"
    "chr1\tx\tCDS\t41\t50\t.\t-\t0\tID=cds;Parent=transcript:T1\n"
    "chr1\tx\texon\t181\t190\t.\t+\t.\tParent=transcript:T2\n"
)


def test_relevance_of_a_store_is_the_mean_over_windows_along_the_plus_strand(store):
    track = of_store(store, PLACE, "donor", None)
    # Site 0 covers 40-60 with i / 100, site 1 covers 45-65 from right to left with 1 + i / 100.
    assert track.values[0] == pytest.approx(0.0)
    assert track.values[24] == pytest.approx(1.0)
    assert track.values[5] == pytest.approx((0.05 + 1.19) / 2)
    assert track.onehot is not None
    assert track.onehot[:, 0].tolist() == [0, 0, 0, 1]  # T of the + strand
    assert track.onehot[:, 24].tolist() == [1, 0, 0, 0]  # T of the - strand is an A


def test_a_place_partly_without_windows_is_unknown_there(store):
    values = of_store(store, Place("chr1", 30, 42), "donor", None).values
    assert np.isnan(values[:10]).all()
    assert values[10:].tolist() == pytest.approx([0.0, 0.01])


def test_letters_come_from_the_genome_where_it_is_given(store, genome):
    track = of_store(store, PLACE, "donor", genome)
    assert track.onehot is not None
    assert track.onehot.argmax(0).tolist() == [(40 + i) % 4 for i in range(25)]
    assert letters(genome, Place("chr1", 1, 3)).tolist() == [[0, 0], [1, 0], [0, 1], [0, 0]]


def test_a_bigwig_is_read_at_its_place(bigwig):
    values = of_bigwig(bigwig, Place("chr1", 98, 102))
    assert values[:2].tolist() == [98, 99]
    assert np.isnan(values[2:]).all()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Place("chr2", 0, 5), "contig 'chr2' is not in this file"),
        (Place("1", 0, 5), "calls it 'chr1'"),
        (Place("chr1", 190, 201), "past the end of chr1 (200 bp)"),
    ],
)
def test_a_place_that_a_file_does_not_hold(bigwig, genome, place, words):
    for read in (of_bigwig, letters):
        with pytest.raises(InputError) as error:
            read(bigwig if read is of_bigwig else genome, place)
        assert words in str(error.value)


def test_windows_that_are_not_there(store):
    with pytest.raises(InputError, match="no window of class 'acceptor' that overlaps chr1:41-65"):
        of_store(store, PLACE, "acceptor", None)
    with pytest.raises(InputError, match="has no class 'enhancer'"):
        of_store(store, PLACE, "enhancer", None)


def test_genes_are_transcripts_with_low_exons_and_tall_coding_parts(tmp_path):
    path = tmp_path / "genes.gff3"
    path.write_text(GFF3)
    (gene,) = genes(path, PLACE)
    assert (gene.start, gene.end, gene.label, gene.strand) == (30, 120, "T1", "-")
    heights = {(start, end): tall for start, end, tall in gene.parts}
    assert set(heights) == {(30, 50), (100, 120), (40, 50)}
    assert heights[40, 50] > heights[30, 50]
    assert [item.label for item in genes(path, Place("chr1", 60, 90))] == ["T1"]  # within its intron
    assert genes(path, Place("chr1", 130, 150)) == []


def test_genes_of_a_gtf_and_of_bed12_have_their_names(tmp_path):
    gtf = tmp_path / "genes.gtf"
    gtf.write_text('chr1\tx\texon\t31\t50\t.\t+\t.\tgene_id "G"; transcript_id "T"; gene_name "HLA-A";\n')
    assert [item.label for item in genes(gtf, PLACE)] == ["HLA-A"]
    bed = tmp_path / "genes.bed"
    bed.write_text("chr1\t30\t60\tC2\t0\t-\t35\t60\t0\t2\t10,10\t0,20\n")
    (gene,) = genes(bed, PLACE)
    assert (gene.label, len(gene.parts)) == ("C2", 4)  # two exons, two coding parts


def test_intervals_have_one_colour_by_name_and_strands_only_where_written(tmp_path):
    one, two, none = tmp_path / "one.bed", tmp_path / "two.bed", tmp_path / "none.bed"
    one.write_text("chr1\t41\t50\tpos_1\t0\t-\nchr1\t0\t9\tpos_0\t0\t+\nchr1\t45\t47\t.\t0\n")
    two.write_text("chr1\t60\t70\tpos_1\n")
    none.touch()
    first, second, third = intervals([one, two, none], PLACE)
    assert [(item.label, item.strand) for item in first] == [("pos_1", "-"), ("", ".")]
    assert [(item.label, item.strand) for item in second] == [("pos_1", ".")]
    assert first[0].colour == second[0].colour
    assert third == []


def test_boxes_and_labels_of_a_lane_do_not_meet():
    place = Place("chr1", 0, 700)  # 100 bp an inch: a letter is 6.5 bp wide
    items = [Item(at, at + 20, "pattern", "+", "k", ((at, at + 20, 0.4),)) for at in (0, 30, 100, 690)]
    lanes = stacked(items, place, 7.0)
    assert [[item.start for item in lane] for lane in lanes] == [[0, 100, 690], [30]]
    crowd = [Item(0, 700, str(i), ".", "k", ()) for i in range(MOST_LANES + 3)]
    assert hidden(stacked(crowd, place, 7.0)) == 3


def test_wide_places_show_the_extremes_of_their_columns():
    values = np.zeros(3 * COLUMNS)
    values[1], values[5], values[6:9] = 2, -1, np.nan
    low, high, edges = binned(values)
    assert (len(low), edges[1]) == (COLUMNS, 3)
    assert (high[0], low[1]) == (2, -1)
    assert np.isnan([low[2], high[2]]).all()


def test_the_whole_figure_stacks_what_it_was_given(store, bigwig, genome, tmp_path):
    bed = tmp_path / "hits.bed"
    bed.write_text("chr1\t41\t50\tpos_1\t0\t-\n")
    gff = tmp_path / "genes.gff3"
    gff.write_text(GFF3)
    figure = locus_figure(PLACE, Sources(store, None, "donor", (bigwig,), gff, (bed,)))
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["prediction, track", "relevance of donor", "genes", "hits"]
    assert figure.axes[-1].get_xlim() == (40.5, 65.5)
    save_as(figure, tmp_path / "locus.svg")
    svg = (tmp_path / "locus.svg").read_text()
    assert all(f">{text}<" in svg for text in ("relevance of donor", "pos_1 -", "position on chr1 (bp)"))
    dark = locus_figure(Place("chr1", 150, 160), Sources(bigwig, genome, beds=(bed,)))
    assert [ax.get_title(loc="left") for ax in dark.axes] == ["relevance, track: nothing here", "hits: nothing here"]


def test_nothing_to_draw_and_a_class_of_a_bigwig(bigwig):
    with pytest.raises(InputError, match="nothing to draw"):
        locus_figure(PLACE, Sources())
    with pytest.raises(InputError, match="--target is for relevance stores"):
        locus_figure(PLACE, Sources(bigwig, target="donor"))
