"""Linear baselines: what they count, what they can and cannot see."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_windows import MOTIF, planted, sequences, with_targets

import lrpgen
from lrpgen.errors import InputError
from lrpgen.models import baseline
from lrpgen.models.predict import predict
from lrpgen.models.training import Training, train


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("ACGTN", min_size=9, max_size=9), min_size=1, max_size=4))
def test_counts_are_those_of_every_word(texts):
    """By str.count with overlaps, over all words of one length after the other in alphabetical order."""
    from itertools import product

    words = ["".join(w) for k in range(1, 7) for w in product("ACGT", repeat=k)]
    found = baseline.kmer_counts(lrpgen.encode(texts).numpy()).toarray()
    assert found.shape == (len(texts), 5460)
    for text, row in zip(texts, found, strict=True):
        for i in np.union1d(np.flatnonzero(row), np.arange(0, 5460, 97)):
            word = words[i]
            assert row[i] == sum(text.startswith(word, at) for at in range(len(text)))
        assert row.sum() == sum("N" not in text[at : at + k] for k in range(1, 7) for at in range(10 - k))


def test_both_find_a_motif_in_its_place_and_metrics_stand_side_by_side(tmp_path):
    windows = planted(tmp_path / "w.h5", n=600)
    found = baseline.run_baseline(windows, tmp_path / "b.json")
    assert found == json.loads((tmp_path / "b.json").read_text())
    for model in found["models"].values():
        assert model["splits"]["test"]["classes"]["positive"]["auroc"] > 0.95
        assert model["windows"] == 360
    train(windows, tmp_path / "m.safetensors", Training(epochs=1, threads=1, device="cpu"))
    metrics = predict(
        windows, tmp_path / "m.safetensors", tmp_path / "p.tsv", baseline=tmp_path / "b.json", device="cpu"
    )
    assert metrics["baseline"] == found
    assert set(metrics["splits"]["test"]) == set(metrics["baseline"]["models"]["kmers"]["splits"]["test"])


def test_words_do_not_know_where_they_are():
    one = baseline.kmer_counts(lrpgen.encode(["ACGTA" + MOTIF + "CCCCC"]).numpy())
    # Moved between flanks of one base only, words across the borders aside, the counts stay.
    other = baseline.kmer_counts(lrpgen.encode(["CCCCC" + MOTIF + "ACGTA"]).numpy())
    assert (one[:, :4] != other[:, :4]).nnz == 0
    places = baseline.positions(lrpgen.encode(["ACGT", "AAAA"]).numpy()).toarray()
    assert places[1].reshape(4, 4).tolist() == [[1] * 4, [0] * 4, [0] * 4, [0] * 4]


@pytest.mark.parametrize("task", ["labels", "values"])
def test_labels_and_values(tmp_path, task):
    path = planted(tmp_path / "w.h5", n=2000)
    text, has = sequences(2000, 40, 2, np.random.default_rng(0))
    many = np.array([one.count("A") for one in text])
    second = many > 9 if task == "labels" else many * 2.5
    with_targets(path, task, np.stack([has, second], 1), ["motif", "many A"])
    test = baseline.run_baseline(path)["models"]["kmers"]["splits"]["test"]
    if task == "labels":
        assert test["classes"]["motif"]["auroc"] > 0.9
        assert test["classes"]["many A"]["auroc"] > 0.9
    else:
        assert test["outputs"]["motif"]["pearson"] > 0.7
        assert test["outputs"]["many A"]["pearson"] > 0.8


def test_very_many_windows_are_sampled_aloud(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(baseline, "TRAIN_CAP", 100)
    found = baseline.run_baseline(planted(tmp_path / "w.h5", n=600))
    assert "100 of 360 windows of the train part" in capsys.readouterr().err
    assert found["models"]["kmers"]["windows"] == 100


def test_a_part_without_windows_is_named(tmp_path):
    with pytest.raises(InputError, match="validation part is empty"):
        baseline.run_baseline(planted(tmp_path / "w.h5", splits=("train",)))
