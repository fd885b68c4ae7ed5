"""The benchmarks of speed run: on small networks, and the GPU's on a CPU."""

import importlib
import sys
from pathlib import Path

import pytest
import torch

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
CPU = torch.device("cpu")


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    return importlib.import_module


def test_every_method_of_ours_is_timed_against_gradient_times_input(benchmark):
    speed = benchmark("speed")
    found = speed.timed(speed.Case("basset", 250, 2), torch.get_num_threads(), 1, 0.0)
    assert list(found) == ["gradient*input", speed.PIECES, *speed.OWN]
    assert found["gradient*input"]["ratio"] == 1.0
    assert all(row["smallest"] <= row["ratio"] <= row["largest"] for row in found.values())


def test_a_row_says_median_and_range_of_the_ratios_within_rounds(benchmark):
    found = benchmark("speed").summary([2.0, 3.0, 8.0], [1.0, 2.0, 2.0])
    assert found == {"seconds": 3.0, "ratio": 2.0, "smallest": 1.5, "largest": 4.0, "rounds": 3}


def test_other_libraries_explain_and_their_epsilon_is_ours(benchmark):
    methods, nets = benchmark("speed_methods"), benchmark("speed_nets")
    x = nets.inputs("basset", 250, 2)
    theirs = methods.method("captum LRP", nets.network("basset", 250), x, "cpu")(x).detach()
    ours = methods.method("epsilon", nets.network("basset", 250), x, "cpu")(x).relevance
    torch.testing.assert_close(ours, theirs, atol=0.02 * float(ours.abs().max()), rtol=0.05)


def test_on_a_cpu_the_gpu_benchmark_finds_no_difference(benchmark):
    gpu, nets = benchmark("gpu"), benchmark("speed_nets")
    x = nets.inputs("basset", 250, 2)
    found = gpu.differences(gpu.capture(nets.network("basset", 250), x), x, CPU)
    assert all(row["max"] == 0 for row in found if row["format"] == "float32")
    assert all(0 < row["median"] < 0.5 for row in found if row["format"] == "bfloat16")
    assert gpu.selection(CPU) == 0


def test_on_a_cpu_the_gpu_benchmark_measures_rates_and_a_job_from_disk_to_disk(benchmark):
    gpu = benchmark("gpu")
    rows = gpu.rates(("resnet18", 32, 2), CPU, 1)
    assert {row["method"] for row in rows} >= {*gpu.METHODS, "zennit EpsilonPlus"}
    assert all(row["per_second"] > 0 for row in rows if "per_second" in row)
    found = gpu.from_disk_to_disk(CPU, 4000, 4)
    assert found["windows"] == 14  # 1000 bp at 0, 500, ... 3000 on both strands
    assert found["human_genome_hours"] == pytest.approx(12.4e6 / 3600 / found["per_second"], rel=0.01)
