"""The genome browser in a real browser, from disk: regions, letters at their bases, features, hostile names."""

from __future__ import annotations

import functools
import http.server
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from lrpgen.report.browser import write_browser

pytestmark = pytest.mark.browser

CONTIG, TRACK_START = 400_000, 100_000


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def sequence() -> str:
    return "".join(np.random.default_rng(11).choice(list("ACGT"), CONTIG))


@pytest.fixture(scope="module")
def made(build: Callable[..., Any], sequence: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """`made(contig, name)`: the page of fake results with a genome, hits and seqlets whose names are `name`."""

    def make(contig: str = "chrFake", name: str = "pos_0") -> tuple[Path, Any]:
        folder = tmp_path_factory.mktemp("genome")
        fake = build(folder / "sample", contig=contig)
        (folder / "genome.fa").write_text(f">{contig}\n{sequence}\n")
        (fake.folder / "hits").mkdir()
        (fake.folder / "hits" / "donor.genome.bed").write_text(
            f"{contig}\t100200\t100212\t{name}\t700\t+\t0.9\t0.8\t0.7\t5\t0.01\t+\t{contig}\n"
            f"{contig}\t101500\t101512\t{name}\t900\t-\t1.9\t0.9\t0.9\t7\t0.001\t+\t{contig}\n"
        )
        (fake.folder / "motifs" / "donor" / "seqlets.bed").write_text(
            f"{contig}\t101502\t101510\t{name}\t376\t-\t0.64\t3.1e-06\t+\tsite\t0.0122\n"
        )
        page = write_browser(fake.folder, folder / "report", f"Genome {name}", genome=folder / "genome.fa")
        assert page is not None
        return page, fake

    return make


@pytest.fixture(scope="module")
def genome_page(made: Callable[..., Any]) -> Path:
    return made()[0]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`visit(page file, hash)`; at the end, nothing was asked for outside the page's folder and nobody complained."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    asked: list[str] = []
    complaints: list[str] = []
    folders: list[str] = []

    def open_page(file: Path, place: str = "") -> Page:
        folders.append(file.parent.as_uri())
        page = context.new_page()
        page.on("request", lambda r: asked.append(r.url))
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        page.on("dialog", lambda d: (complaints.append(d.message), d.dismiss()))
        page.goto(file.as_uri() + (f"#{quote(place)}" if place else ""))
        page.wait_for_selector("body[data-ready]")
        return page

    yield open_page
    context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith((folders[0], "data:"))] == []


def table(page: Page) -> dict[int, tuple[str, float]]:
    """Base and relevance by 1-based position, of the letters in view."""
    if page.get_attribute("#as-text", "open") is None:
        page.click("#as-text summary")
    page.wait_for_selector("#bases tbody tr")
    rows = page.eval_on_selector_all(
        "#bases tbody tr", "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    value = {"exactly 0": "0"}
    return {
        int(at.replace(",", "")): (base, float(value.get(text, text).replace("\u2212", "-"))) for at, base, text in rows
    }


def shows(page: Page, region: str) -> None:
    expect(page.locator("#region")).to_have_value(region)


def test_opens_at_the_best_hit(genome_page: Path, visit: Callable[..., Page]) -> None:
    page = visit(genome_page)
    shows(page, "chrFake:101,461-101,552")
    assert page.title() == "Genome pos_0: genome browser"
    labels = page.evaluate(
        "[...document.getElementById('igv').shadowRoot.querySelectorAll('.igv-track-label')].map(l => l.textContent)"
    )
    assert labels == [
        "Relevance: donor", "Windows per base: donor", "Relevance of 80 windows: donor", "Relevance of 80 windows: acceptor",
        "Hits: donor.genome", "Seqlets: donor",
    ]  # fmt: skip


def test_letters_stand_at_their_bases(
    genome_page: Path, visit: Callable[..., Page], sequence: str, track: np.ndarray
) -> None:
    page = visit(genome_page, "chrFake:101,001-101,080")
    expect(page.locator("#described")).to_contain_text("Relevance: donor: 80 bases")
    wanted = {
        at: (sequence[at - 1], pytest.approx(track[at - 1 - TRACK_START], abs=1e-3)) for at in range(101_001, 101_081)
    }
    assert table(page) == wanted
    strongest = max(range(101_001, 101_081), key=lambda at: abs(track[at - 1 - TRACK_START]))
    expect(page.locator("#described")).to_contain_text(f"strongest {sequence[strongest - 1]} at chrFake:{strongest:,}")


def test_drawn_letters_have_height_side_and_colour(
    genome_page: Path, visit: Callable[..., Page], sequence: str, track: np.ndarray
) -> None:
    """The canvas itself: in the middle of each of the tall T, the stem's colour, above the line or below it."""
    page = visit(genome_page, "chrFake:101,001-101,080")
    expect(page.locator("#described")).to_contain_text("80 bases")
    lines = page.evaluate(
        """() => {
          const viewport = document.getElementById('igv').shadowRoot.querySelectorAll('.igv-viewport');
          const canvas = [...viewport].find(v => v.textContent.includes('Relevance: donor')).querySelector('canvas');
          const shift = canvas.getBoundingClientRect().x - canvas.parentElement.parentElement.getBoundingClientRect().x;
          const wide = canvas.parentElement.parentElement.clientWidth, ratio = canvas.width / canvas.clientWidth;
          const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          const orange = (p) => data[p] > 200 && data[p + 1] > 80 && data[p + 1] < 110 && data[p + 2] < 20;
          return Array.from({length: 80}, (_, i) => {
            const x = Math.round(((i + 0.5) * wide / 80 - shift) * ratio);
            const rows = [];
            for (let y = 0; y < canvas.height; y++)
              if (orange(4 * (y * canvas.width + x))) rows.push(y / canvas.height);
            return rows.length ? [Math.min(...rows), Math.max(...rows)] : null;
          });
        }"""
    )
    values = track[1000:1080]
    top, bottom = values.max(), values.min()
    seen = 0
    for i in range(80):
        if sequence[101_000 + i] != "T":
            assert lines[i] is None, i
        elif abs(values[i]) > 0.2:
            ends = sorted([(top - values[i]) / (top - bottom), top / (top - bottom)])
            assert lines[i] == pytest.approx(ends, abs=0.04), i
            seen += 1
    assert seen > 5


def test_windows_of_the_report_have_letters_where_the_track_has_none(
    made: Callable[..., Any], visit: Callable[..., Page]
) -> None:
    file, fake = made()
    regions = fake.regions
    alone = [
        i
        for i, r in regions.iterrows()
        if r.strand == "-" and not ((regions.start < r.end) & (regions.end > r.start)).drop(index=i).any()
        and (r.end < TRACK_START or r.start > TRACK_START + 2000)
    ]  # fmt: skip
    region, relevance = regions.iloc[alone[0]], fake.relevance[alone[0]]
    page = visit(file, f"chrFake:{region.start + 1}-{region.end}")
    expect(page.locator("#described")).to_contain_text(f"Relevance of 80 windows: {region.label}: 200 bases")
    found = table(page)
    assert [found[at][1] for at in range(region.start + 1, region.end + 1)] == pytest.approx(relevance[::-1], abs=1e-3)


def test_region_box(genome_page: Path, visit: Callable[..., Page]) -> None:
    page = visit(genome_page)

    def go(text: str) -> None:
        page.fill("#region", text)
        page.press("#region", "Enter")

    for text, region in [
        ("chrFake:100,101-100,150", "chrFake:100,101-100,150"),
        ("chrFake:100150-100101", "chrFake:100,101-100,150"),
        ("200,000", "chrFake:199,951-200,050"),
        ("chrFake:399,990-900,000", "chrFake:399,981-400,000"),
        ("POS_0", "chrFake:100,157-100,256"),
        ("chrFake", "chrFake:1-400,000"),
    ]:
        go(text)
        shows(page, region)
    go("no such gene")
    expect(page.locator("#said")).to_contain_text("Nothing is called \u201cno such gene\u201d")
    go("chrFake:900000")
    expect(page.locator("#said")).to_contain_text("Nothing is called")


def test_moving_by_button_key_and_mouse(genome_page: Path, visit: Callable[..., Page]) -> None:
    page = visit(genome_page, "chrFake:100,401-100,500")
    page.click("#in")
    shows(page, "chrFake:100,426-100,475")
    page.click("#out")
    shows(page, "chrFake:100,401-100,500")
    page.click("#right")
    shows(page, "chrFake:100,426-100,525")
    page.focus("#igv")
    page.keyboard.press("ArrowLeft")
    shows(page, "chrFake:100,406-100,505")
    page.keyboard.press("Shift+ArrowRight")
    shows(page, "chrFake:100,506-100,605")
    page.keyboard.press("-")
    shows(page, "chrFake:100,456-100,655")
    page.keyboard.press("n")
    shows(page, "chrFake:101,457-101,556")
    expect(page.locator("#said")).to_contain_text(
        "Hits: donor.genome: pos_0, chrFake:101,501-101,512 (\u2212), score 900"
    )
    page.keyboard.press("p")
    shows(page, "chrFake:100,157-100,256")
    page.mouse.move(700, 420)
    page.mouse.down()
    page.mouse.move(500, 420, steps=8)
    page.mouse.up()
    expect(page.locator("#region")).not_to_have_value("chrFake:100,157-100,256")
    start = int(re.findall(r":([\d,]+)", page.input_value("#region"))[0].replace(",", ""))
    assert 100_157 < start < 100_190  # 200 of about 1,130 pixels to the left: some 18 bases on
    assert page.evaluate("location.hash").startswith(f"#chrFake:{start}-")


def test_address_and_copy(genome_page: Path, visit: Callable[..., Page]) -> None:
    page = visit(genome_page, "chrFake:100,401-100,500")
    page.evaluate("location.hash = '#chrFake:100601-100700'")
    shows(page, "chrFake:100,601-100,700")
    page.click("#copy")
    expect(page.locator("#said")).to_have_text("Copied chrFake:100601-100700")
    assert page.evaluate("navigator.clipboard.readText()") == "chrFake:100601-100700"


def test_features_and_bases_can_be_clicked(genome_page: Path, visit: Callable[..., Page], sequence: str) -> None:
    page = visit(genome_page, "chrFake:101,457-101,556")
    where = """(label) => {
      const found = [...document.getElementById('igv').shadowRoot.querySelectorAll('.igv-viewport')];
      const box = found.find(v => v.textContent.includes(label)).getBoundingClientRect();
      return [box.x, box.y, box.width, box.height];
    }"""

    def click(label: str, at: int, down: float) -> None:
        x, y, wide, tall = page.evaluate(where, label)
        page.mouse.click(x + (at - 101_457 + 0.5) * wide / 100, y + down * tall)

    click("Hits: donor", 101_505, 0.2)
    expect(page.locator("#said")).to_contain_text("Hits: donor.genome: pos_0")
    expect(page.locator("#said")).to_contain_text("relevance 1.9, similarity 0.9")
    click("Seqlets: donor", 101_505, 0.2)
    expect(page.locator("#said")).to_contain_text("Seqlets: donor: pos_0, chrFake:101,503-101,510")
    page.wait_for_timeout(600)  # igv.js takes two clicks within half a second as one double click
    click("Relevance: donor", 101_530, 0.5)
    expect(page.locator("#said")).to_contain_text(f"{sequence[101_529]} at chrFake:101,530: relevance")


def test_hostile_names_do_not_run(made: Callable[..., Any], visit: Callable[..., Page]) -> None:
    contig = 'chr:1:"><script>alert(2)</script>&%41'.replace(" ", "")
    file, _ = made(contig=contig, name=HOSTILE)
    page = visit(file)
    shows(page, f"{contig}:101,461-101,552")
    assert page.inner_text("h1") == f"Genome {HOSTILE}: genome browser"
    page.fill("#region", f"{contig}:100,401-100,500")
    page.press("#region", "Enter")
    shows(page, f"{contig}:100,401-100,500")
    page.click("#next")
    expect(page.locator("#said")).to_contain_text(HOSTILE)
    page.fill("#region", HOSTILE)
    page.press("#region", "Enter")
    shows(page, f"{contig}:100,157-100,256")
    page.fill("#region", "<b>x</b>")
    page.press("#region", "Enter")
    expect(page.locator("#said")).to_contain_text("\u201c<b>x</b>\u201d")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    shows(page, f"{contig}:100,157-100,256")
    assert page.locator("main img").count() == 0


def test_large_files_by_path(
    made: Callable[..., Any], browser: Browser, visit: Callable[..., Page], sequence: str, track: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Too large to embed: from disk the windows still have letters, and a web server without ranges shows all."""
    monkeypatch.setattr("lrpgen.report.browser.EMBEDDED_BYTES", 1000)
    file, fake = made()
    region = fake.regions.iloc[0]
    page = visit(file, f"chrFake:{region.start + 1}-{region.end}")
    expect(page.locator("#served")).to_contain_text("Not shown: donor.relevance.bw, donor.coverage.bw, genome.fa, too")
    found = table(page)
    assert (
        "".join(found[at][0] for at in range(region.start + 1, region.end + 1)) == sequence[region.start : region.end]
    )

    handler = functools.partial(Quiet, directory=file.parents[1])
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/report/browser.html#chrFake:101,001-101,080")
        page.wait_for_selector("body[data-ready]")
        expect(page.locator("#described")).to_contain_text("Relevance: donor: 80 bases")
        assert page.locator("#served").is_hidden()
        assert table(page)[101_044] == (sequence[101_043], pytest.approx(track[1043], abs=1e-3))
        page.close()
        server.shutdown()


def test_without_a_genome_there_are_bars(made: Callable[..., Any], visit: Callable[..., Page]) -> None:
    file, fake = made()
    without = write_browser(fake.folder, file.parents[1] / "other", "No genome")
    assert without is not None
    page = visit(without, "chrFake:101,001-101,080")
    expect(page.locator("#described")).to_have_text("No letters: the FASTA of the tracks was not found.")
    shows(page, "chrFake:101,001-101,080")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (420, "light")])
def test_fits_the_screen(browser: Browser, genome_page: Path, width: int, scheme: Any) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(genome_page.as_uri())
    page.wait_for_selector("body[data-ready]")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click("#letters")
    expect(page.locator("#described")).to_contain_text("bases with a value in view")
    context.close()
