"""What the genome browser's page is made of: which files, which features, and what is wrong with bad ones."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyBigWig
import pytest
from fake_results import CONTIG, TRACK_START, Fake, build, edit_attribute

from lrpgen.errors import InputError
from lrpgen.files import sha256
from lrpgen.relevance.store import open_store
from lrpgen.report import browser
from lrpgen.report.browser import write_browser
from lrpgen.report.features import annotation, hits, predictions, seqlets, strongest
from lrpgen.report.windowtrack import stretches, strongest_windows, write_window_track

LETTERS = "ACGT" * (CONTIG // 4)


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return build(tmp_path / "results" / "sample")


@pytest.fixture
def genome(tmp_path: Path) -> Path:
    path = tmp_path / "genome.fa"
    path.write_text(f">chrFake\n{LETTERS}\n")
    return path


def config(page: Path) -> dict[str, Any]:
    text = (page.parent / "browser" / "config.js").read_text()
    return json.loads(text.removeprefix("const browserConfig = ").removesuffix(";\n"))


def data(page: Path, name: str) -> Any:
    return json.loads((page.parent / "browser" / f"{name}.js").read_text().split(" = ", 1)[1].removesuffix(";\n"))


def decoded(page: Path, name: str) -> bytes:
    return base64.b64decode(data(page, name).split(",", 1)[1])


def test_no_tracks_no_page(tmp_path: Path) -> None:
    fake = build(tmp_path / "sample", source="sequences")
    assert write_browser(fake.folder, tmp_path / "out", "x") is None
    assert not (tmp_path / "out").exists()


def test_what_is_embedded_is_what_lies_on_disk(fake: Fake, genome: Path, tmp_path: Path) -> None:
    page = write_browser(fake.folder, tmp_path / "out", "Title <b>", genome=genome)
    assert page == tmp_path / "out" / "browser.html"
    made = config(page)
    assert made["contigs"] == {"chrFake": CONTIG}
    assert gzip.decompress(decoded(page, made["reference"]["data"])).decode() == f">chrFake\n{LETTERS}\n"
    assert [t["kind"] for t in made["tracks"]] == ["relevance", "signal", "windows", "windows"]
    assert decoded(page, made["tracks"][0]["data"]) == (fake.folder / "tracks" / "donor.relevance.bw").read_bytes()
    assert made["start"] == ["chrFake", TRACK_START, TRACK_START + 80]
    text = page.read_text()
    assert "<h1>Title &lt;b&gt;: genome browser</h1>" in text
    scripts = re.findall(r'<script src="([^"]+)"', text)
    assert all((page.parent / script).is_file() for script in scripts)
    assert "<script>" not in text
    assert not re.search(r"\bon\w+=|javascript:", text)
    assert (page.parent / "browser" / "igv.LICENSE.txt").read_text().startswith("The MIT License")
    assert max(f.stat().st_size for f in (page.parent / "browser").iterdir()) < 10_000_000


def test_large_files_go_by_path(fake: Fake, genome: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "EMBEDDED_BYTES", 1000)
    page = write_browser(fake.folder, tmp_path / "out folder", "x", genome=genome)
    assert page is not None
    made = config(page)
    assert made["tracks"][0]["url"] == "../results/sample/tracks/donor.relevance.bw"
    assert made["reference"]["url"] == "../genome.fa"
    assert made["reference"]["index"] == "../genome.fa.fai"
    slices = data(page, made["reference"]["slices"])["chrFake"]
    assert all(letters == LETTERS[start : start + len(letters)] for start, letters in slices)
    covered = {at for start, letters in slices for at in range(start, start + len(letters))}
    assert covered == {at for r in fake.regions.itertuples() for at in range(r.start, r.end)}


def test_the_genome_of_the_windows_is_found_beside_the_results(fake: Fake, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "g.fa").write_text(f">chrFake\n{LETTERS}\n")
    edit_attribute(fake.folder / "windows.h5", "fasta", "data/g.fa")
    page = write_browser(fake.folder, tmp_path / "out", "x")
    assert page is not None
    assert "data" in config(page)["reference"]


def test_another_genome_and_a_damaged_track_are_refused(fake: Fake, tmp_path: Path) -> None:
    (tmp_path / "other.fa").write_text(">chrFake\nACGT\n")
    with pytest.raises(InputError, match="contig chrFake of 400000 bp and this FASTA has not"):
        write_browser(fake.folder, tmp_path / "out", "x", genome=tmp_path / "other.fa")
    assert not (tmp_path / "out" / "browser").exists()
    (fake.folder / "tracks" / "donor.relevance.bw").write_bytes(b"no bigWig")
    with pytest.raises(InputError, match=r"donor\.relevance\.bw is not a readable bigWig file"):
        write_browser(fake.folder, tmp_path / "out", "x")


def test_opens_at_the_best_hit_that_the_track_covers(fake: Fake, tmp_path: Path) -> None:
    (fake.folder / "hits").mkdir()
    rows = [
        ("chrFake", 500, 900),
        ("chrFake", TRACK_START + 50, 700),
        ("chrFake", TRACK_START + 90, 800),
        ("chr9", 1, 999),
    ]
    lines = [f"{chrom}\t{start}\t{start + 10}\tpos_0\t{score}\t+\t1" for chrom, start, score in rows]
    (fake.folder / "hits" / "donor.bed").write_text("\n".join(lines) + "\n")
    (fake.folder / "hits" / "none.bed").write_text("")
    page = write_browser(fake.folder, tmp_path / "out", "x")
    assert page is not None
    made = config(page)
    assert made["start"] == ["chrFake", TRACK_START + 50, TRACK_START + 140]
    assert [(t["name"], t["total"]) for t in made["features"]] == [("Hits: donor", 3)]


def test_features(tmp_path: Path) -> None:
    bed = tmp_path / "f.bed"
    bed.write_text("c\t10\t20\tpos_1\t700\t-\t0.9\t0.8\t0.7\t5.1\t0.01\t+\tsite\n")
    (hit,) = hits(bed)
    assert (hit.chrom, hit.start, hit.end, hit.name, hit.score, hit.strand) == ("c", 10, 20, "pos_1", 700, "-")
    assert hit.more == "relevance 0.9, similarity 0.8, strength 0.7, log-odds 5.1, q 0.01, sign +, window site"
    bed.write_text("c\t10\t20\tpos_1\t700\t-\t0.9\t3e-6\t+\tsite\t.\n")
    (seqlet,) = seqlets(bed)
    assert seqlet.more == "relevance 0.9, p 3e-6, sign +, window site, q ."
    bed.write_text("c\t10\t20\nc\tten\t20\tx\t1\t+\n")
    with pytest.raises(InputError, match=r"f\.bed line 1 is damaged .* `lrpgen motifs`"):
        list(seqlets(bed))
    bed.write_text("c\t10\t40\tgene\t0\t-\t10\t40\t0\t2\t5,10,\t0,20,\n")
    (gene,) = annotation(bed, spliced=True)
    assert (gene.name, gene.score, gene.blocks) == ("gene", None, [(10, 15), (30, 40)])
    (region,) = annotation(bed, spliced=False)
    assert region.blocks == []


def test_predictions(tmp_path: Path) -> None:
    path = tmp_path / "predictions.tsv"
    path.write_text("chrom\tstart\tend\tname\tstrand\tlabel\tsplit\tdonor\nc\t1\t9\tw\t+\tdonor\ttest\t0.25\n")
    (window,) = predictions(path, "donor")
    assert (window.name, window.score, window.more) == ("0.25", 250, "name w, label donor, split test")
    assert list(predictions(path, "acceptor")) == []
    path.write_text("chrom\tstart\tend\tname\tstrand\tdonor\nc\t1\t9\tw\t+\t-3.5\n")
    assert next(predictions(path, "donor")).score is None
    path.write_text("chrom\tstart\tend\tname\tstrand\tdonor\nc\t1\t9\tw\t+\thigh\n")
    with pytest.raises(InputError, match=r"predictions\.tsv line 2 is damaged"):
        list(predictions(path, "donor"))


def test_strongest_keeps_the_best_in_the_order_of_the_genome(tmp_path: Path) -> None:
    bed = tmp_path / "f.bed"
    scores = [3, 9, 1, 7]
    bed.write_text("".join(f"c\t{10 * (4 - i)}\t{10 * (4 - i) + 5}\tp\t{s}\t+\n" for i, s in enumerate(scores)))
    kept, total = strongest(hits(bed), 2, {"c"})
    assert ([f.score for f in kept], total) == ([7, 9], 4)
    assert strongest(hits(bed), 2, {"d"}) == ([], 0)


def test_relevance_of_windows_along_the_genome(fake: Fake, tmp_path: Path) -> None:
    """One window stands as it is, in genome orientation; where two overlap, between their values."""
    with open_store(fake.folder / "relevance.h5") as store:
        rows = strongest_windows(store, "donor", {"chrFake": CONTIG})
        assert list(rows) == list(store.explained("donor"))
        write_window_track(store, rows, {"chrFake": CONTIG}, tmp_path / "w.bw")
        covered = stretches(store, rows)["chrFake"]
        assert strongest_windows(store, "donor", {"chrX": 5}).size == 0
    regions = fake.regions.iloc[rows]
    with pyBigWig.open(str(tmp_path / "w.bw")) as file:
        values = np.array(file.values("chrFake", 0, CONTIG))
    layers = np.full((len(rows), CONTIG), np.nan, dtype=np.float32)
    for layer, i, r in zip(layers, rows, regions.itertuples(), strict=True):
        layer[r.start : r.end] = fake.relevance[i] if r.strand == "+" else fake.relevance[i, ::-1]
    depth = (~np.isnan(layers)).sum(0)
    assert np.array_equal(~np.isnan(values), depth > 0)
    assert np.array_equal(values[depth == 1], np.nanmax(layers[:, depth == 1], axis=0))
    shared = depth > 1
    if shared.any():
        assert (values[shared] <= np.nanmax(layers[:, shared], axis=0) + 1e-6).all()
        assert (values[shared] >= np.nanmin(layers[:, shared], axis=0) - 1e-6).all()
    assert sum(end - start for start, end in covered) == (depth > 0).sum()


def test_of_many_windows_the_highest_outputs_are_kept(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lrpgen.report.windowtrack.BASES", 600)
    with open_store(fake.folder / "relevance.h5") as store:
        rows = strongest_windows(store, "donor", {"chrFake": CONTIG})
    donors = np.flatnonzero(fake.target == 0)
    assert sorted(fake.output[rows, 0]) == sorted(fake.output[donors, 0])[-3:]


def test_the_vendored_script_is_the_one_its_readme_names() -> None:
    assert sha256(browser.VENDOR / "igv.min.js") in (browser.VENDOR / "README.md").read_text()
