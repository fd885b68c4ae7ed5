"""`snakemake images`: what it plans for the default and for the papers' settings, what it says of mistakes, and one run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from test_dryrun import planned, sentence
from workflow_setting import ROOT, run

pytestmark = pytest.mark.workflow
PAPERS = sorted((ROOT / "config" / "papers").glob("*.yaml"))
SMALL = {
    "train": {"epochs": 1, "batch_size": 16},
    "explain": {"inputs": 3, "methods": ["gradient*input", "epsilon", "plrp-lambda:0.25:epsilon"]},
    "neurons": {"inputs": 4, "draws": 1, "channels": 3},
    "evaluate": {"inputs": 4, "steps": 2, "checks": 2, "timed": 2, "methods": ["epsilon", "plrp-lambda:0.25:epsilon"]},
}


def configured(folder: Path, section: dict) -> Path:
    """The repository's copy with a configuration of images."""
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump({"images": section}))
    return path


def test_the_default_plans_every_step(repository: Path) -> None:
    done = run(repository, "images", "--dry-run", "--cores", "2")
    assert done.returncode == 0, done.stdout
    jobs = planned(done.stdout)
    steps = ("prepare_images", "train_images", "explain_images", "evaluate_images", "network_images", "report_images")
    assert {name: jobs[name] for name in steps} == dict.fromkeys(steps, 2)
    assert "windows" not in jobs


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: path.stem)
def test_papers_plan_what_ships_and_name_what_does_not(repository: Path, path: Path) -> None:
    done = run(repository, "images", "--dry-run", "--cores", "2", "--configfile", f"config/papers/{path.name}")
    assert done.returncode == 0, done.stdout
    samples = yaml.safe_load(path.read_text())["images"]["samples"]
    there = [name for name, row in samples.items() if not row.get("optional")]
    assert planned(done.stdout)["report_images"] == len(there)
    for name, row in samples.items():
        assert (f"sample {name}: {row['source']} does not exist; {row.get('get')}" in done.stdout) == (
            name not in there
        )


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"samples": {"a": {"source": "none.npz", "get": "make it"}}}, "sample a: none.npz does not exist; make it"),
        ({"samples": {"a": {"source": "own.yaml", "sizes": 3}}}, "did you mean size?"),
        ({"samples": {"a": {}}}, "'source' is a required property"),
        ({"samples": {"hla": {"source": "own.yaml"}}}, "'hla' is also a sample of DNA"),
    ],
)
def test_mistakes_are_one_sentence(repository: Path, section: dict, said: str) -> None:
    configured(repository, section)
    done = run(repository, "images", "--dry-run", "--cores", "1", "--configfile", "own.yaml")
    assert done.returncode == 1
    assert said in sentence(done.stdout)


def test_a_small_run_ends_in_reports(repository: Path) -> None:
    """One network that is trained and one with initial weights, on the images that ship."""
    shipped = np.load(ROOT / "data" / "images" / "mnist_500.npz")
    np.savez(repository / "few.npz", **{name: shipped[name][:120] for name in shipped})
    row = {"source": "few.npz", "masks": "foreground", "validation": 0.2, "test": 0.2, "settings": {"filters": 4}}
    section = {**SMALL, "samples": {"trained": row, "initial": {**row, "weights": "random"}}}
    configured(repository, section)
    done = run(repository, "images", "--cores", "1", "--configfile", "own.yaml", timeout=900)
    assert done.returncode == 0, done.stdout
    for name in section["samples"]:
        pages = repository / "results" / name / "report"
        assert {path.name for path in pages.glob("*.html")} >= {
            "index.html",
            "images.html",
            "evaluation.html",
            "network.html",
        }
        assert all(path.stat().st_size < 1_400_000 for path in pages.glob("*.html"))
    assert not (repository / "results" / "initial" / "history.json").exists()
