"""What was planted is read back from the genome; counts, order, spacing, labels are those of the grammar."""

import numpy as np
import pandas as pd
import pytest
from grammars import A, B, N, letters, motif, save

from lrpgen.sequences import WindowOptions, build_windows, read_bed
from lrpgen.simulate import read_truth, simulate, truth_mask


def run(folder, seed=1, **keys):
    out = folder / "out"
    summary = simulate(save(folder, **keys), out, seed)
    return out, summary, read_truth(out / "truth.bed")


def test_planted_letters_are_in_the_genome_on_the_strand_that_the_truth_says(tmp_path):
    motifs = {"A": motif(A, 1), "B": motif(B, [0, 2], weight=-1), "D": motif(N, 1, weight=0)}
    out, summary, truth = run(tmp_path, motifs=motifs, regions=60)
    assert len(truth) == sum(summary["planted"].values()) >= 120
    for found, name in zip(letters(out, truth), truth["motif"], strict=True):
        assert found == {"A": A, "B": B, "D": N}[name]
    assert set(zip(truth["motif"], truth["sign"], strict=True)) == {("A", "+"), ("B", "-"), ("D", "0")}
    assert set(truth["strand"]) == {"+", "-"}
    regions = read_bed(out / "regions.bed").set_index("name").loc[truth["region"]]
    assert (truth["start"].to_numpy() >= regions["start"].to_numpy()).all()
    assert (truth["end"].to_numpy() <= regions["end"].to_numpy()).all()
    assert (truth["chrom"].to_numpy() == regions["chrom"].to_numpy()).all()


def test_same_seed_same_files_another_seed_others(tmp_path):
    files = {}
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        (tmp_path / name).mkdir()
        out = run(tmp_path / name, seed=seed, label={"value": "y", "noise": 1})[0]
        files[name] = {path.name: path.read_bytes() for path in out.iterdir()}
    assert files["a"] == files["b"]
    assert files["a"]["genome.fa"] != files["c"]["genome.fa"]


def test_counts_are_fixed_ranges_poisson_or_shares(tmp_path):
    motifs = {
        "fixed": motif(A, 2),
        "range": motif(B, [1, 3]),
        "poisson": motif(N, {"poisson": 0.7}),
        "rare": motif("TTTTGGGGTT", {"share": 0.05}),
    }
    out, _, truth = run(tmp_path, motifs=motifs, regions=400, width=200)
    counts = pd.read_csv(out / "counts.tsv", sep="\t").set_index("name")
    seen = truth.groupby(["region", "motif"]).size().unstack(fill_value=0).reindex(counts.index, fill_value=0)
    assert (seen[counts.columns] == counts).all(axis=None)
    assert set(counts["fixed"]) == {2}
    assert set(counts["range"]) == {1, 2, 3}
    assert counts["rare"].sum() == (counts["rare"] == 1).sum() == 20
    assert counts["poisson"].mean() == pytest.approx(0.7, abs=0.15)  # 3.5 standard errors
    assert counts["poisson"].var() == pytest.approx(0.7, abs=0.25)


def test_strand_and_position_are_the_regions_own(tmp_path):
    motifs = {"A": motif(A, 1, strand="+", position=[0, 30]), "B": motif(B, 1, strand="-", position=[60, 70])}
    out, _, truth = run(tmp_path, motifs=motifs)
    regions = read_bed(out / "regions.bed").set_index("name").loc[truth["region"]].reset_index()
    same = truth["strand"].to_numpy() == regions["strand"].to_numpy()
    assert (same == (truth["motif"] == "A").to_numpy()).all()
    from_left = truth["start"].to_numpy() - regions["start"].to_numpy()
    from_right = regions["end"].to_numpy() - truth["end"].to_numpy()
    at = np.where(regions["strand"] == "+", from_left, from_right)
    assert (at[(truth["motif"] == "A").to_numpy()] <= 20).all()
    assert (at[(truth["motif"] == "B").to_numpy()] == 60).all()


def test_motifs_keep_their_distance(tmp_path):
    _, _, truth = run(tmp_path, motifs={"A": motif(A, 3), "B": motif(B, 1)}, spacing=7)
    gaps = [(b.start - a.end) for _, rows in truth.groupby("region") for a, b in pairs_of(rows)]
    assert len(gaps) == 40 * 3
    assert min(gaps) >= 7


def pairs_of(rows):
    return zip(list(rows.itertuples())[:-1], list(rows.itertuples())[1:], strict=True)


@pytest.mark.parametrize("orientation", ["same", "opposite"])
def test_pairs_keep_order_spacing_and_orientation_on_both_strands(tmp_path, orientation):
    motifs = {"A": motif(A, 0), "B": motif(B, 0)}
    pair = {"first": "A", "second": "B", "spacing": [4, 6], "orientation": orientation, "count": 1}
    out, summary, truth = run(tmp_path, motifs=motifs, pairs={"AB": pair})
    assert summary["planted"] == {"A": 40, "B": 40, "AB": 40}
    assert letters(out, truth) == [{"A": A, "B": B}[name] for name in truth["motif"]]
    gaps, strands = set(), set()
    for _, rows in truth.groupby("region"):
        left, right = list(rows.itertuples())
        first, second = (left, right) if left.motif == "A" else (right, left)
        assert first.motif == "A"
        assert (left is first) == (first.strand == "+")  # B follows A as A reads
        assert (first.strand == second.strand) == (orientation == "same")
        gaps.add(right.start - left.end)
        strands.add(first.strand)
    assert gaps == {4, 5, 6}
    assert strands == {"+", "-"}


def test_the_value_is_the_sum_of_weights(tmp_path):
    motifs = {"A": motif(A, [0, 2], weight=1.5), "B": motif(B, [0, 1], weight=-1), "D": motif(N, 1, weight=0)}
    pair = {"first": "A", "second": "B", "spacing": [0, 5], "count": {"share": 0.5}, "weight": 10}
    out, _, _ = run(tmp_path, motifs=motifs, pairs={"AB": pair})
    counts = pd.read_csv(out / "counts.tsv", sep="\t")
    labels = pd.read_csv(out / "labels.tsv", sep="\t")
    assert list(labels.columns) == ["name", "y"]
    assert np.allclose(labels["y"], 1.5 * counts["A"] - counts["B"] + 10 * counts["AB"])
    assert (counts["A"] >= counts["AB"]).all()  # a motif of a pair counts as that motif
    assert not (out / "positives.bed").exists()


def test_classes_follow_the_expression(tmp_path):
    motifs = {"A": motif(A, [0, 2]), "B": motif(B, [0, 1]), "N": motif(N, [0, 1])}
    out, summary, _ = run(tmp_path, motifs=motifs, regions=80, label={"class": "A >= 2 and (B or not N)"})
    counts = pd.read_csv(out / "counts.tsv", sep="\t").set_index("name")
    expected = {
        name for name, row in counts.iterrows() if row["A"] >= 2 and (row["B"] > 0 or row["N"] == 0)
    }  # the same words, by hand
    positives, negatives = (set(read_bed(out / f"{name}.bed")["name"]) for name in ("positives", "negatives"))
    assert positives == expected
    assert negatives == set(counts.index) - expected
    assert summary["positives"] == len(expected) > 5


def test_windows_reads_what_is_written_and_the_mask_fits_its_strands(tmp_path):
    motifs = {"A": motif(A), "B": motif(B, weight=-1), "D": motif(N, weight=0)}
    out, _, truth = run(tmp_path, motifs=motifs, label={"value": "y", "noise": 1})
    options = WindowOptions(
        "regions", out / "genome.fa", out / "regions.bed", labels=out / "labels.tsv", task="values", split="none"
    )
    windows = build_windows(options)
    mask = truth_mask(truth, windows.regions)
    assert mask.shape == (40, 100)
    assert (mask == 1).sum(axis=1).tolist() == [10] * 40
    assert (mask == -1).sum(axis=1).tolist() == [10] * 40
    assert set(windows.regions["strand"]) == {"+", "-"}
    for onehot, row in zip(windows.onehot, mask, strict=True):
        for sign, sequence in ((1, A), (-1, B)):
            text = "".join("ACGT"[code] for code in onehot[:, row == sign].argmax(axis=0))
            assert text in (sequence, sequence.translate(str.maketrans("ACGT", "TGCA"))[::-1])


def test_the_mask_is_cut_where_regions_are(tmp_path):
    truth = pd.DataFrame(
        [
            ("c", 10, 14, "A", 0, "+", "+", "r"),
            ("c", 20, 23, "B", 0, "-", "-", "r"),
            ("d", 11, 12, "D", 0, "+", "0", "r"),
        ],
        columns=["chrom", "start", "end", "motif", "score", "strand", "sign", "region"],
    )
    rows = [("c", 12, 22, "+"), ("c", 12, 22, "-"), ("d", 5, 15, "+"), ("e", 5, 15, "+")]
    regions = pd.DataFrame(rows, columns=["chrom", "start", "end", "strand"])
    forward = [1, 1, 0, 0, 0, 0, 0, 0, -1, -1]
    assert truth_mask(truth, regions).tolist() == [forward, forward[::-1], [0] * 10, [0] * 10]


def test_letters_are_drawn_from_the_matrix_or_its_consensus(tmp_path):
    meme = "MEME version 4\n\nALPHABET= ACGT\n\nMOTIF X\nletter-probability matrix: alength= 4 w= 4\n"
    (tmp_path / "x.meme").write_text(meme + "0.7 0.1 0.1 0.1\n0 1 0 0\n0 0 0.4 0.6\n0.5 0.5 0 0\n")
    drawn = {"matrix": "X", "count": 1}
    keys = {"library": "x.meme", "motifs": {"S": drawn, "C": drawn | {"draw": "consensus"}}, "regions": 1000}
    out, _, truth = run(tmp_path, **keys)
    found = pd.Series(letters(out, truth)).groupby(truth["motif"]).apply(list)
    assert set(found["C"]) == {"ACTA"}
    shares = [np.mean([word[at] == letter for word in found["S"]]) for at, letter in enumerate("ACTA")]
    assert shares == pytest.approx([0.7, 1, 0.6, 0.5], abs=0.06)  # 3.8 standard errors
    assert {word[1] for word in found["S"]} == {"C"}


def test_a_shuffled_motif_keeps_its_columns(tmp_path):
    out, _, truth = run(tmp_path, motifs={"A": motif(A), "D": motif(A, shuffled=True, weight=0)})
    found = dict(zip(truth["motif"], letters(out, truth), strict=True))
    assert found["A"] == A
    assert found["D"] != A
    assert sorted(found["D"]) == sorted(A)
