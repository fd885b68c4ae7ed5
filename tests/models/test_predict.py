"""Predictions of one model and of several, for windows, regions, sequences and genomes."""

import gzip

import numpy as np
import pandas as pd
import pyBigWig
import pytest
import torch
from planted_windows import planted
from sklearn.metrics import roc_auc_score

import lrpgen
from lrpgen.errors import InputError
from lrpgen.models import Card, MotifCNN, save_model
from lrpgen.models.ensemble import Ensemble
from lrpgen.models.predict import predict
from lrpgen.models.scan import predict_fasta, predict_genome, predict_regions
from lrpgen.sequences import Genome, open_windows, reverse_complement

WIDTH, CLASSES = 40, ["positive", "negative"]


def write_model(path, seed, width=WIDTH, classes=CLASSES, **card):
    torch.manual_seed(seed)
    kwargs = {"classes": len(classes), "width": width, "filters": 8, "dense": 8}
    net = MotifCNN(**kwargs)
    for p in net.parameters():
        p.data *= 3  # predictions far from one half
    save_model(path, net, Card("motif-cnn", kwargs, list(classes), width, 0, seed, **card))
    return path


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return [write_model(folder / f"{seed}.safetensors", seed) for seed in (0, 1, 2)]


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    return planted(tmp_path_factory.mktemp("windows") / "w.h5", n=60)


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    random = np.random.default_rng(8)
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    path.write_text("".join(f">{c}\n{''.join(random.choice(list('ACGT'), n))}\n" for c, n in (("x", 203), ("y", 47))))
    return path


def directly(path, sequences):
    """Softmax of the loaded model, without anything of the code under test."""
    with torch.inference_mode():
        return lrpgen.load_model(path)(lrpgen.encode(sequences).float()).softmax(1).numpy()


def plain(path):
    return pd.read_csv(path, sep="\t", dtype={"chrom": str, "name": str})


def test_an_ensemble_is_the_mean_and_knows_its_spread(models, windows, tmp_path):
    metrics = predict(windows, models, tmp_path / "p.tsv", device="cpu", batch_size=7)
    with open_windows(windows) as file:
        onehot = file.onehot()
    each = np.stack([directly(path, lrpgen.decode(onehot)) for path in models])
    table = plain(tmp_path / "p.tsv")
    np.testing.assert_allclose(table[CLASSES], each.mean(0), atol=1e-5)
    np.testing.assert_allclose(table[["positive_sd", "negative_sd"]], each.std(0), atol=1e-5)
    assert table["split"].value_counts().to_dict() == {"train": 36, "validation": 12, "test": 12}
    assert metrics["splits"]["test"]["windows"] == 12
    assert metrics["interval"]["resamples"] == 1000


def test_both_strands(models, windows, tmp_path):
    ensemble = Ensemble(models[0], rc_average=True, device="cpu")
    with open_windows(windows) as file:
        onehot = file.onehot()
    text = lrpgen.decode(onehot)
    expected = (directly(models[0], text) + directly(models[0], [reverse_complement(t) for t in text])) / 2
    found = ensemble.predict(onehot)
    np.testing.assert_allclose(found.mean, expected, atol=1e-6)
    assert found.spread is None
    turned = np.ascontiguousarray(onehot[:, ::-1, ::-1])
    np.testing.assert_allclose(ensemble.predict(turned).mean, found.mean, atol=1e-6)


def test_the_card_says_what_makes_predictions(models, tmp_path):
    path = write_model(tmp_path / "labels.safetensors", 0, task="labels", activation="sigmoid")
    onehot = lrpgen.encode(["ACGT" * 10]).numpy()
    with torch.inference_mode():
        raw = lrpgen.load_model(path)(torch.from_numpy(onehot).float())
    np.testing.assert_allclose(Ensemble(path, device="cpu").predict(onehot).mean, raw.sigmoid(), atol=1e-6)


def test_regions_are_read_around_their_middle_on_their_strand(models, genome, tmp_path, capsys):
    (tmp_path / "r.bed").write_text(
        "x\t90\t101\ta\t0\t+\nx\t90\t101\tb\t0\t-\nx\t0\t10\tout\t0\t+\ny\t3\t43\tc\t0\t-\n"
    )
    assert predict_regions(tmp_path / "r.bed", genome, Ensemble(models[:1], device="cpu"), tmp_path / "p.tsv") == 3
    assert "over the contig's end: 1" in capsys.readouterr().err
    table = plain(tmp_path / "p.tsv")
    assert table[["start", "end"]].values.tolist() == [[75, 115], [75, 115], [3, 43]]
    assert table["name"].tolist() == ["a", "b", "c"]
    places = table[["chrom", "start", "end", "strand"]].itertuples(index=False, name=None)
    text = [Genome(genome).fetch(*place) for place in places]
    np.testing.assert_allclose(table[CLASSES], directly(models[0], text), atol=1e-5)


def test_sequences_are_read_as_they_are(models, tmp_path):
    text = ["ACGT" * 10, "GATTACANNN" * 4, "C" * 40]
    (tmp_path / "s.fa").write_text("".join(f">s{i} more\n{t}\n" for i, t in enumerate(text)))
    ensemble = Ensemble(models[:1], device="cpu", batch_size=2)
    assert predict_fasta(tmp_path / "s.fa", ensemble, tmp_path / "p.tsv.gz") == 3
    with gzip.open(tmp_path / "p.tsv.gz", "rt") as handle:
        table = pd.read_csv(handle, sep="\t")
    assert table.columns.tolist() == ["name", *CLASSES]
    assert table["name"].tolist() == ["s0", "s1", "s2"]
    np.testing.assert_allclose(table[CLASSES], directly(models[0], text), atol=1e-5)
    (tmp_path / "s.fa").write_text(">s\nACGT\n")
    with pytest.raises(InputError, match="record 's' is of 4 bp, the model takes 40 bp"):
        predict_fasta(tmp_path / "s.fa", ensemble, tmp_path / "q.tsv")


def test_a_genome_becomes_a_table_and_tracks(models, genome, tmp_path):
    count = predict_genome(
        genome, 25, Ensemble(models[:1], device="cpu", batch_size=5), tmp_path / "p.tsv", bigwig=tmp_path / "t"
    )
    table = plain(tmp_path / "p.tsv")
    assert count == len(table)
    assert table.query("chrom == 'x' and strand == '-'")["start"].tolist() == [0, 25, 50, 75, 100, 125, 150, 163]
    places = table[["chrom", "start", "end", "strand"]].itertuples(index=False, name=None)
    text = [Genome(genome).fetch(*place) for place in places]
    np.testing.assert_allclose(table[CLASSES], directly(models[0], text), atol=1e-5)
    for strand, word in (("+", "plus"), ("-", "minus")):
        check_track(tmp_path / f"t.positive.{word}.bw", table[table["strand"] == strand])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.tsv", "t.positive.minus.bw", "t.positive.plus.bw"]


def check_track(path, tiles):
    """Every base of the track has the value of a tile whose centre is within half a stride and a bit."""
    with pyBigWig.open(str(path)) as file:
        assert file.chroms() == {"x": 203, "y": 47}
        for chrom, table in tiles.groupby("chrom"):
            centres, values = table["start"].to_numpy() + 20, table["positive"].to_numpy()
            track = file.values(chrom, 0, file.chroms(chrom), numpy=True)
            np.testing.assert_allclose(track[centres[:-1]], values[:-1], atol=1e-5)
            for base in np.flatnonzero(~np.isnan(track)):
                near = np.abs(centres - base) <= 13
                assert np.isclose(values[near], track[base], atol=1e-5).any()
            covered = np.flatnonzero(~np.isnan(track))
            assert (np.diff(covered) == 1).all()
            assert covered[0] == 20 - 12


def test_tracks_where_the_stride_is_longer_than_a_window_and_a_contig_shorter(models, tmp_path):
    """The last tile has no base of its own, where the one before it reaches to the contig's end."""
    (tmp_path / "g.fa").write_text(f">short\nACGT\n>x\n{'ACGTA' * 20}\n")
    predict_genome(tmp_path / "g.fa", 55, Ensemble(models[:1], device="cpu"), tmp_path / "p.tsv", bigwig=tmp_path / "t")
    tiles = plain(tmp_path / "p.tsv").query("strand == '+'")
    assert tiles["start"].tolist() == [0, 55, 60]
    with pyBigWig.open(str(tmp_path / "t.positive.plus.bw")) as file:
        assert file.chroms() == {"x": 100}
        starts, ends, values = zip(*file.intervals("x"), strict=True)
    assert (starts, ends) == ((0, 48), (48, 100))
    np.testing.assert_allclose(values, tiles["positive"].to_numpy()[:2], atol=1e-5)


def test_averaged_strands_make_one_track_and_one_row_a_place(models, genome, tmp_path):
    ensemble = Ensemble(models, rc_average=True, device="cpu")
    predict_genome(genome, 50, ensemble, tmp_path / "p.tsv", bigwig=tmp_path / "t", labels=["negative"])
    table = plain(tmp_path / "p.tsv")
    assert set(table["strand"]) == {"."}
    assert table.query("chrom == 'x'")["start"].tolist() == [0, 50, 100, 150, 163]
    assert (tmp_path / "t.negative.bw").exists()


def test_unknown_classes_have_no_track(models, genome, tmp_path):
    ensemble = Ensemble(models[:1], device="cpu")
    with pytest.raises(InputError, match="class 'donor' is none of the model's"):
        predict_genome(genome, 50, ensemble, tmp_path / "p.tsv", bigwig=tmp_path / "t", labels=["donor"])
    assert not list(tmp_path.iterdir())


def test_members_must_agree(models, tmp_path):
    wide = write_model(tmp_path / "wide.safetensors", 0, width=60)
    other = write_model(tmp_path / "other.safetensors", 0, classes=["donor", "decoy"])
    yes = write_model(tmp_path / "labels.safetensors", 0, task="labels")
    for path, words in ((wide, "has width 60"), (other, "has classes"), (yes, "has task labels")):
        with pytest.raises(InputError, match=words):
            Ensemble([models[0], path], device="cpu")
    with pytest.raises(InputError, match="given twice"):
        Ensemble([models[0], models[0]], device="cpu")
    with pytest.raises(InputError, match="no model"):
        Ensemble([], device="cpu")


def test_a_model_from_elsewhere_is_judged_by_the_classes_it_shares(windows, tmp_path):
    other = write_model(
        tmp_path / "other.safetensors", 0, task="labels", activation="sigmoid", classes=["unheard of", "positive"]
    )
    found = predict(windows, other, tmp_path / "p.tsv", device="cpu")
    assert found["task"] == "labels"
    assert list(found["splits"]["test"]["classes"]) == ["positive"]
    table = pd.read_csv(tmp_path / "p.tsv", sep="\t")
    test = table[table["split"] == "test"]
    expected = roc_auc_score(test["label"] == "positive", test["positive"])
    assert found["splits"]["test"]["classes"]["positive"]["auroc"] == pytest.approx(expected, abs=1e-4)


def test_an_output_of_another_name_is_judged_by_the_first_class(windows, tmp_path):
    other = write_model(
        tmp_path / "other.safetensors", 0, task="labels", activation="sigmoid", classes=["ctcf", "gata1"]
    )
    with pytest.raises(InputError, match="they must agree"):
        predict(windows, other, tmp_path / "p.tsv", device="cpu")
    with pytest.raises(InputError, match="target 'ctfc' is not one of the model's outputs"):
        predict(windows, other, tmp_path / "p.tsv", target="ctfc", device="cpu")
    found = predict(windows, other, tmp_path / "p.tsv", target="gata1", device="cpu")
    test = pd.read_csv(tmp_path / "p.tsv", sep="\t").query("split == 'test'")
    expected = roc_auc_score(test["label"] == "positive", test["gata1"])
    assert found["splits"]["test"]["classes"]["gata1"]["auroc"] == pytest.approx(expected, abs=1e-4)
