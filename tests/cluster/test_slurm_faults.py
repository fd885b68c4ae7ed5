"""What goes wrong on a cluster, done to cheap jobs that have the real ones' resources, all in one run."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from cluster_run import ROOT, Cluster, site_profile, wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(600)]
OPTIONS = ("--config", f"options={ROOT / 'workflow/rules/options.smk'}")


def stand_in(folder: Path) -> Path:
    shutil.copy(Path(__file__).with_name("stand_in.smk"), folder / "Snakefile")
    (folder / "start.txt").write_text("")
    return folder


@pytest.fixture(scope="module")
def disturbed(slurm: Cluster, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The folder of a run that met everything at once, and what was seen meanwhile."""
    folder, seen = stand_in(tmp_path_factory.mktemp("disturbed")), {}
    profile = site_profile(folder)
    slurm.command("scontrol", "update", "nodename=gpu01", "state=drain", "reason=test")
    try:
        with slurm.snakemake(folder, profile, *OPTIONS) as run:
            wait_until(lambda: slurm.states(folder, "cancelled") == ["RUNNING"], 60, run.text)
            second = [sys.executable, "-m", "snakemake", "--profile", str(profile), *OPTIONS]
            seen["second run"] = slurm.command(*second, cwd=folder, check=False).stdout
            seen["drained"] = slurm.command("squeue", "--noheader", "--partition=gpu", "--format=%T %r").stdout
            slurm.command("scancel", slurm.jobs(folder)["cancelled"][0]["JobId"])
            wait_until(lambda: slurm.states(folder, "cancelled") == ["CANCELLED", "COMPLETED"], 120, run.text)
            slurm.command("scontrol", "update", "nodename=gpu01", "state=resume")
            run.wait(300)
            seen["end"] = run.text()
    finally:
        slurm.command("scontrol", "update", "nodename=gpu01", "state=resume", check=False)
    return folder, seen


def test_cancelled_job_comes_back_with_more_memory(slurm: Cluster, disturbed: tuple[Path, dict[str, str]]) -> None:
    first, second = slurm.jobs(disturbed[0])["cancelled"]
    assert (first["JobState"], first["MinMemoryNode"]) == ("CANCELLED", "100M")
    assert (second["JobState"], second["MinMemoryNode"]) == ("COMPLETED", "200M")
    assert (disturbed[0] / "cancelled.txt").read_text() == "200\n"


def test_job_over_its_time_comes_back_with_more(slurm: Cluster, disturbed: tuple[Path, dict[str, str]]) -> None:
    first, second = slurm.jobs(disturbed[0])["overtime"]
    assert (first["JobState"], first["TimeLimit"]) == ("TIMEOUT", "00:01:00")
    assert (second["JobState"], second["TimeLimit"]) == ("COMPLETED", "00:02:00")
    assert (disturbed[0] / "overtime.txt").read_text() == "2\n"


def test_drained_node_is_waited_for(slurm: Cluster, disturbed: tuple[Path, dict[str, str]]) -> None:
    folder, seen = disturbed
    assert seen["drained"].startswith("PENDING ")
    assert "DRAIN" in seen["drained"].upper()
    assert slurm.states(folder, "drained") == ["COMPLETED"]  # one job, not one per try


def test_job_sees_the_gpu_it_holds(disturbed: tuple[Path, dict[str, str]]) -> None:
    assert (disturbed[0] / "drained.txt").read_text().strip() in ("0", "1")


def test_second_run_in_one_folder_is_refused(disturbed: tuple[Path, dict[str, str]]) -> None:
    assert "Directory cannot be locked" in disturbed[1]["second run"]


def test_clock_that_runs_behind_makes_no_work(slurm: Cluster, disturbed: tuple[Path, dict[str, str]]) -> None:
    """The job dated its output an hour back, before the input: Snakemake dated it again."""
    again = slurm.command(sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", *OPTIONS, cwd=disturbed[0])
    assert "Nothing to be done" in again.stdout


def test_clock_that_runs_ahead_is_named(slurm: Cluster, tmp_path: Path) -> None:
    folder = stand_in(tmp_path)
    ahead = time.time() + 3600
    os.utime(folder / "start.txt", (ahead, ahead))
    here = [sys.executable, "-m", "snakemake", "--cores", "1", *OPTIONS, "--", "drained.txt"]
    failed = slurm.command(*here, cwd=folder, check=False)
    assert failed.returncode != 0
    assert "clock skew" in failed.stdout
    (folder / "start.txt").touch()
    assert slurm.command(*here, cwd=folder, check=False).returncode == 0


def test_generic_profile_submits_looks_and_sends_again(slurm: Cluster, tmp_path: Path) -> None:
    folder = stand_in(tmp_path)
    with slurm.snakemake(folder, ROOT / "profiles/generic", *OPTIONS, "--", "cancelled.txt", "drained.txt") as run:
        wait_until(lambda: slurm.states(folder, "cancelled") == ["RUNNING"], 60, run.text)
        slurm.command("scancel", slurm.jobs(folder)["cancelled"][0]["JobId"])
        run.wait(150)
    jobs = slurm.jobs(folder)
    assert [job["MinMemoryNode"] for job in jobs["cancelled"]] == ["100M", "200M"]
    assert [job["Partition"] for job in jobs["cancelled"]] == ["cpu", "cpu"]
    (drained,) = jobs["drained"]
    assert (drained["Partition"], drained["JobState"]) == ("gpu", "COMPLETED")
    assert (folder / "drained.txt").read_text().strip() in ("0", "1")
