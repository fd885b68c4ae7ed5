"""Windows and tiles through the engine: shards add up to the whole, tiles sit where they say."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

import lrpgen
from lrpgen.errors import InputError
from lrpgen.lrp import Prune
from lrpgen.models import Card, MotifCNN, save_model
from lrpgen.relevance.gathering import gather
from lrpgen.relevance.run import Job, describe_model, explain_tiles, explain_windows
from lrpgen.relevance.store import open_store
from lrpgen.relevance.work import shuffles
from lrpgen.sequences import Genome, open_windows
from lrpgen.sequences.windows import WindowOptions, make_windows

WIDTH, CLASSES = 40, ["positive", "negative"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    torch.manual_seed(0)
    net = MotifCNN(2, WIDTH, filters=8, dense=8)
    save_model(
        path, net, Card("motif-cnn", {"classes": 2, "width": WIDTH, "filters": 8, "dense": 8}, CLASSES, WIDTH, 0, 0)
    )
    return path


@pytest.fixture(scope="module")
def fasta(tmp_path_factory):
    random = np.random.default_rng(4)
    path = tmp_path_factory.mktemp("fasta") / "g.fa"
    path.write_text("".join(f">s{i}\n{''.join(random.choice(list('ACGT'), WIDTH))}\n" for i in range(60)))
    return path


@pytest.fixture(scope="module")
def windows(fasta):
    path = fasta.with_name("w.h5")
    make_windows(WindowOptions("sequences", fasta, seed=1), path)
    return path


def test_the_store_holds_what_explain_says(model, windows, tmp_path):
    job = Job(model, tmp_path / "r.h5", prune=Prune(), batch_size=7, device="cpu", threads=1)
    count = explain_windows(job, windows)
    with open_store(tmp_path / "r.h5") as store, open_windows(windows) as source:
        assert set(store.regions["label"]) == {"positive"}  # the background is not explained
        assert len(store) == count == (source.regions["label"] == "positive").sum()
        x = torch.from_numpy(store.onehot())
        found = lrpgen.explain(lrpgen.load_model(model), x, target=0, prune=Prune(), device="cpu")
        np.testing.assert_allclose(store.relevance(), found.relevance.sum(1), atol=1e-6, rtol=1e-4)
        np.testing.assert_allclose(
            store.relevance(), (store.multipliers() * store.onehot()).sum(1), atol=1e-3, rtol=2e-3
        )
        np.testing.assert_allclose(store.output(), found.output, atol=1e-5)
        assert store.attrs["method"]["prune"]["positive"] == 0.1
        gap = store.ledger("sum_in") - sum(
            store.ledger(c) for c in ("sum_out", "absorbed_bias", "absorbed_epsilon", "stranded")
        )
        assert np.abs(gap).max() < 1e-4 * np.abs(store.ledger("sum_in")).max()


def test_a_reference_and_both_strands_reach_the_store(model, windows, tmp_path):
    prune = Prune(0.25, redistribute="matrix")
    job = Job(model, tmp_path / "r.h5", prune=prune, reference="uniform", strands="both", device="cpu", threads=1)
    explain_windows(job, windows)
    with open_store(tmp_path / "r.h5") as store:
        x = torch.from_numpy(store.onehot())
        found = lrpgen.explain(
            lrpgen.load_model(model), x, target=0, prune=prune, reference="uniform", strands="both", device="cpu"
        )
        np.testing.assert_allclose(store.relevance(), found.relevance.sum(1), atol=1e-6, rtol=1e-4)
        # What motif tools read: the hypothetical contribution of the base that is there is the relevance of its place.
        np.testing.assert_allclose(
            (store.multipliers() * store.onehot()).sum(1), store.relevance(), atol=1e-3, rtol=2e-3
        )
        kept = sum(store.ledger(c) for c in ("absorbed_bias", "absorbed_epsilon", "stranded", "scaled")).sum(1)
        np.testing.assert_allclose(store.start(), store.relevance().sum(1) + kept, atol=1e-4)
        assert store.attrs["method"]["reference"] == "uniform"
        assert store.attrs["method"]["prune"]["redistribute"] == "matrix"


def test_the_ledger_on_disk_has_the_columns_of_the_engine():
    from lrpgen.lrp.ledger import COLUMNS
    from lrpgen.relevance.store import LEDGER_COLUMNS

    assert LEDGER_COLUMNS == COLUMNS


def test_describe_says_which_rule_each_layer_gets(model):
    lines = describe_model(model, "epsilon_plus,conv1*=flat", Prune()).splitlines()
    assert lines[0].split() == ["layer", "op", "rule", "pruned"]
    assert next(line for line in lines if line.startswith("conv1.0")).split() == ["conv1.0", "conv1d", "flat"]
    assert next(line for line in lines if line.startswith("conv2.0")).split()[2] == "zplus"
    assert next(line for line in lines if line.startswith("head")).split()[2:] == ["epsilon", "0.1", "/", "0.05"]


def test_shards_add_up(model, windows, tmp_path):
    explain_windows(Job(model, tmp_path / "whole.h5", device="cpu", threads=1), windows, CLASSES)
    parts = [tmp_path / f"{k}.h5" for k in (1, 2, 3)]
    for k, part in enumerate(parts, 1):
        explain_windows(Job(model, part, shard=(k, 3), device="cpu", threads=1), windows, CLASSES)
    gather(parts, tmp_path / "all.h5")
    with open_store(tmp_path / "whole.h5") as one, open_store(tmp_path / "all.h5") as other:
        assert one.regions.equals(other.regions)
        np.testing.assert_allclose(one.relevance(), other.relevance(), atol=1e-6)
    for wrong in (parts[:2], parts[1:], [parts[0], parts[2], parts[1]], [parts[0], parts[0], parts[2]]):
        with pytest.raises(InputError, match="give all shards of one explanation in their order"):
            gather(wrong, tmp_path / "wrong.h5")


def test_a_shard_without_windows_is_empty(model, windows, tmp_path):
    """There are more shards than windows."""
    assert explain_windows(Job(model, tmp_path / "r.h5", shard=(1, 1000), device="cpu", threads=1), windows) == 0
    with open_store(tmp_path / "r.h5") as store:
        assert len(store) == 0


@pytest.mark.parametrize(("total", "shards"), [(10, 3), (3, 10), (0, 2), (7, 7)])
def test_shards_share_all_rows_once(total, shards):
    rows = [Job(Path("m"), Path("o"), shard=(k, shards)).rows(total).tolist() for k in range(1, shards + 1)]
    assert [row for part in rows for row in part] == list(range(total))
    assert max(map(len, rows)) - min(map(len, rows)) <= 1


def test_tiles_cover_both_strands_where_they_say(model, tmp_path):
    random = np.random.default_rng(8)
    path = tmp_path / "g.fa"
    path.write_text("".join(f">{c}\n{''.join(random.choice(list('ACGT'), n))}\n" for c, n in (("x", 100), ("y", 47))))
    job = Job(model, tmp_path / "t.h5", target="positive", device="cpu", threads=1)
    explain_tiles(job, path, stride=25)
    genome, net = Genome(path), lrpgen.load_model(model)
    with open_store(tmp_path / "t.h5") as store:
        assert not store.has("multipliers")
        assert not store.has("onehot")
        for region, r in zip(store.regions.itertuples(), store.relevance(), strict=True):
            sequence = genome.fetch(region.chrom, region.start, region.end, region.strand)
            expected = lrpgen.explain(net, lrpgen.encode([sequence]), target=0, device="cpu").relevance.sum(1)[0]
            np.testing.assert_allclose(r, expected, atol=1e-6, rtol=1e-4)
        starts = store.regions.query("chrom == 'x' and strand == '-'")["start"].tolist()
        assert starts == [0, 25, 50, 60]


@pytest.mark.parametrize(
    ("kw", "words"),
    [
        ({"shard": (4, 3)}, "shard 4/3"),
        ({"batch_size": 0}, "batch_size"),
        ({"target": "donor"}, "'donor' is not one of"),
    ],
)
def test_wrong_jobs_are_one_sentence(model, windows, tmp_path, kw, words):
    with pytest.raises(InputError, match=words):
        explain_windows(Job(model, tmp_path / "r.h5", device="cpu", **kw), windows)
    assert not list(tmp_path.iterdir())


def test_tiles_need_a_target(model, fasta, tmp_path):
    with pytest.raises(InputError, match="--target"):
        explain_tiles(Job(model, tmp_path / "r.h5", device="cpu"), fasta, stride=10)


def test_labels_must_be_known(model, windows, tmp_path):
    with pytest.raises(InputError, match="'donor' is not one of"):
        explain_windows(Job(model, tmp_path / "r.h5", device="cpu"), windows, ["donor"])


def test_shuffled_windows_are_explained_the_same_whatever_the_shard_and_batch(model, windows, tmp_path):
    """100 shuffles of 60 windows: every window twice or once, each time in another order."""
    whole = Job(model, tmp_path / "null.h5", shuffled=100, batch_size=33, device="cpu", threads=1, seed=5)
    assert explain_windows(whole, windows) == 100
    parts = [tmp_path / f"{k}.h5" for k in (1, 2, 3)]
    for k, path in enumerate(parts, 1):
        explain_windows(replace(whole, output=path, shard=(k, 3), batch_size=7), windows)
    gather(parts, tmp_path / "parts.h5")
    with (
        open_store(tmp_path / "null.h5") as null,
        open_store(tmp_path / "parts.h5") as joined,
        open_windows(windows) as source,
    ):
        positives = np.flatnonzero(source.regions["label"] == "positive")
        names = source.table(positives)["name"].tolist()
        assert null.regions["name"].tolist() == [f"shuffle:{names[i * 60 // 100]}" for i in range(100)]
        np.testing.assert_allclose(joined.relevance(), null.relevance(), atol=1e-6)
        assert len(np.unique(null.relevance(), axis=0)) > 95  # twice the same window is not twice the same shuffle
        assert null.attrs["source"]["shuffled"] == 100
        assert not null.has("onehot")
        # The shuffles themselves: each keeps its window's dinucleotides, and its relevance is what is stored.
        shuffled = shuffles(source.onehot(positives[np.arange(100) * 60 // 100]), np.arange(100), 5)
        assert _pairs(shuffled[1]) == _pairs(shuffled[0]) == _pairs(source.onehot(positives[:1])[0])
        found = lrpgen.explain(lrpgen.load_model(model), torch.from_numpy(shuffled), target=0, device="cpu")
        np.testing.assert_allclose(null.relevance(), found.relevance.sum(1), atol=1e-6)


def _pairs(onehot):
    letters = lrpgen.decode(torch.from_numpy(onehot))
    return sorted(pairwise(letters))


def test_a_negative_number_of_shuffles_is_refused(model, tmp_path):
    with pytest.raises(InputError, match="-3 shuffled windows"):
        Job(model, tmp_path / "r.h5", shuffled=-3)
