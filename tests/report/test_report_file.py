"""The page as a file: self-contained, small, inert to hostile names, and complete when parts are missing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fake_results import Fake, build
from page_reading import Page

from lrpgen.errors import InputError
from lrpgen.report import write_report

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;</script>"


def test_nothing_is_loaded_from_anywhere(html: str) -> None:
    page = Page(html)
    assert not [tag for tag, _ in page.elements if tag in ("link", "iframe", "object", "embed", "base", "img", "audio")]
    assert page.values("src") == []
    for tag, attrs in page.elements:
        target = attrs.get("href") or ""
        if target.startswith(("http:", "https:", "//")):
            assert tag == "a", f"{tag} points to {target}"
    assert not re.search(r"url\(|@import", html)
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_the_policy_admits_exactly_the_script_that_is_there(html: str) -> None:
    import base64
    import hashlib

    programs = [text for attrs, text in Page(html).scripts if attrs.get("type") is None]
    assert len(programs) == 1
    digest = base64.b64encode(hashlib.sha256(programs[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html


def test_links_to_files_are_relative_and_lead_somewhere(page: Path, html: str) -> None:
    local = [h for h in Page(html).values("href") if not h.startswith(("http", "#"))]
    assert "../windows.h5" in local
    assert "../motifs/donor/logos/pos_0.svg" in local
    assert "../tracks/donor.relevance.bw" in local
    for target in local:
        assert (page.parent / target).exists(), target


def test_every_figure_is_a_figure(html: str) -> None:
    page = Page(html)
    figures = [a for tag, a in page.elements if tag == "svg" and a.get("role") == "img"]
    # split, 2 training, 2 quality, 2 mean logos, 3 patterns both ways round, ledger
    assert len(figures) == 1 + 2 + 2 + 2 + 6 + 1
    assert all(a.get("aria-label") for a in figures)
    assert "<" not in page.text


def test_section_links_lead_to_sections(html: str) -> None:
    page = Page(html)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    inner = {h[1:] for h in page.values("href") if h.startswith("#") and not h.startswith("#glyph")}
    assert inner <= set(ids)


def test_hostile_names_are_inert(tmp_path: Path) -> None:
    fake = build(tmp_path / "sample", contig=HOSTILE, sites=30)
    summary = json.loads((fake.folder / "motifs/donor/summary.json").read_text())
    summary["notes"] = [HOSTILE]
    (fake.folder / "motifs/donor/summary.json").write_text(json.dumps(summary))
    config = tmp_path / "config.yaml"
    config.write_text(f"title: {HOSTILE}\n")
    out = write_report(fake.folder, fake.folder / "report.html", title=HOSTILE, config=config)
    html = out.read_text(encoding="utf-8")
    page = Page(html)
    assert HOSTILE not in html
    assert [a.get("type") for a, _ in page.scripts] == ["application/json", None]
    assert not [tag for tag, _ in page.elements if tag == "img"]
    assert not [a for _, a in page.elements if any(key.startswith("on") for key in a)]
    assert HOSTILE in page.text  # shown as it is, as text
    assert page.data()["loci"][0][0] == HOSTILE[:80]
    assert "<" not in next(text for a, text in page.scripts if a.get("type") == "application/json")


def test_a_pattern_says_what_it_is_like(tmp_path: Path) -> None:
    fake = build(tmp_path / "sample", sites=30)
    path = fake.folder / "motifs/donor/summary.json"
    summary = json.loads(path.read_text())
    summary["patterns"][0] |= {"name": "CTCF", "q": 0.0012}
    path.write_text(json.dumps(summary))
    cards = Page(write_report(fake.folder, fake.folder / "report.html").read_text(encoding="utf-8")).text
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
    assert out.stat().st_size < 1_400_000
    page = Page(out.read_text(encoding="utf-8"))
    assert "Not shown: 34 more positive and 34 more negative patterns" in page.text
    assert len(page.data()["loci"]) == 400


def test_page_is_the_same_twice(fake: Fake, html: str, tmp_path: Path) -> None:
    again = write_report(fake.folder, fake.folder / "report" / "again.html", title="Test run")
    assert again.read_text(encoding="utf-8") == html
    again.unlink()


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
    ],
)
def test_what_is_missing_is_said(fake: Fake, tmp_path: Path, missing: str, sentence: str) -> None:
    folder = tmp_path / "sample"
    shutil.copytree(fake.folder, folder)
    gone = folder / missing
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    page = Page(write_report(folder, tmp_path / "out.html").read_text(encoding="utf-8"))
    assert sentence in page.text
    assert "None" not in page.text
    assert "nan" not in page.text.lower().split()


def test_sequences_without_a_genome(tmp_path: Path) -> None:
    fake = build(tmp_path / "sample", source="sequences", sites=20)
    page = Page(write_report(fake.folder, tmp_path / "out.html").read_text(encoding="utf-8"))
    assert "without a genome" in page.text
    assert "separate sequences have no genome to lay them on" in page.text
    assert page.data()["genome"] is False


def test_only_a_results_folder_is_taken(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        write_report(tmp_path / "nowhere", tmp_path / "out.html")
    with pytest.raises(InputError, match="holds no windows"):
        write_report(tmp_path, tmp_path / "out.html")
    assert not (tmp_path / "out.html").exists()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("metrics.json", "{"),
        ("motifs/donor/summary.json", '{"target": "donor"}'),
        ("model.safetensors", "not a model at all"),
        ("windows.h5", "not HDF5"),
        ("relevance.h5", "not HDF5"),
    ],
)
def test_damaged_files_are_named(fake: Fake, tmp_path: Path, file: str, content: str) -> None:
    folder = tmp_path / "sample"
    shutil.copytree(fake.folder, folder)
    (folder / file).write_text(content)
    with pytest.raises(InputError, match=re.escape(file)):
        write_report(folder, tmp_path / "out.html")
    assert not (tmp_path / "out.html").exists()


def test_another_model_is_noticed(fake: Fake, tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    shutil.copytree(fake.folder, folder)
    with open(folder / "model.safetensors", "ab") as handle:
        handle.write(b"x")
    page = Page(write_report(folder, tmp_path / "out.html").read_text(encoding="utf-8"))
    assert "The relevance was made with another model file" in page.text


def test_report_needs_no_torch(fake: Fake, tmp_path: Path) -> None:
    code = (
        "import sys; from lrpgen.report import write_report; "
        f"write_report({str(fake.folder)!r}, {str(tmp_path / 'out.html')!r}); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
