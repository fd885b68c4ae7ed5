"""The workflow with models that were trained elsewhere, with tables of labels, and with ensembles: all for real."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest
import yaml
from workflow_setting import CONFIG, run

pytestmark = [pytest.mark.workflow, pytest.mark.slow, pytest.mark.timeout(900)]


def test_mmsplice_on_the_hla_region(repository: Path) -> None:
    """config/mmsplice.yaml without its tracks: nothing is trained, and both models know splice sites from decoys."""
    sheet = repository / "config/mmsplice.tsv"
    with sheet.open() as handle:
        rows = list(csv.reader((line for line in handle if not line.startswith("#")), delimiter="\t"))
    target = rows[0].index("target")
    sheet.write_text("\n".join("\t".join(cell for i, cell in enumerate(row) if i != target) for row in rows) + "\n")
    done = run(repository, "--cores", "2", "--configfile", "config/mmsplice.yaml", timeout=800)
    assert done.returncode == 0, done.stdout
    assert "rule train" not in done.stdout
    for kind in ("acceptor", "donor"):
        results = repository / "results" / f"mmsplice-{kind}"
        test = json.loads((results / "metrics.json").read_text())["splits"]["test"]
        assert (test["windows"], list(test["classes"])) == (6094, [kind])
        assert test["classes"][kind]["auroc"] >= 0.97
        motifs = json.loads((results / f"motifs/{kind}/summary.json").read_text())
        assert motifs["windows"] == 554
        assert "MMSplice" in (results / "report/index.html").read_text()
    assert "AG" in motifs_of(repository / "results/mmsplice-acceptor/motifs/acceptor/summary.json")[0]


def motifs_of(path: Path) -> list[str]:
    return [pattern["consensus"] for pattern in json.loads(path.read_text())["patterns"]]


def test_labels_and_an_ensemble(setting: Callable[..., Path]) -> None:
    folder = setting(own="sequences")
    records = (folder / "positives.fa").read_text().split(">")[1:]
    table = ["name\tmany A\tearly"]
    for i, record in enumerate(records):
        name, sequence = record.split()
        table.append(f"{name}\t{int(sequence.count('A') > 16)}\t{i % 2}")
    (folder / "labels.tsv").write_text("\n".join(table) + "\n")
    header = "sample\tsource\tfasta\tlabels\ttask\toutput\n"
    (folder / "samples.tsv").write_text(f"{header}marks\tsequences\tpositives.fa\tlabels.tsv\tlabels\tmany A\n")
    config = {**CONFIG, "model": {**CONFIG["model"], "members": 2}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    done = run(folder, "--cores", "2", "--configfile", "config.yaml", timeout=800)
    assert done.returncode == 0, done.stdout
    results = folder / "results/marks"
    metrics = json.loads((results / "metrics.json").read_text())
    assert metrics["task"] == "labels"
    assert list(metrics["splits"]["test"]["classes"]) == ["many A", "early"]
    assert "baseline" in metrics
    header = (results / "predictions.tsv").read_text().splitlines()[0]
    assert header.endswith("many A\tearly\tmany A_sd\tearly_sd")
    with h5py.File(results / "relevance.h5") as file:
        assert file["spread"].shape == file["relevance"].shape
        assert file.attrs["target"] == "many A"
    assert (results / "members/2.safetensors").is_file()
    assert json.loads((results / "motifs/many A/summary.json").read_text())["target"] == "many A"
    assert "many A" in (results / "report/index.html").read_text()
