"""How many jobs: from measured windows/s and the time a job should last."""

import json

import numpy as np
import pytest
import torch

from lrpgen.errors import InputError
from lrpgen.models import Card, MotifCNN, save_model
from lrpgen.relevance import calibrate
from lrpgen.relevance.calibrate import calibrate_tiles, calibrate_windows, shards_needed
from lrpgen.relevance.job import Job
from lrpgen.sequences.windows import WindowOptions, make_windows

WIDTH = 40


@pytest.mark.parametrize(
    ("windows", "rate", "start", "minutes", "expected"),
    [
        (36_000, 10, 0, 60, 1),  # one hour's work
        (36_001, 10, 0, 60, 2),
        (36_000, 10, 1800, 60, 2),  # half of each hour is spent on starting
        (3, 0.001, 0, 1, 3),  # never more jobs than windows
        (10**9, 10, 0, 60, 1000),
    ],
)
def test_shards_by_hand(windows, rate, start, minutes, expected):
    assert shards_needed(windows, rate, start, minutes) == expected


def test_a_job_must_last_longer_than_its_start():
    with pytest.raises(InputError, match="needs 90 s to start; give it more than 1 minutes"):
        shards_needed(100, 10, 90, 1)


def test_calibration_measures_and_leaves_only_its_file(tmp_path, monkeypatch):
    monkeypatch.setattr(calibrate, "MEASURED", 0.0)
    draw = np.random.default_rng(1)
    model, out = tmp_path / "m.safetensors", tmp_path / "out"
    shape = {"classes": 2, "width": WIDTH, "filters": 4, "dense": 4}
    net = MotifCNN(2, WIDTH, filters=4, dense=4)
    save_model(model, net, Card("motif-cnn", shape, ["positive", "negative"], WIDTH, 0, 0))
    text = "".join(f">s{i}\n{''.join(draw.choice(list('ACGT'), 100))}\n" for i in range(30))
    (tmp_path / "s.fa").write_text(text)
    make_windows(WindowOptions("sequences", tmp_path / "s.fa", width=WIDTH, seed=1), tmp_path / "w.h5")
    job = {"batch_size": 8, "device": "cpu", "threads": 1}
    windows = calibrate_windows(Job(model, out / "w.json", **job), tmp_path / "w.h5", None, 30)
    tiles = calibrate_tiles(Job(model, out / "t.json", target="positive", **job), tmp_path / "s.fa", 20, 30)
    assert sorted(path.name for path in out.iterdir()) == ["t.json", "w.json"]
    assert json.loads((out / "w.json").read_text()) == windows
    assert (windows["windows"], tiles["windows"]) == (30, 30 * 4 * 2)  # starts 0, 20, 40, 60 on both strands
    assert windows["measured_windows"] == tiles["measured_windows"] == 8  # one batch: the time was up
    assert windows["windows_per_second"] > 0
    assert torch.get_num_threads() == windows["threads"] == 1
