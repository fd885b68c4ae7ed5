"""A command that was given a GPU which torch does not see stops, unless it may compute on the CPU."""

import numpy as np
import pytest
import torch


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.fixture
def windows(call, tmp_path):
    random = np.random.default_rng(1)
    (tmp_path / "g.fa").write_text("".join(f">s{i}\n{''.join(random.choice(list('ACGT'), 60))}\n" for i in range(60)))
    call("windows", "--source", "sequences", "--fasta", tmp_path / "g.fa", "-o", tmp_path / "w.h5")
    return tmp_path / "w.h5"


@pytest.mark.parametrize("given", ["--gpus", "CUDA_VISIBLE_DEVICES"])
def test_training_and_explaining(call, windows, tmp_path, monkeypatch, given):
    if given == "CUDA_VISIBLE_DEVICES":
        monkeypatch.setenv(given, "0")
        option = []
    else:
        option = ["--gpus", "1"]
    model, store = tmp_path / "m.safetensors", tmp_path / "r.h5"
    train = ["train", windows, "--epochs", "1", "--set", "filters=4", "--set", "dense=4", "--threads", "1", "-o", model]
    explain = ["explain", "--windows", windows, "--threads", "1", "--model", model, "-o", store]
    for command, made in ((train, model), (explain, store)):
        code, _, err = call(*command, *option)
        assert code == 2, err
        assert "torch sees no GPU" in err
        assert "--allow-cpu" in err
        assert not made.exists()
        code, _, err = call(*command, *option, "--allow-cpu")
        assert code == 0, err
        assert "computing on the CPU" in err
        assert made.exists()


def test_a_batch_size_is_a_number_or_auto(call, tmp_path):
    code, _, err = call("explain", "--model", "m", "--windows", "w", "-o", tmp_path / "r.h5", "--batch-size", "many")
    assert code == 2
    assert "batch size 'many' is no number; give one, or auto" in err
