"""A training run killed in the middle of an epoch ends with the weights of one that was not; memory stays bounded."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import torch
from planted_windows import COLUMNS, planted
from safetensors import safe_open
from safetensors.torch import load_file

from lrpgen.errors import OutputError
from lrpgen.models import read_card
from lrpgen.models.training import Training, train
from lrpgen.sequences import WindowSet, write_windows

# More windows than the buffer holds (a megabyte: 6,553 of 40 bp), dropout, augmentation, a schedule with memory.
OPTIONS = [
    "--epochs",
    "4",
    "--patience",
    "4",
    "--buffer-mb",
    "1",
    "--workers",
    "0",
    "--set",
    "filters=8",
    "--augment-rc",
]
OPTIONS += ["--set", "dense=8", "--augment-shift", "3", "--schedule", "plateau", "--threads", "1", "--device", "cpu"]


def command(windows, output, *more):
    return [sys.executable, "-m", "lrpgen.cli.main", "train", str(windows), "-o", str(output), *OPTIONS, *more]


def run(*arguments):
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=240, check=True).stderr


def epoch_of(path):
    with safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["lrpgen-checkpoint"])["epoch"]


def kill_in_epoch(process, checkpoint, epoch):
    """SIGKILL some time after the checkpoint of the epoch before `epoch` has appeared."""
    seen = []
    while len(seen) < epoch:
        assert process.poll() is None, process.stderr.read()
        if checkpoint.exists() and epoch_of(checkpoint) > (seen[-1][0] if seen else 0):
            seen.append((epoch_of(checkpoint), time.monotonic()))
            if seen[-1][0] == epoch - 1:
                break
        time.sleep(0.005)
    time.sleep(0.15)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_with_the_same_weights(tmp_path):
    windows = planted(tmp_path / "w.h5", n=12_000)
    run(windows, tmp_path / "whole.safetensors", "--history", str(tmp_path / "whole.json"))
    output, checkpoint = tmp_path / "model.safetensors", tmp_path / "model.safetensors.checkpoint"
    for epoch in (2, 4):
        started = subprocess.Popen(command(windows, output), stderr=subprocess.PIPE, text=True)
        kill_in_epoch(started, checkpoint, epoch)
        assert epoch_of(checkpoint) == epoch - 1  # it died before the end of this epoch
        assert not output.exists()
    said = run(windows, output, "--history", str(tmp_path / "again.json"))
    assert "going on after epoch 3" in said
    assert not checkpoint.exists()
    first, second = load_file(tmp_path / "whole.safetensors"), load_file(output)
    assert all(torch.equal(first[name], second[name]) for name in first)
    histories = [json.loads((tmp_path / name).read_text())["epochs"] for name in ("whole.json", "again.json")]
    assert histories[0] == histories[1]
    assert len(histories[0]) == 4


def test_another_setting_starts_anew_and_says_so(tmp_path, capsys):
    windows, output = planted(tmp_path / "w.h5"), tmp_path / "m.safetensors"
    checkpoint = tmp_path / "m.safetensors.checkpoint"
    settings = {"filters": 4, "dense": 4}
    fast = {"epochs": 1, "settings": settings, "threads": 1, "device": "cpu"}
    for content in (b"no checkpoint at all", None):
        if content:
            checkpoint.write_bytes(content)
        else:
            # What a run with another rate left behind.
            leave_behind(windows, output, Training(learning_rate=1e-3, **fast))
        train(windows, output, Training(**fast))
        assert "starting anew" in capsys.readouterr().err
        assert not checkpoint.exists()
    assert read_card(output).training["learning_rate"] == 2e-3


def leave_behind(windows, output, options):
    """The checkpoint of a run whose last step, writing the model, failed."""

    def full(*_args):
        raise OutputError("the disk is full")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lrpgen.models.training.run.save_model", full)
        with pytest.raises(OutputError, match="disk is full"):
            train(windows, output, options)
    assert epoch_of(output.with_name(output.name + ".checkpoint")) == 1


def test_workers_do_not_change_the_weights(tmp_path):
    windows = planted(tmp_path / "w.h5", n=12_000)
    found = []
    for workers in (0, 2):
        options = Training(
            epochs=1, buffer_mb=1, workers=workers, settings={"filters": 2, "dense": 2}, threads=1, device="cpu"
        )
        train(windows, tmp_path / f"{workers}.safetensors", options)
        found.append(load_file(tmp_path / f"{workers}.safetensors"))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


MEASURE = """
import re, sys
from pathlib import Path
from lrpgen.models.training import Training, train
options = Training(epochs=1, settings={"filters": 1, "dense": 1}, buffer_mb=8, workers=0, threads=1, device="cpu")
train(Path(sys.argv[1]), Path(sys.argv[2]), options)
# Not getrusage: its peak outlives exec, and would be that of the process that started this one.
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024)
"""


@pytest.mark.slow
def test_memory_follows_the_buffer_and_not_the_file(tmp_path):
    """120 MB of windows through a buffer of 8 MB: not even 60 MB more than for a fifth of them."""
    peaks = []
    for count in (6_000, 30_000):
        wide_windows(tmp_path / "w.h5", count, 1000)
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, tmp_path / "w.h5", tmp_path / "m.safetensors"],
            capture_output=True, text=True, timeout=240,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        peaks.append(float(done.stdout))
    assert peaks[1] - peaks[0] < 60, peaks


def wide_windows(path, count, width):
    random = np.random.default_rng(0)
    few = (random.integers(0, 4, (100, 1, width)) == np.arange(4)[:, None]).astype(np.int8)
    i = np.arange(count)
    split = np.where(i % 10 == 8, "validation", np.where(i % 10 == 9, "test", "train"))
    label = np.where(i // 10 % 2, "positive", "negative")
    columns = dict.fromkeys(COLUMNS, ".") | {"start": i, "end": i + width, "score": 0.0, "strand": "+"}
    table = pd.DataFrame({**columns, "label": label, "split": split}, columns=COLUMNS)
    attrs = {"source": "sequences", "seed": 0, "summary": {}, "fasta": "x.fa", "bed": "", "width": width}
    write_windows(path, WindowSet(table, np.tile(few, (count // 100, 1, 1)), ["positive", "negative"], attrs))
