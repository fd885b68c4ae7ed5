"""How many windows at a time: memory that runs out halves them, and results stay what they were."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from lrpgen.errors import InputError
from lrpgen.lrp import Prune
from lrpgen.models import Card, MotifCNN, save_model
from lrpgen.relevance import batches, run
from lrpgen.relevance.batches import MOST, Batches, that_fits
from lrpgen.relevance.run import Explainer, Job, explain_windows
from lrpgen.relevance.store import open_store
from lrpgen.relevance.work import Asked
from lrpgen.sequences.windows import WindowOptions, make_windows

WIDTH = 40
GPU = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
CPU = RuntimeError("[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory: you tried ...")


def asked(count):
    numbers = np.arange(count)
    return Asked(numbers, pd.DataFrame({"name": numbers}), np.zeros((count, 4, 3), np.int8), torch.zeros(count))


@pytest.mark.parametrize("error", [GPU, CPU, MemoryError()])
def test_memory_that_runs_out_halves_the_batch(error, capsys):
    def explain(part):
        if len(part.numbers) > 6:
            raise error
        return part.numbers.tolist()

    found = Batches(explain, 32)
    assert list(found(asked(20))) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12, 13, 14], [15, 16, 17, 18, 19]]
    assert found.size == 5
    assert capsys.readouterr().err.splitlines() == [
        "memory does not hold 20 windows at a time; going on with 10",
        "memory does not hold 10 windows at a time; going on with 5",
    ]


def test_not_even_one_window_is_one_sentence():
    def explain(part):
        raise GPU

    with pytest.raises(InputError, match="not hold even one window"):
        list(Batches(explain, 4)(asked(4)))


def test_other_errors_are_not_taken_for_memory():
    def explain(part):
        raise RuntimeError("shape '[2]' is invalid")

    with pytest.raises(RuntimeError, match="invalid"):
        list(Batches(explain, 4)(asked(4)))


def test_what_fits_by_hand():
    """100 bytes and 10 a window: 8 take 180, 32 take 420; 0.8 of 2000 bytes hold (1600 - 100) / 10."""
    assert that_fits(180, 420, 2000) == 150
    assert that_fits(180, 420, 100) == 1
    assert that_fits(180, 180, 2000) == MOST
    assert that_fits(180, 420, 10**9) == MOST


def test_a_gpu_is_measured_and_a_cpu_is_not(monkeypatch):
    """A pretended GPU: 100 bytes and 10 a window, 2000 bytes free."""
    monkeypatch.setattr(batches, "peak_memory", lambda device, work: 100 + 10 * work())
    monkeypatch.setattr(batches, "free_memory", lambda device: 2000)

    class Source:
        rows = np.arange(500)
        read = staticmethod(lambda numbers: asked(len(numbers)))

    assert batches.batch_size(Source, lambda part: len(part.numbers), torch.device("cuda")) == 150  # pyright: ignore
    assert batches.batch_size(Source, lambda part: len(part.numbers), torch.device("cpu")) == 256  # pyright: ignore


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("made")
    torch.manual_seed(0)
    kwargs = {"classes": 2, "width": WIDTH, "filters": 8, "dense": 8}
    card = Card("motif-cnn", kwargs, ["positive", "negative"], WIDTH, 0, 0)
    save_model(folder / "m.safetensors", MotifCNN(2, WIDTH, filters=8, dense=8), card)
    random = np.random.default_rng(4)
    fasta = folder / "g.fa"
    fasta.write_text("".join(f">s{i}\n{''.join(random.choice(list('ACGT'), WIDTH))}\n" for i in range(60)))
    make_windows(WindowOptions("sequences", fasta, seed=1), folder / "w.h5")
    return folder / "m.safetensors", folder / "w.h5"


@pytest.mark.parametrize("how", [{"prune": Prune()}, {"reference": 2}, {"shuffled": 70, "target": "positive"}])
def test_a_job_short_of_memory_ends_with_the_same_store(made, tmp_path, monkeypatch, capsys, how):
    """With shuffled references too, which are seeded by window and not by their place in a batch."""
    model, windows = made
    explain_windows(Job(model, tmp_path / "whole.h5", device="cpu", threads=1, **how), windows)
    whole = Explainer.__call__

    def short(self, part):
        if len(part.numbers) > 10:
            raise GPU
        return whole(self, part)

    monkeypatch.setattr(run.Explainer, "__call__", short)
    explain_windows(Job(model, tmp_path / "parts.h5", device="cpu", threads=1, **how), windows)
    assert "going on with 7" in capsys.readouterr().err or "shuffled" in how
    with open_store(tmp_path / "whole.h5") as one, open_store(tmp_path / "parts.h5") as other:
        assert one.regions.equals(other.regions)
        np.testing.assert_allclose(one.relevance(), other.relevance(), atol=1e-6, rtol=1e-4)
        np.testing.assert_allclose(one.output(), other.output(), atol=1e-5)
        assert one.attrs["precision"] == "float32"


def test_precision_reaches_the_store_and_is_refused_where_it_harms(made, tmp_path, capsys):
    model, windows = made
    job = Job(model, tmp_path / "r.h5", precision="bfloat16", device="cpu", threads=1)
    explain_windows(job, windows)
    assert "bfloat16 products" in capsys.readouterr().err
    explain_windows(Job(model, tmp_path / "exact.h5", device="cpu", threads=1), windows)
    with open_store(tmp_path / "r.h5") as store, open_store(tmp_path / "exact.h5") as exact:
        assert store.attrs["precision"] == "bfloat16"
        error = np.abs(store.relevance() - exact.relevance()).sum() / np.abs(exact.relevance()).sum()
        assert 0 < error < 0.3
    for precision, prune, words in (
        ("bfloat16", Prune(), "pruning do not go together"),
        ("tf32", None, "needs a GPU"),
        ("float16", None, "not known"),
    ):
        job = Job(model, tmp_path / "wrong.h5", precision=precision, prune=prune, device="cpu", threads=1)
        with pytest.raises(InputError, match=words):
            explain_windows(job, windows)
