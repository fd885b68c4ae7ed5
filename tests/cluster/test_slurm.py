"""The FASTA example, made small, through `profiles/slurm` on a real SLURM: every step is a job of the cluster."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[2]
RECORDS = 240
CLUSTER_RULES = {
    *("windows", "train", "baseline", "predict", "explain_windows", "gather", "motifs", "hits", "filters", "report"),
}


def write_setting(folder: Path) -> None:
    lines = (ROOT / "config/fasta/positives.fa").read_text().splitlines()
    (folder / "positives.fa").write_text("\n".join(lines[: 2 * RECORDS]) + "\n")
    header = "sample\tsource\tfasta\tbed\tnegatives\ttarget\n"
    (folder / "samples.tsv").write_text(f"{header}donors\tsequences\tpositives.fa\t\t\t\n")
    config = {"samples": "samples.tsv", "model": {"epochs": 2}, "explain": {"shards": 1}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def test_workflow_on_slurm(slurm: dict[str, str], tmp_path: Path) -> None:
    write_setting(tmp_path)
    python = Path(sys.executable).parent
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--profile", str(ROOT / "profiles/slurm"), "--configfile", "config.yaml", "--latency-wait", "20"]
    # As a site would: the rules that can use a GPU go to the partition that has some.
    command += ["--set-resources", "train:gpu=1", "train:slurm_partition=gpu"]
    command += ["--slurm-init-seconds-before-status-checks", "8", "--slurm-keep-successful-logs"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, **slurm, "PATH": f"{python}:{slurm['PATH']}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "results/donors/report/index.html").stat().st_size > 0
    metrics = json.loads((tmp_path / "results/donors/metrics.json").read_text())
    assert metrics["splits"]["test"]["windows"] > 0

    submitted = re.findall(r"Job \d+ has been submitted with SLURM jobid (\d+)", done.stdout)
    assert len(set(submitted)) == len(CLUSTER_RULES), done.stdout
    listed = subprocess.run(
        ["scontrol", "--oneliner", "show", "jobs"],
        env={**os.environ, **slurm},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout.splitlines()
    jobs = {re.findall(r"JobId=(\d+)", line)[0]: line for line in listed}
    ours = [jobs[number] for number in submitted]
    assert all("JobState=COMPLETED" in line for line in ours)
    assert sum("Partition=gpu" in line and "gpu" in line for line in ours) == 1
