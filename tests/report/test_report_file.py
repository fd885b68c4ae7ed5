"""The report as files: self-contained, light, inert to hostile names, and complete when parts are missing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fake_results import Fake, build
from page_reading import Report

from lrpgen.errors import InputError
from lrpgen.report import write_report
from lrpgen.report.page import PAGES

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;</script>"
NAMES = [Path(page.file).stem for page in PAGES]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_loaded_from_anywhere(report: Report, name: str) -> None:
    page = report[name]
    assert not [tag for tag, _ in page.elements if tag in ("link", "iframe", "object", "embed", "base", "audio")]
    assert all(source.startswith("data:image/svg+xml;base64,") for source in page.values("src"))
    for tag, attrs in page.elements:
        target = attrs.get("href") or ""
        if target.startswith(("http:", "https:", "//")):
            assert tag == "a", f"{tag} points to {target}"
    assert not re.search(r"url\(|@import", page.html)
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "http" not in policy


@pytest.mark.parametrize("name", NAMES)
def test_the_policy_admits_exactly_the_script_that_is_there(report: Report, name: str) -> None:
    ((_, program),) = report[name].scripts
    digest = base64.b64encode(hashlib.sha256(program.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}' 'strict-dynamic';" in report[name].html


def test_links_lead_somewhere(report: Report) -> None:
    local = {h for h in report.values("href") if not h.startswith(("http", "#"))}
    assert {"browser.html", "../windows.h5", "../motifs/donor/logos/pos_0.svg", "../tracks/donor.relevance.bw"} <= local
    for target in local:
        file, _, section = target.partition("#")
        assert (report.folder / file).exists(), target
        if section and file != "loci.html":
            assert section in report[Path(file).stem].values("id"), target


@pytest.mark.parametrize("name", NAMES)
def test_every_page_leads_to_every_other(report: Report, name: str) -> None:
    page = report[name]
    assert {one.file for one in PAGES} <= set(page.values("href"))
    here = [attrs["href"] for _, attrs in page.elements if attrs.get("aria-current") == "page"]
    assert here == [f"{name}.html"]


def test_every_figure_is_a_figure(report: Report) -> None:
    drawn = {
        name: [a for tag, a in page.elements if tag == "svg" and a.get("role") == "img"]
        for name, page in report.pages.items()
    }
    assert {name: len(found) for name, found in drawn.items() if found} == {
        "index": 1 + 2 + 2,  # split, training, quality
        "motifs": 2 + 6 + 2,  # mean logos, three patterns both ways round, places of two
        "sparsity": 2,
        "filters": 3,
    }
    assert all(a.get("aria-label") for found in drawn.values() for a in found)
    (picture,) = [a for tag, a in report["evaluation"].elements if tag == "img"]
    assert picture["alt"] == (
        "Sparsity against faithfulness. RMA: epsilon 0.300 and plrp-lambda:0.25:epsilon 0.500. The tables hold all numbers."
    )
    assert "<" not in report.text


@pytest.mark.parametrize("name", NAMES)
def test_section_links_lead_to_sections(report: Report, name: str) -> None:
    page = report[name]
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    inner = {h[1:] for h in page.values("href") if h.startswith("#") and not h.startswith("#glyph")}
    assert inner <= set(ids)


def test_hostile_names_are_inert(tmp_path: Path) -> None:
    fake = build(tmp_path / "sample", contig=HOSTILE, sites=30, further=True)
    summary = json.loads((fake.folder / "motifs/donor/summary.json").read_text())
    summary["notes"] = [HOSTILE]
    (fake.folder / "motifs/donor/summary.json").write_text(json.dumps(summary))
    config = tmp_path / "config.yaml"
    config.write_text(f"title: {HOSTILE}\n")
    report = Report(write_report(fake.folder, fake.folder / "report" / "index.html", title=HOSTILE, config=config))
    for page in report.pages.values():
        assert HOSTILE not in page.html
        assert len(page.scripts) == 1
        assert all("alt" in a for tag, a in page.elements if tag == "img")  # our own pictures
        assert not [a for _, a in page.elements if any(key.startswith("on") for key in a)]
        assert HOSTILE in page.text  # shown as it is, as text
    assert report.data()["rows"][0][0] == HOSTILE[:80]


def test_a_pattern_says_what_it_is_like(tmp_path: Path) -> None:
    fake = build(tmp_path / "sample", sites=30)
    path = fake.folder / "motifs/donor/summary.json"
    summary = json.loads(path.read_text())
    summary["patterns"][0] |= {"name": "CTCF", "q": 0.0012}
    path.write_text(json.dumps(summary))
    cards = Report(write_report(fake.folder, fake.folder / "report" / "index.html"))["motifs"].text
    assert cards.count("like CTCF (q 0.0012)") == 1


def test_page_stays_small_when_everything_is_large(tmp_path: Path) -> None:
    fake = build(tmp_path / "sample", sites=600)
    patterns = [
        {"pattern": f"{word}_{i}", "sign": sign, "seqlets": 500 - i, "length": 6, "consensus": "GTRAGT",
         "information_bits": 8.0, "mean_relevance": 0.1, "logo": "logos/pos_0.svg", "logo_rc": None}
        for word, sign in (("pos", "+"), ("neg", "-")) for i in range(40)
    ]  # fmt: skip
    for target in ("donor", "acceptor"):
        path = fake.folder / "motifs" / target / "summary.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "patterns": patterns}))
    config = tmp_path / "config.yaml"
    config.write_text("# long\n" * 100_000)
    out = write_report(fake.folder, fake.folder / "report" / "index.html", config=config)
    report = Report(out)
    assert max(path.stat().st_size for path in report.folder.glob("*.html")) < 1_400_000
    assert max(path.stat().st_size for path in report.folder.glob("data/*.js")) < 1_400_000
    assert "Not shown: 28 more positive and 28 more negative patterns" in report.text
    assert len(report.data()["rows"]) == 1200


def test_report_is_the_same_twice(fake: Fake, report: Report, tmp_path: Path) -> None:
    folder = tmp_path / "results" / "sample"
    shutil.copytree(fake.folder, folder)
    shutil.copytree(fake.folder.parent.parent / "benchmark_runs", tmp_path / "benchmark_runs")
    again = Report(write_report(folder, folder / "report" / "index.html", title="Test run"))
    assert {name: page.html for name, page in again.pages.items()} == {n: p.html for n, p in report.pages.items()}
    assert again.data() == report.data()


def test_a_report_takes_the_place_of_an_older_one_only(fake: Fake, tmp_path: Path) -> None:
    """A folder with anything else in it is somebody's; nothing in it is touched."""
    out = tmp_path / "report" / "index.html"
    (out.parent / "data").mkdir(parents=True)
    for old in ("index.html", "data/bases_99.js", ".snakemake_timestamp"):
        (out.parent / old).write_text("old")
    write_report(fake.folder, out)
    assert out.read_text(encoding="utf-8") != "old"
    assert not (out.parent / "data" / "bases_99.js").exists()
    (out.parent / "thesis.tex").write_text("all of it")
    with pytest.raises(InputError, match=r"holds thesis\.tex, which is no part of a report"):
        write_report(fake.folder, out)
    with pytest.raises(InputError, match=r"first page is called index\.html"):
        write_report(fake.folder, tmp_path / "report")
    assert (out.parent / "thesis.tex").read_text() == "all of it"


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("windows.h5", "the data cannot be described"),
        ("model.safetensors", "the model cannot be described"),
        ("history.json", "there is no training curve"),
        ("metrics.json", "the quality of the model is unknown"),
        ("relevance.h5", "No site was explained"),
        ("tracks", "No tracks were made"),
        ("motifs", "patterns were not searched"),
        ("motifs/donor/patterns.h5", "patterns.h5 holds no weights for it"),
        ("merged", "each stands under its own class only"),
        ("hits", "Instances were not searched"),
        ("filters", "Filters were not looked at"),
        ("enrichment", "Nothing was looked up in an annotation"),
        ("evaluation", "Relevance was not evaluated"),
    ],
)
def test_what_is_missing_is_said(fake: Fake, tmp_path: Path, missing: str, sentence: str) -> None:
    folder = tmp_path / "sample"
    shutil.copytree(fake.folder, folder)
    gone = folder / missing
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    text = Report(write_report(folder, tmp_path / "out" / "index.html")).text
    assert sentence in text
    assert "No benchmark files of the workflow lie beside the results" in text  # this copy has none
    assert "None" not in text
    assert "nan" not in text.lower().split()


def test_sequences_without_a_genome(tmp_path: Path) -> None:
    fake = build(tmp_path / "sample", source="sequences", sites=20)
    report = Report(write_report(fake.folder, tmp_path / "out" / "index.html"))
    assert "without a genome" in report.text
    assert "separate sequences have no genome to lay them on" in report.text
    assert report.data()["genome"] is False
    assert not (report.folder / "browser.html").exists()


def test_only_a_results_folder_is_taken(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        write_report(tmp_path / "nowhere", tmp_path / "out" / "index.html")
    with pytest.raises(InputError, match="holds no windows"):
        write_report(tmp_path, tmp_path / "out" / "index.html")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("metrics.json", "{"),
        ("motifs/donor/summary.json", '{"target": "donor"}'),
        ("model.safetensors", "not a model at all"),
        ("windows.h5", "not HDF5"),
        ("relevance.h5", "not HDF5"),
        ("motifs/donor/seqlets.bed", "chr1\tfirst\tlast\n"),
        ("merged/summary.json", '{"folders": []}'),
        ("hits/donor.json", "[]"),
        ("filters/filters.tsv", "filter\nfilter_00\n"),
        ("enrichment/donor.relevance.tsv", "feature\nexon\n"),
        ("evaluation/summary.json", '{"rows": [{"method": "epsilon"}]}'),
    ],
)
def test_damaged_files_are_named(fake: Fake, tmp_path: Path, file: str, content: str) -> None:
    folder = tmp_path / "sample"
    shutil.copytree(fake.folder, folder)
    (folder / file).write_text(content)
    with pytest.raises(InputError, match=re.escape(file)):
        write_report(folder, tmp_path / "out" / "index.html")
    assert not (tmp_path / "out").exists()


def test_another_model_is_noticed(fake: Fake, tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    shutil.copytree(fake.folder, folder)
    with open(folder / "model.safetensors", "ab") as handle:
        handle.write(b"x")
    text = Report(write_report(folder, tmp_path / "out" / "index.html")).text
    assert "The relevance was made with another model file" in text


def test_report_needs_no_torch(fake: Fake, tmp_path: Path) -> None:
    code = (
        "import sys; from lrpgen.report import write_report; "
        f"write_report({str(fake.folder)!r}, {str(tmp_path / 'out' / 'index.html')!r}); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
