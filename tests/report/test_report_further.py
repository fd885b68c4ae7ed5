"""What the pages say beyond the main steps: places of patterns, verdicts, filters, enrichment, hits, jobs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from fake_further import SEQLET, entry
from fake_results import MIDDLE, Fake, build
from page_reading import Report

from lrpgen.evaluate.tables import Reading
from lrpgen.report import write_report
from lrpgen.report.data import per_file
from lrpgen.report.loci import best
from lrpgen.report.verdicts import verdict


def test_where_seqlets_lie(report: Report, fake: Fake) -> None:
    """The fake's seqlets are bases +1 to +6, so their middle is +3, in every second window of each class."""
    label = next(a for a in report["motifs"].values("aria-label") if a.startswith("Middles of"))
    assert label == (
        "Middles of 40 seqlets of pos_0: median +3, half of them from +3 to +3 (from the splice boundary)."
    )
    rows = np.flatnonzero(fake.regions["label"] == "donor")
    logit = fake.output[rows, 0]
    assert (
        f"50 % of the 80 donor windows have one; their mean score (logit) is {logit[::2].mean():.2f}, that of the others "
        f"{logit[1::2].mean():.2f}." in report.text
    )
    region = fake.regions.iloc[rows[78]]  # the last one's relevance is the largest, 2.39
    first = region.start + MIDDLE if region.strand == "+" else region.end - MIDDLE - SEQLET
    strand = region.strand.replace("-", "\u2212")
    assert f"Strongest: chrFake:{first + 1:,}\u2013{first + SEQLET:,} ({strand}) +2.39" in report.text


def test_patterns_and_their_instances(report: Report) -> None:
    assert "555 instances in windows \u00b7 77 instances along the genome" in report["motifs"].text
    assert "pos_0 GTRAGT 480 555 77" in report["genome"].text
    assert "pos_0 GTRAGT \u2013 690 pos_0 480, +0.377 pos_0 210, +0.377" in report["motifs"].text


def test_a_named_pattern_stands_above_what_names_it(tmp_path: Path) -> None:
    fake = build(tmp_path / "sample", sites=20)
    path = fake.folder / "motifs/donor/summary.json"
    summary = json.loads(path.read_text())
    summary["names"] = {"source": "JASPAR2026"}
    summary["patterns"][0] |= {"name": "CTCF", "q": 0.0012, "logo_match": "logos/pos_0.svg"}
    summary["patterns"][1] |= {"name": "", "q": 0.2, "similarity": 0.41, "matches": "MA1.1 ABC; MA2.1 DEF"}
    path.write_text(json.dumps(summary))
    page = Report(write_report(fake.folder, tmp_path / "out" / "index.html"))["motifs"]
    assert "pos_0 above CTCF, aligned" in page.values("alt")
    assert "No known motif of JASPAR2026 passes; nearest MA1.1 ABC (similarity of the logos 0.41)." in page.text


def test_verdicts(report: Report) -> None:
    text = report["evaluation"].text
    assert (
        "Against its base rule, over the one pruned setting: RMA is better in 1; deletion, shuffles is not told apart in 1."
        in text
    )
    against = (
        "Against its base rule cut to the same Gini index, over the one pruned setting: RMA is worse in 1; "
        "deletion, shuffles is not told apart in 1."
    )
    assert against in text
    assert f"Is pruning worth it? {against}" in report["index"].text
    assert "RMA 0.500 0.300 +0.200 0.190 to 0.210 better 0.550 \u22120.0500 \u22120.0600 to \u22120.0400 worse" in text
    assert "plrp-lambda:0.25:epsilon 0.500 0.490 to 0.510" in text
    assert "The truth is the bases that make a splice site, 5.0 % of a window; no method saw it." in text
    assert "plrp-lambda:0.25:epsilon 0.500 2.50" in text  # cost


@pytest.mark.parametrize(
    ("ends", "better", "said"),
    [
        ((0.1, 0.3), "higher", "better"), ((0.1, 0.3), "lower", "worse"), ((-0.3, -0.1), "lower", "better"),
        ((-0.3, -0.1), "higher", "worse"), ((-0.1, 0.3), "higher", "not told apart"), ((0.0, 0.3), "higher", "not told apart"),
        ((float("nan"), float("nan")), "higher", "not told apart"),
    ],
)  # fmt: skip
def test_a_verdict_is_where_the_interval_lies(ends: tuple[float, float], better: str, said: str) -> None:
    assert verdict(Reading(sum(ends) / 2, *ends), better) == said


def test_measures_without_a_value_are_dashes(fake: Fake, tmp_path: Path) -> None:
    shutil.copytree(fake.folder, tmp_path / "sample")
    path = tmp_path / "sample" / "evaluation" / "summary.json"
    summary = json.loads(path.read_text())
    summary["rows"][0]["values"]["rma"] = {**entry(0.0), "mean": None, "interval": None}
    summary["setting"]["truth"] = "none"
    path.write_text(json.dumps(summary))
    text = Report(write_report(tmp_path / "sample", tmp_path / "out" / "index.html"))["evaluation"].text
    assert "Method RMA higher epsilon \u2013 plrp-lambda" in text
    assert "There is no truth mask" in text


def test_filters(report: Report) -> None:
    text = report["filters"].text
    assert "3 filters, 2 clusters of alike ones" in text
    assert text.index("filter_01 GGGGG 20 7.25 70 %") < text.index("filter_02 NNNNN") < text.index("filter_00 NNNNN 10")
    assert "Filter filter_01: GGGGG, 7.25 bits" in report["filters"].values("aria-label")


def test_a_model_without_filters(fake: Fake, tmp_path: Path) -> None:
    """`lrpgen filters --optional` leaves nothing but a summary with the reason."""
    shutil.copytree(fake.folder, tmp_path / "sample")
    shutil.rmtree(tmp_path / "sample" / "filters")
    (tmp_path / "sample" / "filters").mkdir()
    summary = {"filters": 0, "notes": ["the model has no convolution that reads the bases; filters need one"]}
    (tmp_path / "sample" / "filters" / "summary.json").write_text(json.dumps(summary))
    text = Report(write_report(tmp_path / "sample", tmp_path / "out" / "index.html"))["filters"].text
    assert "No filters: the model has no convolution that reads the bases; filters need one." in text


def test_enrichment(report: Report) -> None:
    text = report["genome"].text
    assert "exon both 50 6,000 0.00300 0.00120 4.5 0.0020 0.0040 intron both 40" in text  # lowest p first
    assert "exon GENE1 chrFake:100\u2013200 (+), mean 0.0110" in text


def test_jobs(report: Report) -> None:
    text = report["methods"].text
    assert "all of them: 1 min 16 s Job Time Processor time Peak memory train 1 min 16 s 1 min 10 s 537 MB" in text
    assert "windows 0.5 s \u2013 \u2013" in text


def test_the_best_of_each_class_in_turn() -> None:
    target, logit = np.array([0, 0, 0, 1, 1]), np.array([1.0, 3.0, 2.0, 9.0, 8.0])
    assert best(target, logit, 5) == [1, 3, 2, 4, 0]
    assert best(target, logit, 2) == [1, 3]


def test_bases_lie_in_files_of_their_own(report: Report, fake: Fake) -> None:
    width = fake.onehot.shape[2]
    per = per_file(width)
    assert per == 375  # 300 kB of 800 bytes
    assert report.file("loci")["per"] == per
    assert len(report.file("bases_0")) == len(fake.regions) == 160
    assert per_file(10**9) == 1
