"""Relevance of several models: the mean, its spread, and what cannot be averaged."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import h5py
import numpy as np
import pytest
import torch

import lrpgen
from lrpgen.errors import InputError
from lrpgen.lrp import Explanation, Prune
from lrpgen.models import Card, MotifCNN, save_model
from lrpgen.relevance.gathering import gather
from lrpgen.relevance.run import Job, _check_same, explain_tiles, explain_windows
from lrpgen.relevance.store import open_store
from lrpgen.sequences import open_windows
from lrpgen.sequences.windows import WindowOptions, make_windows

WIDTH, CLASSES = 40, ["positive", "negative"]


def write_model(path, seed, filters=8):
    torch.manual_seed(seed)
    kwargs = {"classes": 2, "width": WIDTH, "filters": filters, "dense": 8}
    save_model(path, MotifCNN(**kwargs), Card("motif-cnn", kwargs, CLASSES, WIDTH, 0, seed))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ensemble")
    random = np.random.default_rng(4)
    text = "".join(f">s{i}\n{''.join(random.choice(list('ACGT'), WIDTH))}\n" for i in range(60))
    (folder / "g.fa").write_text(text)
    make_windows(WindowOptions("sequences", folder / "g.fa", seed=1), folder / "w.h5")
    for seed in range(3):
        write_model(folder / f"{seed}.safetensors", seed)
    return folder


def job(folder, output, members=(0, 1, 2), **kw):
    first, *others = [folder / f"{seed}.safetensors" for seed in members]
    return Job(first, output, members=tuple(others), device="cpu", threads=1, **kw)


def test_the_store_holds_mean_and_spread(folder, tmp_path):
    explain_windows(job(folder, tmp_path / "r.h5", prune=Prune()), folder / "w.h5")
    with open_store(tmp_path / "r.h5") as store:
        x = torch.from_numpy(store.onehot())
        each = [
            lrpgen.explain(lrpgen.load_model(folder / f"{s}.safetensors"), x, target=0, prune=Prune(), device="cpu")
            for s in range(3)
        ]
        relevance = np.stack([one.relevance.sum(1).numpy() for one in each])
        np.testing.assert_allclose(store.relevance(), relevance.mean(0), atol=1e-6, rtol=1e-4)
        np.testing.assert_allclose(store.spread(), relevance.std(0), atol=1e-6, rtol=1e-3)
        np.testing.assert_allclose(store.output(), np.mean([one.output.numpy() for one in each], 0), atol=1e-5)
        np.testing.assert_allclose(
            store.relevance(), (store.multipliers() * store.onehot()).sum(1), atol=1e-3, rtol=2e-3
        )
        kept = sum(store.ledger(c) for c in ("sum_out", "absorbed_bias", "absorbed_epsilon", "stranded"))
        np.testing.assert_allclose(store.ledger("sum_in"), kept, atol=1e-4)  # the ledger of the mean closes too


def test_shards_of_an_ensemble_are_joined_with_their_spread(folder, tmp_path):
    explain_windows(job(folder, tmp_path / "whole.h5"), folder / "w.h5")
    parts = [tmp_path / f"{k}.h5" for k in (1, 2)]
    for k, part in enumerate(parts, 1):
        explain_windows(job(folder, part, shard=(k, 2)), folder / "w.h5")
    gather(parts, tmp_path / "all.h5")
    with open_store(tmp_path / "whole.h5") as one, open_store(tmp_path / "all.h5") as other:
        np.testing.assert_allclose(one.spread(), other.spread(), atol=1e-6)
    other_members = tmp_path / "other.h5"
    explain_windows(job(folder, other_members, members=(0, 1), shard=(2, 2)), folder / "w.h5")
    with pytest.raises(InputError, match=r"differs from .* in model_sha256"):
        gather([parts[0], other_members], tmp_path / "no.h5")


def test_one_model_has_no_spread(folder, tmp_path):
    explain_tiles(job(folder, tmp_path / "one.h5", members=(0,), target="positive"), folder / "g.fa", 10)
    explain_tiles(job(folder, tmp_path / "two.h5", members=(0, 1), target="positive"), folder / "g.fa", 10)
    with open_store(tmp_path / "one.h5") as one, open_store(tmp_path / "two.h5") as two:
        assert not one.has("spread")
        assert two.has("spread")
        assert (two.spread() > 0).any()


def test_what_cannot_be_averaged(folder, tmp_path):
    write_model(folder / "9.safetensors", 9, filters=4)  # other widths of layers are fine
    explain_windows(job(folder, tmp_path / "r.h5", members=(0, 9)), folder / "w.h5")
    with pytest.raises(InputError, match="cannot be averaged over models"):
        explain_windows(job(folder, tmp_path / "s.h5", composite="relative"), folder / "w.h5")
    assert not (tmp_path / "s.h5").exists()


def test_models_with_other_layers_are_refused():
    with pytest.raises(InputError, match="b has other layers than a"):
        _check_same([Path("a"), Path("b")], [found("conv1", "head"), found("conv1")])
    _check_same([Path("a"), Path("b")], [found("conv1"), found("conv1")])


def found(*layers):
    entries = [SimpleNamespace(layer=layer, op="conv1d") for layer in layers]
    return cast(Explanation, SimpleNamespace(entries=entries, log_scale=None))


def test_members_of_another_width_are_refused(folder, tmp_path):
    kwargs = {"classes": 2, "width": 48}
    save_model(folder / "8.safetensors", MotifCNN(**kwargs), Card("motif-cnn", kwargs, CLASSES, 48, 0, 0))
    with pytest.raises(InputError, match="has width 48"):
        explain_windows(job(folder, tmp_path / "r.h5", members=(0, 8)), folder / "w.h5")


def test_windows_without_a_class_need_a_target(folder, tmp_path):
    windows = Path(shutil.copy(folder / "w.h5", tmp_path / "w.h5"))
    with h5py.File(windows, "r+") as file:
        file.attrs["task"] = "values"
        file["targets"] = np.zeros((len(file["onehot"]), 2), np.float32)
    with pytest.raises(InputError, match="name an output with --target"):
        explain_windows(job(folder, tmp_path / "r.h5", members=(0,)), windows)
    count = explain_windows(job(folder, tmp_path / "r.h5", members=(0,), target="negative"), windows)
    with open_store(tmp_path / "r.h5") as store, open_windows(windows) as source:
        assert count == len(source) == len(store)
        assert set(store.target) == {1}
