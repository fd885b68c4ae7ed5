"""The report in a real browser, from disk: nothing from outside, no errors, table and base-level view work."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from lrpgen.report import write_report
from lrpgen.report.page import PAGES

pytestmark = pytest.mark.browser
NAMES = [page.file for page in PAGES]
PATIENCE = 5  # seconds for one step with 20,000 loci, on a busy machine; what it took is printed


class Watched:
    """A page with everything it asked for and complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda r: self.requests.append(r.url))
        page.on("requestfailed", lambda r: self.complaints.append(f"no answer: {r.url}"))
        page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: self.complaints.append(str(e)))
        page.on("dialog", self._dialog)

    def _dialog(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def loci(self, report: Path) -> Watched:
        """Open the loci page and wait until the first locus is drawn."""
        self.page.goto((report.parent / "loci.html").as_uri())
        self.page.wait_for_selector("#canvas .hit")
        return self

    def assert_quiet(self, report: Path) -> None:
        """No error, no dialog, and nothing read but the report's own files and the pictures inside its pages."""
        assert self.complaints == []
        own = (report.parent.as_uri() + "/", "data:image/svg+xml;base64,")
        assert [url for url in self.requests if not url.startswith(own)] == []


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Watched(context.new_page())
    context.close()


@pytest.fixture
def opened(watched: Watched, report: Path) -> Iterator[Watched]:
    yield watched.loci(report)
    watched.assert_quiet(report)


def rows(page: Page) -> list[list[str]]:
    """All rows of the table, as they come into sight while it is scrolled."""
    return page.evaluate("""async () => {
      const box = document.getElementById("loci-box"), found = new Map();
      for (box.scrollTop = 0; ; box.scrollTop += 300) {
        await new Promise(requestAnimationFrame);
        await new Promise(requestAnimationFrame);
        for (const row of box.querySelectorAll("tbody tr:not(.spacer)")) {
          found.set(Number(row.getAttribute("aria-rowindex")), [...row.cells].map((cell) => cell.textContent));
        }
        if (box.scrollTop + box.clientHeight >= box.scrollHeight - 1) break;
      }
      box.scrollTop = 0;
      return [...found.entries()].sort((a, b) => a[0] - b[0]).map((entry) => entry[1]);
    }""")


def letters(page: Page) -> list[dict[str, Any]]:
    """What is drawn: for each base index, letter, coordinate and relevance, as the page's own attributes say."""
    found = page.eval_on_selector_all("#canvas .hit", "hits => hits.map(h => ({...h.dataset}))")
    return [
        {"i": int(f["i"]), "base": f["base"], "at": int(f["position"]), "relevance": float(f["relevance"])}
        for f in found
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_page_opens(watched: Watched, report: Path, name: str) -> None:
    watched.page.goto((report.parent / name).as_uri())
    assert watched.page.locator("h2").first.is_visible()
    watched.assert_quiet(report)


def test_navigation(watched: Watched, report: Path) -> None:
    """From the first page through all of them and back, by the links that a reader sees."""
    page = watched.page
    page.goto(report.as_uri())
    for one in (*PAGES[1:], PAGES[0]):
        page.click(f"nav a:text-is('{one.title}')")
        assert page.url == (report.parent / one.file).as_uri()
        assert page.inner_text("nav a[aria-current=page]") == one.title
    page.click(".findings a:text-is('See motifs')")
    assert page.url == (report.parent / "motifs.html").as_uri() + "#logos"
    watched.assert_quiet(report)


def test_an_example_of_a_pattern_opens_its_locus(watched: Watched, report: Path) -> None:
    page = watched.page
    page.goto((report.parent / "motifs.html").as_uri())
    link = page.locator(".card a[href^='loci.html#']").first
    start, end = link.inner_text().split(":")[1].split(" ")[0].replace(",", "").split("\u2013")
    link.click()
    page.wait_for_selector("#canvas .hit")
    at = {d["at"] for d in letters(page)}
    assert {int(start), int(end)} <= at
    assert page.locator("#loci-table tr[aria-selected=true]").is_visible()
    watched.assert_quiet(report)


def test_bases_come_when_they_are_asked_for(browser: Browser, build: Callable[..., Any], tmp_path: Path) -> None:
    """800 loci of 200 bases lie in three files; the last is read when the last locus is chosen."""
    report = write_report(build(tmp_path / "sample", sites=400).folder, tmp_path / "out" / "index.html")
    context = browser.new_context()
    watched = Watched(context.new_page()).loci(report)
    read = [Path(url).name for url in watched.requests]
    assert read == ["loci.html", "loci.js", "bases_0.js"]
    page = watched.page
    page.focus("#loci-table tbody tr:not(.spacer) button")
    page.keyboard.press("End")
    with page.expect_request("**/bases_2.js"):
        page.keyboard.press("Enter")
    expect(page.locator("#loci-table tr[aria-rowindex='801']")).to_have_attribute("aria-selected", "true")
    watched.assert_quiet(report)
    (report.parent / "data" / "bases_1.js").unlink()
    text = (report.parent / "data" / "loci.js").read_text()
    table = json.loads(text[text.index("{") : text.rindex(")")])
    page.fill("#filter-text", dict(zip(table["fields"], table["rows"][400], strict=True))["name"])
    page.click("#loci-table tbody tr button")
    expect(page.locator("#viewer-sub")).to_have_text(
        "data/bases_1.js could not be read; it has to lie beside this page"
    )
    context.close()


def test_opens_with_a_locus_drawn(opened: Watched) -> None:
    assert opened.page.title() == "Loci \u00b7 Browser test"
    assert len(letters(opened.page)) == 60
    assert "test part" in opened.page.inner_text("#viewer-sub")
    assert opened.page.locator("#canvas use").count() > 5


def test_sorting(opened: Watched) -> None:
    page = opened.page
    assert page.get_attribute("th:has([data-key=logit])", "aria-sort") == "descending"
    for key, column in (("probability", 4), ("sum", 6), ("half", 8)):
        page.click(f"[data-key={key}]")
        assert page.get_attribute(f"th:has([data-key={key}])", "aria-sort") == "descending"
        falling = [float(r[column].split("\u202f")[0].replace("\u2212", "-")) for r in rows(page)]
        assert falling == sorted(falling, reverse=True)
        page.focus(f"[data-key={key}]")
        page.keyboard.press("Enter")
        assert page.get_attribute(f"th:has([data-key={key}])", "aria-sort") == "ascending"
        rising = [float(r[column].split("\u202f")[0].replace("\u2212", "-")) for r in rows(page)]
        assert rising == sorted(rising)
    page.click("[data-key=position]")
    starts = [int(r[0].split(":")[1].split("\u2013")[0].replace(",", "")) for r in rows(page)]
    assert starts == sorted(starts)
    assert page.locator("th[aria-sort]:not([aria-sort=none])").count() == 1


def test_filtering(opened: Watched, fake: Any) -> None:
    page, regions = opened.page, fake.regions
    assert len(rows(page)) == len(regions)
    page.select_option("#filter-class", "donor")
    page.select_option("#filter-split", "test")
    wanted = regions[(regions["label"] == "donor") & (regions["split"] == "test")]
    assert len(rows(page)) == len(wanted) > 0
    assert {(r[2], r[3]) for r in rows(page)} == {("donor", "test")}
    assert page.inner_text("#shown") == f"{len(wanted)} of {len(regions)}"
    page.select_option("#filter-strand", "-")
    assert len(rows(page)) == (wanted["strand"] == "-").sum()
    for name in ("class", "split", "strand"):
        page.select_option(f"#filter-{name}", "")
    region = regions.iloc[7]
    inside = int(region["start"]) + 50
    page.fill("#filter-text", f"{inside:,}")
    covering = (regions["start"] < inside) & (regions["end"] >= inside)
    assert len(rows(page)) == covering.sum() >= 1
    page.fill("#filter-text", "no such name")
    assert rows(page) == []


@pytest.mark.parametrize("strand", ["+", "-"])
def test_letters_stand_at_their_bases(opened: Watched, fake: Any, strand: str) -> None:
    page, regions = opened.page, fake.regions
    i = int(np.flatnonzero((regions["label"] == "donor") & (regions["strand"] == strand))[3])
    region, width = regions.iloc[i], fake.relevance.shape[1]
    page.fill("#filter-text", region["name"])
    page.click("#loci-table tbody tr button")
    page.click("#zoom-full")
    expect(page.locator("#viewer-sub")).to_contain_text(region["name"])
    expect(page.locator("#canvas .hit")).to_have_count(width)
    drawn = letters(page)
    assert [d["i"] for d in drawn] == list(range(width))
    assert "".join(d["base"] for d in drawn) == "".join("ACGT"[c.argmax()] for c in fake.onehot[i].T)
    for d in drawn:
        zero_based = region["start"] + d["i"] if strand == "+" else region["end"] - 1 - d["i"]
        assert d["at"] == zero_based + 1
        assert d["relevance"] == pytest.approx(fake.relevance[i, d["i"]], abs=1e-4)
    page.click("#zoom-middle")
    assert [d["i"] for d in letters(page)] == list(range(width // 2 - 30, width // 2 + 30))
    page.hover(f".hit[data-i='{width // 2}']")
    at = region["start"] + width // 2 + 1 if strand == "+" else region["end"] - width // 2
    said = page.inner_text("#readout")
    assert said.startswith(
        f"G at {region['chrom']}:{at:,} ({strand.replace('-', chr(0x2212))}), +1 from the splice boundary"
    )
    assert f"{fake.relevance[i, width // 2]:+.4f}" in said


def test_the_tallest_letter_is_the_strongest_base(opened: Watched, fake: Any) -> None:
    """The drawn shapes, not the attributes: the highest letter lies over the base with the largest relevance."""
    page = opened.page
    boxes = page.eval_on_selector_all(
        "#canvas use",
        "us => us.map(u => [u.getAttribute('href'), u.getBoundingClientRect()]).map(([h, b]) => [h, b.x, b.height])",
    )
    name, x, _ = max(boxes, key=lambda box: box[2])
    strongest = max(letters(page), key=lambda d: abs(d["relevance"]))
    assert name == f"#glyph-{strongest['base']}"
    box = page.locator(f".hit[data-i='{strongest['i']}']").bounding_box()
    assert box is not None
    assert box["x"] == pytest.approx(x, abs=1.5)


def test_keyboard_alone(opened: Watched) -> None:
    page = opened.page
    page.focus("#loci-table tbody tr:nth-child(1) button")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.get_attribute("#loci-table tbody tr:nth-child(2)", "aria-selected") == "true"
    page.focus("#canvas")
    page.keyboard.press("ArrowRight")
    first = page.inner_text("#readout")
    page.keyboard.press("ArrowRight")
    assert "+1 from the splice boundary" in first
    assert "+2 from the splice boundary" in page.inner_text("#readout")


def test_the_keyboard_reaches_rows_out_of_sight(opened: Watched, fake: Any) -> None:
    page, last = opened.page, len(fake.regions) + 1
    page.focus("#loci-table tbody tr:nth-child(1) button")
    page.keyboard.press("End")
    focused = "document.activeElement.closest('tr').getAttribute('aria-rowindex')"
    assert page.evaluate(focused) == str(last)
    page.keyboard.press("ArrowUp")
    assert page.evaluate(focused) == str(last - 1)
    page.keyboard.press("PageUp")
    assert 2 < int(page.evaluate(focused)) < last - 1
    page.keyboard.press("Home")
    assert page.evaluate(focused) == "2"
    assert page.get_attribute("#loci-table", "aria-rowcount") == str(last)


def test_reverse_complement_switch(watched: Watched, report: Path) -> None:
    page = watched.page
    page.goto((report.parent / "motifs.html").as_uri())
    card = page.locator(".card").first
    assert card.locator(".forward").is_visible()
    card.locator(".flip").click()
    assert card.locator(".flip").get_attribute("aria-pressed") == "true"
    assert card.locator(".reverse").is_visible()
    assert not card.locator(".forward").is_visible()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (400, "light"), (400, "dark")])
def test_looks(browser: Browser, report: Path, pictures: Path, width: int, scheme: Any) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    for name in NAMES:
        page.goto((report.parent / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width  # wide parts scroll inside their boxes
        picture = pictures / f"{Path(name).stem}_{scheme}_{width}.png"
        page.screenshot(path=picture, full_page=True)
        assert picture.stat().st_size > 15_000
    context.close()


def test_twenty_thousand_loci(
    browser: Browser, build: Callable[..., Any], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Few rows exist at a time, so sorting, searching and scrolling stay quick; the times are printed, not judged."""
    report = write_report(build(tmp_path / "sample", sites=10_500).folder, tmp_path / "out" / "index.html")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE)

    def timed(what: str, script: str) -> None:
        """Milliseconds until the browser has drawn what `script` set off."""
        took = page.evaluate(f"""async () => {{
          const start = performance.now();
          {script};
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          return Math.round(performance.now() - start);
        }}""")
        record_property(what, took)
        print(f"20,000 loci, {what}: {took} ms")

    start = time.perf_counter()
    Watched(page).loci(report)
    print(f"20,000 loci, open: {1000 * (time.perf_counter() - start):.0f} ms")
    assert page.inner_text("#shown") == "20,000 of 20,000"
    timed("sort", "document.querySelector('[data-key=sum]').click()")
    sums = [float(r[6].replace("\u2212", "-")) for r in visible(page)]
    assert sums == sorted(sums, reverse=True)
    timed("scroll to the end", "document.getElementById('loci-box').scrollTop = 1e9")
    expect(page.locator("#loci-table tr[aria-rowindex='20001']")).to_be_visible()
    assert 10 < len(visible(page)) < 60
    name = "document.getElementById('filter-text')"
    timed("search", f"{name}.value = 'donor:'; {name}.dispatchEvent(new Event('input', {{bubbles: true}}))")
    assert page.inner_text("#shown") == "10,000 of 20,000"
    context.close()


def visible(page: Page) -> list[list[str]]:
    """Rows that exist in the page."""
    return page.eval_on_selector_all(
        "#loci-table tbody tr:not(.spacer)", "rows => rows.map(r => [...r.cells].map(c => c.textContent))"
    )


@pytest.mark.parametrize(
    "name",
    [
        "\"'><script>alert(1)</script><img src=x onerror=alert(2)></script>",
        "\u202e\u0627\u0644 \u4e2d\U0001f9ec</tr><svg onload=alert(3)>\u2028`${alert(4)}`",
        "x" * 200,
        "');alert(5);//<!--",
    ],
    ids=["tags", "unicode", "long", "quotes"],
)
def test_hostile_names_do_nothing(watched: Watched, build: Callable[..., Any], tmp_path: Path, name: str) -> None:
    fake = build(tmp_path / "sample", contig=name, sites=20, further=True)
    report = write_report(fake.folder, tmp_path / "out" / "index.html", title=name)
    page = watched.page
    for one in NAMES:
        page.goto((report.parent / one).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    watched.loci(report)
    page.click("#loci-table tbody tr button")
    page.hover(".hit[data-i='100']")
    assert name in page.evaluate("document.title")
    assert name[:80] in page.evaluate("document.getElementById('viewer-title').textContent")
    watched.assert_quiet(report)


def test_positions_inside_sequences(watched: Watched, build: Callable[..., Any], tmp_path: Path) -> None:
    fake = build(tmp_path / "sample", source="sequences", sites=20)
    report = write_report(fake.folder, tmp_path / "out" / "index.html")
    page = watched.loci(report).page
    page.click("#zoom-full")
    assert [d["at"] for d in letters(page)] == list(range(1, fake.relevance.shape[1] + 1))
    assert "positions in the sequence" in page.inner_text("#canvas")
    watched.assert_quiet(report)
