"""A GPU that was asked for or given is there, or nothing runs; memory that ran out is told from other errors."""

import pytest
import torch

from lrpgen import device
from lrpgen.device import choose_device, describe_device, given_gpus, out_of_memory, peak_memory, settle_device
from lrpgen.errors import InputError


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch):
    """Wherever this runs, torch sees no GPU and nobody gave one."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize("name", ["cuda", "cuda:0"])
def test_a_gpu_asked_for_is_not_replaced(name):
    with pytest.raises(InputError, match=r"was asked for but torch sees no GPU; .*--allow-cpu"):
        choose_device(name)


def test_a_gpu_given_is_not_ignored(monkeypatch):
    assert choose_device("auto") == torch.device("cpu")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    with pytest.raises(InputError, match=r"was given a GPU \(CUDA_VISIBLE_DEVICES=1\)"):
        choose_device("auto")
    assert choose_device("cpu") == torch.device("cpu")
    assert "given GPU 1" in describe_device()


@pytest.mark.parametrize("value", ["", " ", "-1", "NoDevFiles"])
def test_values_that_give_none(monkeypatch, value):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert given_gpus() == ""
    assert choose_device("auto") == torch.device("cpu")


def test_options_of_a_command(monkeypatch, capsys):
    assert settle_device("auto") == "auto"
    assert settle_device("auto", allow_cpu=True) == "auto"
    assert settle_device("auto", gpus=1) == "cuda"
    assert settle_device("cpu", gpus=1) == "cpu"
    assert capsys.readouterr().err == ""
    assert settle_device("auto", gpus=1, allow_cpu=True) == "cpu"
    assert "computing on the CPU" in capsys.readouterr().err
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert settle_device("auto", allow_cpu=True) == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert settle_device("cuda:1", gpus=2, allow_cpu=True) == "cuda:1"


def test_gpus_are_counted(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(InputError, match="sees 2 GPUs"):
        choose_device("cuda:2")


def test_real_memory_that_runs_out():
    with pytest.raises(RuntimeError) as found:
        torch.empty(2**55)
    assert out_of_memory(found.value)
    with pytest.raises(RuntimeError) as found:
        torch.dot(torch.zeros(2), torch.zeros(3))
    assert not out_of_memory(found.value)


def test_peak_memory_is_what_work_took_at_its_greatest():
    def work():
        torch.ones(16 * 2**20)  # 64 MiB, gone again
        return torch.ones(4 * 2**20)

    assert 60 * 2**20 < peak_memory(torch.device("cpu"), work) < 100 * 2**20
    assert peak_memory(torch.device("cpu"), lambda: None) < 8 * 2**20  # earlier work does not count
    assert peak_memory(torch.device("cpu"), work) > 60 * 2**20  # though its memory is there to be taken again


def test_peak_memory_of_a_system_that_does_not_tell(monkeypatch):
    done = []
    monkeypatch.setattr(device, "_resident", lambda restart=False: 0)
    assert peak_memory(torch.device("cpu"), lambda: done.append(1)) == 0
    assert done == [1]


def test_peak_memory_of_a_gpu_is_torchs_own(monkeypatch):
    """As torch counts: taken now, and at most since the counter was set back."""
    taken = {"now": 100, "most": 900}
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda _: taken.update(most=taken["now"]))
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: taken["now"])
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: taken["most"])
    assert peak_memory(torch.device("cuda"), lambda: taken.update(most=350)) == 250
