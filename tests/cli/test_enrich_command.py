"""`lrpgen enrich` as a person meets it, and on the embedded default."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from annotated import GFF3, write_bigwig

HLA = Path(__file__).parents[2] / "data" / "hla" / "BA000025.2.cds.bed"


def test_exons_and_introns_of_the_embedded_default(call, tmp_path):
    length = 2_229_817
    track = np.random.default_rng(0).normal(size=length).astype(np.float32)
    track[46906:47004] += 2  # an intron of NG36
    write_bigwig(tmp_path / "t.bw", {"BA000025.2": track})
    out = tmp_path / "enrich.tsv"
    options = ["--shifts", "99", "--features", "exon,intron", "--seed", "3"]
    code, _, err = call("enrich", "--relevance", tmp_path / "t.bw", "--annotation", HLA, "-o", out, *options)
    assert code == 0, err
    assert pd.read_csv(out, sep="\t")["feature"].tolist() == ["exon", "intron"]
    single = pd.read_csv(tmp_path / "enrich.features.tsv", sep="\t")
    best = single[single["feature"] == "intron"].iloc[0]
    assert (best["name"], best["start"], best["rank"]) == ("NG36", 46906, 1)
    assert best["mean"] == pytest.approx(track[46906:47004].mean(), rel=1e-4)


def test_genomes_are_ranked(call, tmp_path):
    for name, value in (("a", 0.2), ("b", 0.7)):
        (tmp_path / f"{name}.tsv").write_text(f"chrom\tstart\tend\tstrand\tsite\nc\t0\t5\t+\t{value}\n")
    tables = [word for name in "ab" for word in ("--predictions", tmp_path / f"{name}.tsv")]
    code, _, err = call("enrich", *tables, "-o", tmp_path / "r.tsv")
    assert code == 0, err
    rows = (tmp_path / "r.tsv").read_text().splitlines()
    assert rows == ["class\trank\tname\ttiles\tmean\tsd", "site\t1\tb\t1\t0.7\t0", "site\t2\ta\t1\t0.2\t0"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "needs --relevance and --annotation, or --predictions"),
        (["--relevance", "t.bw"], "needs --relevance and --annotation"),
        (["--relevance", "t.bw", "--predictions", "p.tsv"], "goes with neither --relevance nor --annotation"),
        (["--relevance", "none.bw", "--annotation", "a.gff3"], "track none.bw does not exist"),
        (["--relevance", "t.bw", "--annotation", "none.gff3"], "annotation none.gff3 does not exist"),
        (["--relevance", "a.gff3", "--annotation", "a.gff3"], "a.gff3:3: "),
        (["--relevance", "t.bw", "--annotation", "a.gff3", "--features", "x"], "has no feature 'x'"),
        (["--predictions", "none.tsv"], "table none.tsv does not exist"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(call, tmp_path, monkeypatch, options, words):
    (tmp_path / "a.gff3").write_text(GFF3)
    write_bigwig(tmp_path / "t.bw", {"c": np.zeros(1000)})
    monkeypatch.chdir(tmp_path)
    code, _, err = call("enrich", *options, "-o", "out.tsv")
    assert code == 2
    assert words in err
    assert len(err.splitlines()) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"a.gff3", "t.bw"}
