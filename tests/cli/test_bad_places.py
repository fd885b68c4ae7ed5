"""Bad input of motifs, hits, enrich and filters as a person meets it: exit 2, one sentence, nothing written."""

from __future__ import annotations

import json

import numpy as np
import pytest
from annotated import GFF3, write_bigwig
from planted import POSITIVE, plant, write
from test_hits import patterns_file

MEME = "MEME version 4\n\nALPHABET= ACGT\n\nMOTIF m\nletter-probability matrix: alength= 4 w= 1 nsites= 9 E= 0\n{row}\n"
GENE = "chr1\t100\t300\tg\t0\t{strand}\t100\t300\t0\t2\t80,80,\t0,120,\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a store, patterns, a track over contig c, FASTA files that call it c, chrc and x, and annotations."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "r.h5", plant(12, 0.9))
    patterns_file(tmp_path / "patterns.h5", {"pos_0": ("+", POSITIVE)})
    write_bigwig(tmp_path / "t.bw", {"c": np.ones(1000)})
    for name, contig, length in (("c", "c", 1000), ("chr", "chrc", 1000), ("other", "x", 1000), ("short", "c", 900)):
        (tmp_path / f"{name}.fa").write_text(f">{contig}\n{'ACGT' * (length // 4)}\n")
    (tmp_path / "c.gff3").write_text(GFF3)
    (tmp_path / "chr.gff3").write_text(GFF3.replace("\nc\t", "\nchrc\t").replace("-region c", "-region chrc"))
    (tmp_path / "other.gff3").write_text(GFF3.replace("\nc\t", "\nx\t").replace("-region c", "-region x"))
    (tmp_path / "bad.meme").write_text(MEME.format(row="0.5 0.5 0.5 0.1"))
    (tmp_path / "lengths.bed").write_text("c\t10\t60\nc\t100\t180\n")
    (tmp_path / "strand.bed").write_text(GENE.format(strand=".").replace("chr1", "c"))
    (tmp_path / "file").write_text("not a folder\n")
    return tmp_path


HITS = "hits --track t.bw --patterns patterns.h5 -o h.bed --genome"
MOTIFS = "motifs r.h5 --target site"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (f"{HITS} chr.fa", ["contigs c of t.bw are not in chr.fa, which has chrc", "only the second writes 'chr'"]),
        (f"{HITS} other.fa", ["contigs c of t.bw are not in other.fa, which has x", "rename those of one of the two"]),
        (f"{HITS} short.fa", ["contig c has 1,000 bp in t.bw and 900 bp in short.fa"]),
        (f"{HITS} none.fa", ["FASTA none.fa does not exist"]),
        ("hits --track r.h5 --genome c.fa --patterns patterns.h5 -o h.bed", ["r.h5 is not a readable bigWig"]),
        (
            "hits --track t.bw --patterns patterns.h5 -o h.bed",
            ["in a STORE with --target, or in a --track with --genome"],
        ),
        ("hits r.h5 --track t.bw --genome c.fa --patterns patterns.h5 -o h.bed", ["give one of the two"]),
        ("hits r.h5 --patterns patterns.h5 -o h.bed", ["in a STORE with --target"]),
        ("hits r.h5 --target site --patterns patterns.h5 -o file/h.bed", ["file/h.bed: cannot write here"]),
        (f"{HITS} c.fa -o t.bw", ["is also given as track"]),
        (
            "enrich --relevance t.bw --annotation chr.gff3 -o e.tsv",
            ["chr.gff3 is on contigs chrc, t.bw on c; none is in both", "only the first writes 'chr'"],
        ),
        (
            "enrich --relevance t.bw --annotation other.gff3 -o e.tsv",
            ["other.gff3 is on contigs x, t.bw on c; none is in both", "rename those of one of the two"],
        ),
        ("enrich --relevance t.bw --annotation c.gff3 -o file/e.tsv", ["file/e.tsv: cannot write here"]),
        ("enrich --relevance t.bw --annotation strand.bed -o e.tsv", ["strand.bed:1: no strand"]),
        (f"{MOTIFS} --names bad.meme -o m", ["bad.meme"]),
        (f"{MOTIFS} -o file/m", ["file/m: cannot write here"]),
        ("motifs r.h5 --target nowhere -o m", ["has no class 'nowhere'; choose one of other, site, none"]),
        ("filters --model none.safetensors --windows none.h5 -o f", ["none.safetensors does not exist"]),
        ("windows --source regions --fasta c.fa --bed lengths.bed -o w.h5", ["lengths.bed"]),
        ("windows --source splice-sites --fasta c.fa --bed strand.bed -o w.h5", ["strand.bed:1", "strand"]),
    ],
)
def test_one_sentence_and_nothing_written(call, here, command, words):
    before = {path.name for path in here.iterdir()}
    code, _, err = call(*command.split())
    assert code == 2, err
    told = [line for line in err.splitlines() if line.startswith("lrpgen: error: ")]
    assert len(told) == 1, err
    for word in words:
        assert word in told[0]
    new = {path.name for path in here.iterdir()} - before
    assert not {name for name in new if not name.endswith(".fai")}  # the index of a FASTA may stay


def test_no_seqlet_is_no_error(call, here):
    data = plant(12, 0.9)
    data.relevance[:] = 0
    write(here / "zero.h5", data)
    code, _, err = call("motifs", "zero.h5", "--target", "site", "-o", "m")
    assert code == 0, err
    summary = json.loads((here / "m/summary.json").read_text())
    assert summary["patterns"] == []
    assert any("zero" in note for note in summary["notes"])
    code, _, err = call("hits", "r.h5", "--target", "site", "--patterns", "m", "-o", "h.bed")
    assert code == 0, err
    code, _, err = call("enrich", "--relevance", "h.bed", "--by-name", "--annotation", "chr.gff3", "-o", "e.tsv")
    assert code == 0, err
    assert " in gene (sense): mean 0, expected 0, q 1" in err


def test_hits_along_a_genome(call, here):
    code, _, err = call(*f"{HITS} c.fa".split())
    assert code == 0, err
    assert json.loads((here / "h.json").read_text())["bases"] == 1000


def test_contigs_of_the_annotation_that_the_track_lacks_are_named(call, here):
    (here / "more.gff3").write_text(GFF3 + "d\tx\tgene\t1\t9\t.\t+\t.\tID=g9\n")
    code, _, err = call("enrich", "--relevance", "t.bw", "--annotation", "more.gff3", "-o", "e.tsv", "--shifts", "9")
    assert code == 0, err
    assert "note: 1 of 2 contigs of more.gff3 are not in t.bw (d); their features are left out" in err
