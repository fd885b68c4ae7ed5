"""Enrichment in annotated features: by hand on toys, planted and absent, and against rotations one by one."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from annotated import BED12, GFF3, SPANS, gtf, write_bigwig
from scipy.stats import kstest

from lrpgen.errors import InputError
from lrpgen.motifs.enrichment import EnrichJob, enrich, rank_genomes
from lrpgen.motifs.enrichment.annotation import read_annotation
from lrpgen.motifs.enrichment.derive import features_of, merged
from lrpgen.motifs.enrichment.rotation import cumulative, p_value, turned_sums
from lrpgen.relevance import store

RAMP = np.arange(1000.0)


def save(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def spans_of(table: pd.DataFrame) -> dict[str, set]:
    return {
        str(kind): set(zip(of["start"], of["end"], of["strand"], strict=True)) for kind, of in table.groupby("type")
    }


@pytest.mark.parametrize("kind", ["gff3", "gtf", "bed"])
def test_every_format_says_the_same(tmp_path: Path, kind: str) -> None:
    path = save(tmp_path / f"a.{kind}", {"gff3": GFF3, "gtf": gtf(), "bed": BED12}[kind])
    packed = tmp_path / f"b.{kind}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    for one in (path, packed):
        found = features_of(read_annotation(one), {"c": 1000}, promoter=50)
        assert spans_of(found) == SPANS
    if kind != "gtf":
        assert set(found["name"][found["type"] == "gene"]) == {"one, two", "two"}


def test_the_files_own_introns_and_utrs_are_kept(tmp_path: Path) -> None:
    more = "c\tx\tintron\t181\t200\t.\t+\t.\tParent=t1\nc\tx\tfive_prime_utr\t101\t110\t.\t+\t.\tParent=t1\n"
    found = spans_of(features_of(read_annotation(save(tmp_path / "a.gff3", GFF3 + more)), {"c": 1000}, promoter=50))
    assert found["intron"] == {(180, 200, "+")}
    assert found["five_prime_UTR"] == {(100, 110, "+")}
    assert "three_prime_UTR" not in found


def test_promoters_stop_at_the_contigs_ends(tmp_path: Path) -> None:
    path = save(tmp_path / "a.gff3", GFF3)
    assert spans_of(features_of(read_annotation(path), {"c": 1000}, promoter=500))["promoter"] == {
        (0, 100, "+"),
        (800, 1000, "-"),
    }


def test_plain_bed_has_intervals_and_knows_missing_strands(tmp_path: Path) -> None:
    path = save(tmp_path / "a.bed", "#x\nc\t5\t9\nc\t20\t30\n")
    assert spans_of(features_of(read_annotation(path), {"c": 50}, promoter=9)) == {
        "interval": {(5, 9, "."), (20, 30, ".")}
    }


def test_merged_by_hand() -> None:
    assert merged(np.array([5, 0, 8, 3]), np.array([7, 2, 9, 6])).tolist() == [[0, 2], [3, 7], [8, 9]]
    assert merged(np.array([0, 2, 1]), np.array([2, 4, 9])).tolist() == [[0, 9]]
    assert merged(np.array([], int), np.array([], int)).shape == (0, 2)


BAD_LINES = {
    "a.gff3:1: 8 columns": "c\tx\tgene\t1\t2\t.\t+\t.\n",
    "a.gff3:1: start 'x' is not a whole number": "c\tx\tgene\tx\t2\t.\t+\t.\tID=a\n",
    "a.gff3:2: the feature spans 5-2": "#\nc\tx\tgene\t5\t2\t.\t+\t.\tID=a\n",
    "a.gff3:1: the feature spans 0-2": "c\tx\tgene\t0\t2\t.\t+\t.\tID=a\n",
    "a.gff3:1: strand 'x' is not one of": "c\tx\tgene\t1\t2\t.\tx\t.\tID=a\n",
    "should be named .gtf": 'c\tx\tgene\t1\t2\t.\t+\t.\tgene_id "a";\n',
    "holds no features": "##gff-version 3\n",
}


@pytest.mark.parametrize("words", BAD_LINES)
def test_a_bad_line_is_named(tmp_path: Path, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_annotation(save(tmp_path / "a.gff3", BAD_LINES[words]))


def test_other_names_and_fasta_behind_the_features(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not named .gff3, .gff, .gtf or .bed"):
        read_annotation(save(tmp_path / "a.txt", GFF3))
    with pytest.raises(InputError, match=r"should be named .gff3"):
        read_annotation(save(tmp_path / "a.gtf", GFF3))
    assert len(read_annotation(save(tmp_path / "b.gff3", GFF3 + "##FASTA\n>c\nACGT\n")).features) == 11


def job(tmp_path: Path, track: Path | np.ndarray, **options) -> EnrichJob:
    if isinstance(track, np.ndarray):
        track = write_bigwig(tmp_path / "t.bw", {"c": track})
    annotation = options.pop("annotation", None) or save(tmp_path / "a.gff3", GFF3)
    return EnrichJob(track, annotation, tmp_path / "out.tsv", **{"promoter": 50, "shifts": 199, **options})


def test_exact_arithmetic_on_a_ramp(tmp_path: Path) -> None:
    """The mean of the bases i itself over [a, b) is (a + b - 1) / 2."""
    table = enrich(job(tmp_path, RAMP)).set_index("feature")
    assert table.loc["gene", "mean"] == pytest.approx((199.5 + 699.5) / 2)
    assert table.loc["intron", "mean"] == pytest.approx((199.5 + 699.5) / 2)
    assert table.loc["CDS", "sum"] == sum(range(120, 180)) + sum(range(220, 250)) + sum(range(620, 680))
    assert table["overall"].tolist() == pytest.approx([499.5] * len(table))
    assert table.loc["CDS", ["intervals", "bases", "known_bases"]].tolist() == [3, 150, 150]
    assert list(table.index) == list(SPANS)
    single = pd.read_csv(tmp_path / "out.features.tsv", sep="\t")
    introns = single[single["feature"] == "intron"]
    assert introns["start"].tolist() == [680, 180]  # by falling mean
    assert introns["mean"].tolist() == [699.5, 199.5]
    assert introns["rank"].tolist() == [1, 2]


def test_unknown_bases_do_not_count(tmp_path: Path) -> None:
    track = RAMP.copy()
    track[150:900] = np.nan
    table = enrich(job(tmp_path, track)).set_index("feature")
    assert table.loc["gene", ["known_bases", "sum"]].tolist() == [50, sum(range(100, 150))]
    assert table.loc["intron", "known_bases"] == 0
    assert np.isnan(table.loc["intron", ["mean", "p", "q"]].astype(float)).all()


def test_turned_sums_are_those_of_np_roll() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(1, 97))
    values[0, random.integers(0, 97, 20)] = np.nan
    sums, counts = cumulative(values)
    spans = np.array([[0, 3], [10, 40], [90, 97]])
    turns = np.arange(97)
    for turn, total, known in zip(
        turns, turned_sums(sums[0], spans, turns), turned_sums(counts[0], spans, turns), strict=True
    ):
        rolled = np.roll(values[0], turn)
        parts = np.concatenate([rolled[a:b] for a, b in spans])
        assert total == pytest.approx(np.nansum(parts), abs=1e-12)
        assert known == np.count_nonzero(~np.isnan(parts))


def test_p_value_by_hand() -> None:
    assert p_value(5, np.arange(1.0, 5)) == 2 * 1 / 5  # above all four
    assert p_value(0, np.arange(1.0, 5)) == 2 * 1 / 5
    assert p_value(2.5, np.arange(1.0, 5)) == 1.0
    assert p_value(1, np.ones(9)) == 1.0


def test_planted_enrichment_is_found_and_only_there(tmp_path: Path) -> None:
    track = np.random.default_rng(1).normal(size=1000)
    track[180:220] += 3
    track[680:720] += 3
    table = enrich(job(tmp_path, track, features=("intron", "CDS", "promoter"))).set_index("feature")
    assert table.loc["intron", "q"] < 0.05
    assert table.loc["intron", "z"] > 3
    assert table.loc[["CDS", "promoter"], "q"].min() > 0.05


def test_without_enrichment_p_is_flat(tmp_path: Path) -> None:
    """Smooth tracks and features in clusters, both blind to each other: each p-value is as likely as any other."""
    random = np.random.default_rng(2)
    found = []
    for _ in range(400):
        track = np.convolve(random.normal(size=3000), np.ones(40) / 40, "same")
        start = np.sort(random.integers(0, 2900, 12))
        spans = merged(start, start + 50)
        sums, _ = cumulative(track[None])
        null = turned_sums(sums[0], spans, random.integers(1, 3000, 199))
        observed = float(turned_sums(sums[0], spans, np.zeros(1, int))[0])
        found.append(p_value(observed, null) - random.uniform(0, 0.01))  # p comes in steps of 2 / 200
    assert kstest(found, "uniform").pvalue > 0.01
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.03)


def test_rotation_keeps_neighbours_alike(tmp_path: Path) -> None:
    """On a smooth track sums over features vary far more than shuffled bases would say; the null knows."""
    random = np.random.default_rng(3)
    track = np.convolve(random.normal(size=5000), np.ones(50) / 50, "same")
    spans, turns = np.array([[1000, 1050]]), random.integers(1, 5000, 500)
    turned = turned_sums(cumulative(track[None])[0][0], spans, turns)
    shuffled = [random.choice(track, 50, replace=False).sum() for _ in range(500)]
    lagged = np.mean([np.corrcoef(np.roll(track, t)[:-1], np.roll(track, t)[1:])[0, 1] for t in turns[:5]])
    assert lagged == pytest.approx(np.corrcoef(track[:-1], track[1:])[0, 1], abs=1e-3)
    assert turned.std() > 4 * np.std(shuffled)


def write_store(path: Path, rows: list[tuple[int, str, float]], width: int = 10, contigs: dict | None = None) -> Path:
    """Windows at (start, strand) whose bases have relevance value, value + 1, ... in their own direction."""
    n = len(rows)
    frame = pd.DataFrame(
        [("c", at, at + width, f"w{at}", 0.0, strand, "site", "test") for at, strand, _ in rows],
        columns=list(store.REGION_COLUMNS),
    )
    relevance = np.array([[value + i for i in range(width)] for _, _, value in rows])
    attrs = {"classes": ["site", "none"], "source": {"contigs": contigs} if contigs else {}}
    with store.create(path, attrs) as writer:
        ledger = dict.fromkeys(store.LEDGER_COLUMNS, np.zeros((n, 1)))
        writer.append(store.Batch(frame, relevance, np.zeros((n, 2)), np.arange(n) % 2, ledger))
    return path


def test_a_store_is_read_on_the_features_own_strand(tmp_path: Path) -> None:
    rows = [(180, "+", 0.0), (185, "+", 100.0), (680, "-", 0.0), (680, "+", 50.0)]
    track = write_store(tmp_path / "r.h5", rows)
    table = enrich(job(tmp_path, track, features=("intron", "intergenic"))).set_index(["feature", "strand"])
    plus = sum(range(5)) + sum((i + 5 + 100 + i) / 2 for i in range(5)) + sum(range(105, 110))
    assert table.loc[("intron", "sense"), "sum"] == pytest.approx(plus + sum(range(10)))
    assert table.loc[("intron", "sense"), "known_bases"] == 25
    assert table.loc[("intron", "antisense"), "sum"] == pytest.approx(sum(range(50, 60)))
    assert table.loc[("intergenic", "both"), ["intervals", "known_bases"]].tolist() == [3, 0]
    single = pd.read_csv(tmp_path / "out.features.tsv", sep="\t")
    assert single.loc[single["start"] == 680, "mean"].tolist() == [4.5]
    only = enrich(job(tmp_path, track, target="site", features=("intron",))).set_index("strand")
    assert only.loc["sense", "known_bases"] == 20  # windows 0 and 2


def test_the_strand_of_a_window_turns_its_values(tmp_path: Path) -> None:
    from lrpgen.motifs.enrichment.signal import open_signal

    track = write_store(tmp_path / "r.h5", [(5, "-", 0.0), (5, "+", 0.0)], contigs={"c": 20})
    values = open_signal(track, lengths={}, target=None).read("c")
    assert values[0, 5:15].tolist() == list(range(10))
    assert values[1, 5:15].tolist() == list(range(9, -1, -1))
    assert np.isnan(values[:, [4, 15]]).all()


def test_hits_count_at_their_middle(tmp_path: Path) -> None:
    hits = save(tmp_path / "hits.bed", "c\t170\t190\tm\t0\t+\nc\t190\t200\tm\t0\t+\nc\t700\t701\tm\t0\t+\n")
    table = enrich(job(tmp_path, hits, features=("intron",))).set_index("strand")
    assert table.loc["sense", ["sum", "mean"]].tolist() == [2, 2 / 80]
    assert table.loc["antisense", "sum"] == 1
    loose = save(tmp_path / "loose.bed", "c\t170\t190\nc\t700\t701\n")
    assert enrich(job(tmp_path, loose, features=("intron",)))["strand"].tolist() == ["both"]


def test_hits_by_name(tmp_path: Path) -> None:
    hits = save(tmp_path / "hits.bed", "c\t190\t200\tb\t0\t+\nc\t690\t700\ta\t0\t-\nc\t192\t200\ta\t0\t+\n")
    table = enrich(job(tmp_path, hits, features=("intron", "CDS"), by_name=True)).set_index(
        ["hits", "feature", "strand"]
    )
    assert table["sum"].to_dict() == {
        (name, feature, strand): {"a": 2, "b": 1}[name] if (feature, strand) == ("intron", "sense") else 0
        for name in "ab"
        for feature in ("intron", "CDS")
        for strand in ("sense", "antisense")
    }
    assert table.loc[("b", "intron", "sense"), "mean"] == 1 / 80
    single = pd.read_csv(tmp_path / "out.features.tsv", sep="\t")
    assert single[["hits", "start", "sum", "rank"]].to_numpy().tolist() == [
        ["a", 180, 1, 1],
        ["a", 680, 1, 2],
        ["b", 180, 1, 1],
    ]
    with pytest.raises(InputError, match="a track of relevance without names"):
        enrich(job(tmp_path, RAMP, by_name=True))


@pytest.mark.parametrize(("value", "total"), [("signed", 0), ("positive", 20), ("negative", -20), ("absolute", 40)])
def test_parts_of_the_relevance(tmp_path: Path, value: str, total: float) -> None:
    track = np.zeros(1000)
    track[180:200], track[200:220] = 1, -1
    assert enrich(job(tmp_path, track, value=value, features=("intron",)))["sum"].tolist() == [total]


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    track = np.random.default_rng(0).normal(size=1000)
    tables = []
    for seed in (4, 4, 5):
        enrich(job(tmp_path, track, seed=seed))
        tables.append((tmp_path / "out.tsv").read_bytes())
    assert tables[0] == tables[1] != tables[2]


def test_a_constant_track_is_no_evidence(tmp_path: Path) -> None:
    table = enrich(job(tmp_path, np.full(1000, 0.1)))
    assert (table["p"] == 1).all()
    assert table["z"].isna().all()


def test_contigs_that_do_not_match_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = write_bigwig(tmp_path / "o.bw", {"chrc": RAMP})
    with pytest.raises(InputError, match=r"a.gff3 is on contigs c, .*o.bw on chrc; none is in both"):
        enrich(job(tmp_path, other))
    more = save(tmp_path / "m.gff3", GFF3 + "d\tx\tgene\t1\t2\t.\t+\t.\tID=d\n")
    enrich(job(tmp_path, RAMP, annotation=more))
    assert "note: 1 of 2 contigs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shifts": 0}, "shifts=0"),
        ({"promoter": 0}, "promoter=0"),
        ({"value": "mean"}, "value 'mean' is not known"),
        ({"features": ("lncRNA",)}, "has no feature 'lncRNA'; choose from gene, mRNA"),
    ],
)
def test_bad_options_say_what_there_is(tmp_path: Path, options: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        enrich(job(tmp_path, RAMP, **options))
    assert not (tmp_path / "out.tsv").exists()


def test_files_that_do_not_fit_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a.gff3:9: c:600-800 goes past the end of the contig \(700 bp\)"):
        enrich(job(tmp_path, RAMP[:700]))
    bare = save(tmp_path / "bare.gff3", GFF3.replace("##sequence-region c 1 1000\n", ""))
    track = write_store(tmp_path / "r.h5", [(180, "+", 0.0)])
    with pytest.raises(InputError, match=r"nothing says how long contig c .* is; give the FASTA with --genome"):
        enrich(job(tmp_path, track, annotation=bare))
    fasta = save(tmp_path / "g.fa", ">c\n" + "A" * 1000 + "\n")
    assert len(enrich(job(tmp_path, track, annotation=bare, genome=fasta)))
    with pytest.raises(InputError, match="has no class 'other'; choose one of site, none"):
        enrich(job(tmp_path, track, target="other"))
    with pytest.raises(InputError, match="is a bedGraph, whose lines are no hits; give the bigWig"):
        enrich(job(tmp_path, save(tmp_path / "t.bedGraph", "c\t0\t5\t0.5\n")))
    broken = tmp_path / "b.bw"
    broken.write_bytes(bytes.fromhex("26fc8f88") + b"x" * 50)
    with pytest.raises(InputError, match="is not a readable bigWig"):
        enrich(job(tmp_path, broken))


def test_the_embedded_default_has_exons_and_introns() -> None:
    path = Path(__file__).parents[2] / "data" / "hla" / "BA000025.2.cds.bed"
    table = features_of(read_annotation(path), {"BA000025.2": 2_229_817}, promoter=1000)
    counts = table["type"].value_counts()
    assert counts["gene"] <= 136
    assert counts["exon"] == counts["CDS"]  # blocks are coding exons
    introns = table[table["type"] == "intron"]
    assert (introns["end"] > introns["start"]).all()
    first = introns[introns["name"] == "NG36"]
    assert list(zip(first["start"], first["end"], strict=True)) == [(46906, 47004), (47223, 47312), (47566, 50169)]


def predictions(path: Path, values: list[tuple[float, float]]) -> Path:
    frame = pd.DataFrame(values, columns=["site", "none"])
    frame.insert(0, "chrom", "c")
    frame.insert(1, "start", range(len(frame)))
    frame.insert(2, "end", range(5, len(frame) + 5))
    frame.insert(3, "strand", "+")
    frame.assign(site_sd=9.0).to_csv(path, sep="\t", index=False)
    return path


def test_genomes_rank_by_their_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lrpgen.motifs.enrichment.genomes.ROWS", 2)  # moments are joined over parts
    low = predictions(tmp_path / "low.tsv", [(0.1, 0.9), (0.2, 0.8), (0.6, 0.4)])
    high = predictions(tmp_path / "high.tsv.gz", [(0.5, 0.5), (0.7, 0.3)])
    table = rank_genomes([low, high], tmp_path / "r.tsv")
    assert table["class"].tolist() == ["site", "site", "none", "none"]
    assert table["name"].tolist() == ["high", "low", "low", "high"]
    assert table["rank"].tolist() == [1, 2, 1, 2]
    assert table["tiles"].tolist() == [2, 3, 3, 2]
    assert table["mean"].tolist() == pytest.approx([0.6, 0.3, 0.7, 0.4])
    assert table["sd"].tolist() == pytest.approx([0.1, np.std([0.1, 0.2, 0.6]), np.std([0.9, 0.8, 0.4]), 0.1])
    assert rank_genomes([low], tmp_path / "r.tsv", "none")["class"].tolist() == ["none"]


def test_tables_that_cannot_be_ranked(tmp_path: Path) -> None:
    one = predictions(tmp_path / "one.tsv", [(0.1, 0.9)])
    with pytest.raises(InputError, match="no tables to rank"):
        rank_genomes([], tmp_path / "r.tsv")
    with pytest.raises(InputError, match="has no class 'x'; choose one of site, none"):
        rank_genomes([one], tmp_path / "r.tsv", "x")
    other = save(tmp_path / "other.tsv", "chrom\tstart\tend\tstrand\tsite\nc\t0\t5\t+\t0.5\n")
    with pytest.raises(InputError, match=r"other.tsv predicts site, .*one.tsv site, none; they must agree"):
        rank_genomes([one, other], tmp_path / "r.tsv")
    for number, text in enumerate(("chrom\tsite\nc\tx\n", "chrom\tsite\nc\t\n", "chrom\tsite\n", "chrom\nc\n")):
        with pytest.raises(InputError, match=f"bad{number}"):
            rank_genomes([save(tmp_path / f"bad{number}.tsv", text)], tmp_path / "r.tsv")
