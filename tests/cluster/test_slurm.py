"""The small default through `profiles/slurm` on a real SLURM, undisturbed and killed half-way: the results are the same."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

import pytest
from cluster_run import ROOT, Cluster, site_profile, wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(1800)]
EXPLAIN = ("explain_windows", "explain_shuffles", "explain_tiles")
ON_GPU = {"train", *EXPLAIN}
ON_CPU = {
    *(
        "windows",
        "baseline",
        "predict",
        "gather",
        "tracks",
        "motifs",
        "merge",
        "hits",
        "genome_hits",
        "filters",
        "enrich",
        "network",
    ),
    "report",
}
UNLOCK = "workflow/scripts/unlock_stale.py"


def recipe() -> str:
    """What docs/cluster.md says to do after a SIGKILL."""
    section = (ROOT / "docs/cluster.md").read_text().split("## After a SIGKILL", 1)[1]
    return section.split("```bash\n", 1)[1].split("```", 1)[0]


def checksums(folder: Path) -> dict[str, str]:
    """SHA-256 of every result; of the report without the section that says how long each job took."""
    found = [p for p in (folder / "results").rglob("*") if p.is_file() and p.name != ".snakemake_timestamp"]
    return {str(p.relative_to(folder)): hashlib.sha256(content(p)).hexdigest() for p in found}


def content(path: Path) -> bytes:
    if path.name != "methods.html":
        return path.read_bytes()
    whole, times = path.read_bytes(), re.compile(rb'<section id="runtimes".*?</section>', re.DOTALL)
    assert times.search(whole), "the report does not say how long jobs took"
    return times.sub(b"", whole)


@pytest.fixture(scope="module")
def undisturbed(slurm: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole run."""
    folder = tmp_path_factory.mktemp("undisturbed")
    for name in ("config", "data", "envs", "profiles", "workflow"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "Snakefile", folder)
    config = (ROOT / "config/test/config.yaml").read_text()
    assert "explain:\n" in config
    # The GPUs are pretended: torch sees none.
    (folder / "config/config.yaml").write_text(config.replace("explain:\n", "explain:\n  allow_cpu: true\n"))
    shutil.copy(site_profile(folder) / "config.yaml", folder / "profiles/slurm/config.yaml")
    with slurm.snakemake(folder, Path("profiles/slurm")) as run:
        run.wait(1200)
    return folder


def test_every_step_is_a_job_and_gpu_steps_hold_a_gpu(slurm: Cluster, undisturbed: Path) -> None:
    jobs = slurm.jobs(undisturbed)
    assert set(jobs) == ON_GPU | ON_CPU
    assert {job["JobState"] for found in jobs.values() for job in found} == {"COMPLETED"}
    for rule, found in jobs.items():
        place = ("gpu", "gres:gpu:1") if rule in ON_GPU else ("cpu", None)
        assert {(job["Partition"], job.get("TresPerJob")) for job in found} == {place}, rule
    listed = slurm.command("squeue", "--states=all", "--noheader", "--format=%A %P %T").stdout.splitlines()
    for job in [job for rule in EXPLAIN for job in jobs[rule]]:
        assert f"{job['JobId']} gpu COMPLETED" in listed
    assert len(jobs["explain_windows"]) == len(jobs["explain_tiles"]) == 2  # shards
    assert json.loads((undisturbed / "results/hla/metrics.json").read_text())["splits"]["test"]["windows"] > 0
    assert (undisturbed / "results/hla/report/index.html").stat().st_size > 0


def test_killed_snakemake_goes_on_to_the_same_results(slurm: Cluster, undisturbed: Path, tmp_path: Path) -> None:
    """Both stand at the trained model, which costs most; then one is killed while its explain jobs run."""
    folder = tmp_path / "killed"
    shutil.copytree(undisturbed, folder)
    kept = {"windows.h5", "model.safetensors", "history.json", "baseline.json"}
    for path in (folder / "results/hla").iterdir():
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def explaining() -> dict[str, str]:
        jobs = slurm.jobs(folder)
        return {job["JobId"]: job["JobState"] for rule in EXPLAIN for job in jobs.get(rule, [])}

    with slurm.snakemake(folder, Path("profiles/slurm")) as run:
        # Five jobs, two GPUs: two run, three wait for them.
        wait_until(lambda: sorted(explaining().values()) == ["PENDING"] * 3 + ["RUNNING"] * 2, 300, run.text)
        run.kill()
    orphans = explaining()
    locked = slurm.command(sys.executable, "-m", "snakemake", "--cores", "1", cwd=folder, check=False)
    assert "Directory cannot be locked" in locked.stdout
    refused = slurm.command(sys.executable, UNLOCK, cwd=folder, check=False)
    assert refused.returncode != 0
    assert re.search(r"has \d+ jobs on SLURM", refused.stdout)

    done = slurm.command("bash", "-euc", recipe(), cwd=folder, check=False, timeout=1200)
    assert done.returncode == 0, done.stdout
    after = explaining()
    assert "CANCELLED" in [after.pop(job) for job in orphans]
    assert list(after.values()) == ["COMPLETED"] * 5
    assert not slurm.jobs(folder).get("train"), "a finished step was done again"
    assert checksums(folder) == checksums(undisturbed)
