"""Jobs killed at random moments, full disks, damaged and foreign shards, inputs that cannot be written beside."""

import contextlib
import multiprocessing
import os
import random
import resource
import shutil
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest
import torch

from lrpgen.errors import InputError, OutputError
from lrpgen.lrp import Prune
from lrpgen.models import Card, MotifCNN, save_model
from lrpgen.relevance import blocks
from lrpgen.relevance.gathering import gather
from lrpgen.relevance.run import Job, explain_tiles, explain_windows
from lrpgen.relevance.store import open_store
from lrpgen.relevance.tracks import write_tracks
from lrpgen.sequences.windows import WindowOptions, make_windows

WIDTH = 40
JOB = {"device": "cpu", "threads": 1, "batch_size": 16, "prune": Prune(0.3)}


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A model, windows and a genome."""
    folder = tmp_path_factory.mktemp("given")
    draw = np.random.default_rng(4)
    for seed, name in enumerate(("m", "other")):
        torch.manual_seed(seed)
        shape = {"classes": 2, "width": WIDTH, "filters": 4, "dense": 4}
        save_model(
            folder / f"{name}.safetensors",
            MotifCNN(2, WIDTH, filters=4, dense=4),
            Card("motif-cnn", shape, ["positive", "negative"], WIDTH, 0, 0),
        )
    text = "".join(f">s{i}\n{''.join(draw.choice(list('ACGT'), WIDTH))}\n" for i in range(300))
    (folder / "s.fa").write_text(text)
    (folder / "g.fa").write_text(
        "".join(f">c{n}\n{''.join(draw.choice(list('ACGT'), n))}\n" for n in (3000, 100, 2000))
    )
    make_windows(WindowOptions("sequences", folder / "s.fa", seed=1), folder / "w.h5")
    explain_tiles(Job(folder / "m.safetensors", folder / "index.h5", target="positive", **JOB), folder / "g.fa", 500)
    return folder


def explained_windows(given, out):
    explain_windows(Job(given / "m.safetensors", out / "r.h5", **JOB), given / "w.h5")


def explained_tiles(given, out):
    explain_tiles(Job(given / "m.safetensors", out / "r.h5", target="positive", **JOB), given / "g.fa", 20)


def gathered(given, out):
    gather([given / f"shard{k}.h5" for k in (1, 2)], out / "r.h5")


def tracked(given, out):
    write_tracks([given / f"tiles{k}.h5" for k in (1, 2)], given / "g.fa", out / "r")


@pytest.fixture(scope="module")
def shards(given):
    for k in (1, 2):
        job = {"shard": (k, 2), "target": "positive", **JOB}
        explain_windows(Job(given / "m.safetensors", given / f"shard{k}.h5", **job), given / "w.h5")
        explain_tiles(Job(given / "m.safetensors", given / f"tiles{k}.h5", **job), given / "g.fa", 20)
    return given


def small_blocks(stage, given, out):
    """In a process of its own: the stage, with blocks small enough that there are many."""
    torch.set_num_threads(1)
    blocks.LEAST = 16
    stage(given, out)


@pytest.fixture(scope="module")
def start():
    """Start a stage in a new process that has imported everything already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["warm_start", __name__])
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # the server does not take sys.path over

    def go(stage, given, out):
        process = context.Process(target=small_blocks, args=(stage, given, out))
        process.start()
        return process

    yield go
    patch.undo()


def results(folder):
    """Content of every file that has its final name; fails on one that has not its whole content."""
    found = {}
    for path in folder.iterdir():
        if path.is_file() and not path.name.startswith("."):
            found[path.name] = path.read_bytes()
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "kills"), [(explained_windows, 7), (explained_tiles, 7), (gathered, 10), (tracked, 10)]
)
def test_killed_at_random_moments_the_result_is_the_undisturbed_one(shards, start, tmp_path, stage, kills):
    """At no moment is there half a result under its name, and the last run leaves nothing beside it."""
    whole, out = tmp_path / "whole", tmp_path / "out"
    process = start(stage, shards, whole)
    begun = time.monotonic()
    process.join(300)
    lasted = time.monotonic() - begun
    assert process.exitcode == 0
    expected = results(whole)
    draw = random.Random(stage.__name__)
    for _ in range(kills):
        if out.is_dir() and results(out) == expected:  # the kill came too late
            shutil.rmtree(out)
        process = start(stage, shards, out)
        process.join(draw.uniform(0, lasted))
        process.kill()
        process.join()
        if out.is_dir():
            assert results(out).items() <= expected.items()
    process = start(stage, shards, out)
    process.join(300)
    assert process.exitcode == 0
    assert results(out) == expected
    assert not list(out.glob("*.parts"))


def stopped_after(monkeypatch, count, job, windows):
    """Run a job that dies before it explains batch number `count`, counted from 0."""
    from lrpgen.relevance.run import Explainer

    plain, calls = Explainer.__call__, []

    def call(self, asked):
        if len(calls) == count:
            raise KeyboardInterrupt
        calls.append(len(asked[0]))
        return plain(self, asked)

    with monkeypatch.context() as patch:
        patch.setattr(Explainer, "__call__", call)
        patch.setattr(blocks, "LEAST", 32)
        with contextlib.suppress(KeyboardInterrupt):
            explain_windows(job, windows)
    return sum(calls)


def test_a_retry_goes_on_at_the_last_block(given, tmp_path, monkeypatch, capfd):
    job = Job(given / "m.safetensors", tmp_path / "r.h5", **JOB)
    assert stopped_after(monkeypatch, 7, job, given / "w.h5") == 7 * 16
    assert not job.output.exists()
    assert stopped_after(monkeypatch, 10**6, job, given / "w.h5") == 300 - 6 * 16  # blocks of two batches
    assert "going on after 96 of 300 windows" in capfd.readouterr().err
    monkeypatch.setattr(blocks, "LEAST", 32)
    explain_windows(Job(given / "m.safetensors", tmp_path / "whole.h5", **JOB), given / "w.h5")
    assert job.output.read_bytes() == (tmp_path / "whole.h5").read_bytes()


def test_a_damaged_block_is_explained_again(given, tmp_path, monkeypatch, capfd):
    job = Job(given / "m.safetensors", tmp_path / "r.h5", **JOB)
    stopped_after(monkeypatch, 7, job, given / "w.h5")
    block = sorted(tmp_path.glob("r.h5.parts/*/*.h5"))[1]
    block.write_bytes(block.read_bytes()[:-100])
    assert stopped_after(monkeypatch, 10**6, job, given / "w.h5") == 300 - 4 * 16
    assert "explaining its 32 windows again" in capfd.readouterr().err


@pytest.mark.parametrize("change", [{"model": "other"}, {"prune": None}, {"batch_size": 32}, {"seed": 2}])
def test_blocks_of_another_job_are_not_used(given, tmp_path, monkeypatch, capfd, change):
    model = given / f"{change.get('model', 'm')}.safetensors"
    stopped_after(monkeypatch, 7, Job(given / "m.safetensors", tmp_path / "r.h5", **JOB), given / "w.h5")
    job = Job(model, tmp_path / "r.h5", **{**JOB, **{k: v for k, v in change.items() if k != "model"}})
    assert stopped_after(monkeypatch, 10**6, job, given / "w.h5") == 300
    assert "progress of a job with other models, options or windows" in capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["r.h5"]


def test_two_processes_at_one_job_end_with_one_store(shards, start, tmp_path):
    """As when Snakemake was killed and its jobs on a cluster live on."""
    for out in (tmp_path / "alone", tmp_path / "both"):
        twins = [start(explained_tiles, shards, out) for _ in range(1 if out.name == "alone" else 2)]
        for twin in twins:
            twin.join(300)
        assert [twin.exitcode for twin in twins] == [0] * len(twins)
    assert results(tmp_path / "both") == results(tmp_path / "alone")
    assert [path.name for path in (tmp_path / "both").iterdir()] == ["r.h5"]


@pytest.mark.parametrize("limit", [2000, 20_000, 60_000])
def test_a_full_disk_is_one_sentence_and_leaves_nothing_half(shards, tmp_path, limit):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        with pytest.raises(OutputError, match=r"r\.h5: the file reached the largest size"):
            gathered(shards, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_a_job_whose_disk_was_full_goes_on(given, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, before[1]))
        with pytest.raises(OutputError, match="largest size"):
            explained_windows(given, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not (tmp_path / "r.h5").exists()
    explained_windows(given, tmp_path)
    with open_store(tmp_path / "r.h5") as store:
        assert len(store) == 300


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_shard_is_refused(shards, tmp_path, share):
    cut = tmp_path / "cut.h5"
    content = (shards / "shard2.h5").read_bytes()
    cut.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=f"{cut} .*make it again"):
        gather([shards / "shard1.h5", cut], tmp_path / "all.h5")
    assert not (tmp_path / "all.h5").exists()


def test_bits_that_flip_anywhere_do_not_pass(shards, tmp_path):
    """Content that differs from what was written is refused, at 40 random places; nothing hangs."""
    draw = np.random.default_rng(3)
    content = (shards / "shard2.h5").read_bytes()
    with open_store(shards / "shard2.h5") as store:
        expected = store.attrs["content_sha256"]
    refused = 0
    for place in draw.integers(0, len(content), 40):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(draw.integers(8))
        (tmp_path / "d.h5").write_bytes(damaged)
        try:
            with open_store(tmp_path / "d.h5") as store:
                store.verify()
                assert store.attrs["content_sha256"] == expected
        except InputError:
            refused += 1
    assert refused > 10


def test_a_value_changed_inside_is_refused(shards, tmp_path):
    for key, value in (("relevance", 0.5), ("relevance", np.nan), ("regions/name", b"another"), ("target", 1)):
        shutil.copy(shards / "shard2.h5", tmp_path / "c.h5")
        with h5py.File(tmp_path / "c.h5", "r+") as file:
            file[key][3] = value
        with pytest.raises(InputError, match=r"does not fit its checksum|is not finite"):
            gather([shards / "shard1.h5", tmp_path / "c.h5"], tmp_path / "all.h5")


@pytest.mark.parametrize("change", [{"model": "other"}, {"prune": None}, {"composite": "lrp0"}, {"seed": 2}])
def test_a_shard_of_another_model_or_method_is_refused(shards, tmp_path, change):
    model = shards / f"{change.get('model', 'm')}.safetensors"
    options = {**JOB, "target": "positive", "shard": (2, 2), **{k: v for k, v in change.items() if k != "model"}}
    explain_windows(Job(model, tmp_path / "2.h5", **options), shards / "w.h5")
    words = {"model": "model_sha256", "seed": "seed"}.get(next(iter(change)), "method")
    with pytest.raises(InputError, match=f"2.h5 differs from .* in {words}"):
        gather([shards / "shard1.h5", tmp_path / "2.h5"], tmp_path / "all.h5")


ALL_STAGES = """
import sys
from pathlib import Path
from test_faults import explained_tiles, explained_windows, gathered
for number, stage in enumerate((explained_windows, explained_tiles, gathered)):
    stage(Path(sys.argv[1]), Path(sys.argv[2]) / str(number))
"""
# To root all folders are writable, unless it gives up the right that makes them so.
BOUND = ["setpriv", "--bounding-set", "-dac_override"] if os.getuid() == 0 else []


def test_read_only_input_is_enough(shards, tmp_path):
    """Nothing is written beside the inputs, in a folder that may only be read."""
    before = sorted(path.name for path in shards.iterdir())
    shards.chmod(0o555)
    try:
        refused = subprocess.run([*BOUND, "touch", shards / "x"], capture_output=True, check=False)
        done = subprocess.run(
            [*BOUND, sys.executable, "-c", ALL_STAGES, shards, tmp_path],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
    finally:
        shards.chmod(0o755)
    assert refused.returncode != 0
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("*/r.h5"))) == 3
    assert sorted(path.name for path in shards.iterdir()) == before
