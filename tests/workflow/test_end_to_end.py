"""The whole workflow on the tiny synthetic setting, for real; and an interruption in the middle of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from workflow_setting import CONFIG, GENE, GENES, command, environment, run

pytestmark = [pytest.mark.workflow, pytest.mark.slow, pytest.mark.timeout(900)]
ARGUMENTS = ("--cores", "2", "--configfile", "config.yaml")


def leftovers(folder: Path) -> list[Path]:
    """Temporary names of half-written outputs, and locks."""
    hidden = [p for p in (folder / "results").rglob(".*") if p.name != ".snakemake_timestamp"]
    locks = folder / ".snakemake" / "locks"
    return hidden + (list(locks.iterdir()) if locks.is_dir() else [])


def test_three_sources_in_one_run(setting: Callable[..., Path]) -> None:
    folder = setting(genes="splice-sites", peaks="regions", own="sequences")
    methods = ["plrp-lambda:0.25:epsilon", "ism"]
    small = {"methods": methods, "inputs": 6, "draws": 1, "steps": 3, "checks": 2}
    (folder / "config.yaml").write_text(yaml.safe_dump({**CONFIG, "evaluate": small}))
    done = run(folder, *ARGUMENTS, timeout=800)
    assert done.returncode == 0, done.stdout
    for sample, classes in {"genes": ["donor", "acceptor"], "peaks": ["positive"], "own": ["positive"]}.items():
        results = folder / "results" / sample
        test_part = json.loads((results / "metrics.json").read_text())["splits"]["test"]
        assert test_part["windows"] > 0
        for name in classes:
            assert json.loads((results / "motifs" / name / "summary.json").read_text())["target"] == name
            assert "<svg" in (results / "motifs" / name / "mean.svg").read_text()
            assert json.loads((results / "hits" / f"{name}.json").read_text())["target"] == name
        assert json.loads((results / "filters" / "summary.json").read_text())["filters"] > 0
        assert sample in (results / "report" / "index.html").read_text()
        assert json.loads((results / "settings.json").read_text())["sample"]["sample"] == sample
        assert not list(results.glob("shards/*")), "shards are temporary"
        assert list((folder / "logs" / sample).glob("*.log"))
        assert list((folder / "benchmark_runs" / sample).glob("*.tsv"))
    for place, folders in (("genes/merged", 2), ("merged", 4)):
        assert len(json.loads((folder / "results" / place / "summary.json").read_text())["folders"]) == folders
    track = json.loads((folder / "results/genes/tracks/donor.json").read_text())
    assert track["contigs"] == {"chr1": GENES * GENE}
    assert not (folder / "results/own/tracks").exists()
    genome = json.loads((folder / "results/genes/hits/donor.genome.json").read_text())
    assert genome["bases"] == track["covered_bases"] > 0
    for what in ("relevance", "hits"):
        assert "\texon\t" in "\t" + (folder / f"results/genes/enrichment/donor.{what}.tsv").read_text().replace(
            "\n", "\t"
        )
    assert not leftovers(folder)

    evaluated = run(folder, "results/genes/evaluation", *ARGUMENTS)
    assert evaluated.returncode == 0, evaluated.stdout
    found = json.loads((folder / "results/genes/evaluation/summary.json").read_text())
    assert [row["method"] for row in found["rows"]] == ["random", "epsilon", *methods]
    assert (found["setting"]["truth"], found["setting"]["classes"]) == ("sites", ["donor", "acceptor"])
    assert found["rows"][1]["values"]["rma"]["inputs"] > 0

    again = run(folder, *ARGUMENTS, "--dry-run")
    assert "Nothing to be done" in again.stdout, again.stdout
    (folder / "results/peaks/model.safetensors").unlink()
    lost = run(folder, *ARGUMENTS, "--dry-run")
    assert "rule train" in lost.stdout, "a lost result is made again"
    packed = run(folder, "all", "results/genes/evaluation", *ARGUMENTS, "--report", "report.zip")
    assert packed.returncode == 0, packed.stdout
    with zipfile.ZipFile(folder / "report.zip") as pages:
        listed = pages.namelist()
    assert [sum(name.endswith(end) for name in listed) for end in ("/loci.html", "/data/loci.js")] == [3, 3]
    assert {"report.html", "trade.svg", "methods.tsv"} <= {Path(name).name for name in listed}


def test_failed_step_says_why(setting: Callable[..., Path]) -> None:
    folder = setting(own="sequences")
    (folder / "positives.fa").write_text(">a\nACGT\n>b\nAC?T\n")
    done = run(folder, *ARGUMENTS)
    assert done.returncode != 0
    (said,) = (folder / "logs/own/windows.log").read_text().splitlines()
    assert said.startswith("lrpgen: error: positives.fa")
    assert said in done.stdout  # the profile shows the logs of failed steps
    assert not (folder / "results/own/windows.h5").exists()


def test_interrupted_run_continues(setting: Callable[..., Path]) -> None:
    folder = setting(own="sequences")
    model, said = folder / "results/own/model.safetensors", folder / "first.txt"
    with said.open("w") as output:
        # Ctrl-C reaches the whole group of the terminal; here it is a group of its own.
        first = subprocess.Popen(
            command(*ARGUMENTS),
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # What a shell starts in the background ignores Ctrl-C, and so does all that is started by that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        try:
            deadline = time.monotonic() + 200
            while "(Rule: train)" not in said.read_text() and first.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(0.5)  # into the steps that follow
            assert first.poll() is None, said.read_text()
            os.killpg(first.pid, signal.SIGINT)
            assert first.wait(timeout=60) != 0, said.read_text()
        finally:
            if first.poll() is None:
                os.killpg(first.pid, signal.SIGKILL)
                first.wait()
    assert model.exists(), said.read_text()
    assert not (folder / "results/own/report/index.html").exists()
    assert not leftovers(folder)
    trained = model.stat().st_mtime_ns

    second = run(folder, *ARGUMENTS)
    assert second.returncode == 0, second.stdout
    assert (folder / "results/own/report/index.html").exists()
    assert model.stat().st_mtime_ns == trained, "a finished step was done again"
