"""The report in a real browser, from disk: nothing fetched, no errors, table and base-level view work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Dialog, Page

from lrpgen.report import write_report

pytestmark = pytest.mark.browser


class Watched:
    """A page with everything it asked for and complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda r: self.requests.append(r.url))
        page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: self.complaints.append(str(e)))
        page.on("dialog", self._dialog)

    def _dialog(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    watched = Watched(context.new_page())
    watched.page.goto(report.as_uri())
    yield watched
    assert watched.complaints == []
    assert watched.requests == [report.as_uri()]
    context.close()


def rows(page: Page) -> list[list[str]]:
    return page.eval_on_selector_all(
        "#loci-table tbody tr", "rows => rows.map(r => [...r.cells].map(c => c.textContent))"
    )


def letters(page: Page) -> list[dict[str, Any]]:
    """What is drawn: for each base index, letter, coordinate and relevance, as the page's own attributes say."""
    found = page.eval_on_selector_all("#canvas .hit", "hits => hits.map(h => ({...h.dataset}))")
    return [
        {"i": int(f["i"]), "base": f["base"], "at": int(f["position"]), "relevance": float(f["relevance"])}
        for f in found
    ]


def test_opens_with_a_locus_drawn(opened: Watched) -> None:
    assert opened.page.title() == "Browser test"
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


def test_reverse_complement_switch(opened: Watched) -> None:
    page = opened.page
    card = page.locator(".card").first
    assert card.locator(".forward").is_visible()
    card.locator(".flip").click()
    assert card.locator(".flip").get_attribute("aria-pressed") == "true"
    assert card.locator(".reverse").is_visible()
    assert not card.locator(".forward").is_visible()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (400, "light")])
def test_looks(browser: Browser, report: Path, tmp_path: Path, width: int, scheme: Any) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # wide parts scroll inside their boxes
    picture = tmp_path / f"report_{scheme}_{width}.png"
    page.screenshot(path=picture, full_page=True)
    assert picture.stat().st_size > 20_000
    context.close()


def test_hostile_names_do_nothing(browser: Browser, build: Callable[..., Any], tmp_path: Path) -> None:
    name = "\"'><script>alert(1)</script><img src=x onerror=alert(2)></script>"
    fake = build(tmp_path / "sample", contig=name, sites=20)
    out = write_report(fake.folder, tmp_path / "out.html", title=name)
    context = browser.new_context()
    watched = Watched(context.new_page())
    watched.page.goto(out.as_uri())
    watched.page.click("#loci-table tbody tr button")
    watched.page.hover(".hit[data-i='100']")
    assert watched.page.title() == name
    assert name[:80] in watched.page.inner_text("#viewer-title")
    assert watched.complaints == []
    assert watched.requests == [out.as_uri()]
    context.close()


def test_positions_inside_sequences(browser: Browser, build: Callable[..., Any], tmp_path: Path) -> None:
    fake = build(tmp_path / "sample", source="sequences", sites=20)
    out = write_report(fake.folder, tmp_path / "out.html")
    context = browser.new_context()
    watched = Watched(context.new_page())
    watched.page.goto(out.as_uri())
    watched.page.click("#zoom-full")
    assert [d["at"] for d in letters(watched.page)] == list(range(1, fake.relevance.shape[1] + 1))
    assert "positions in the sequence" in watched.page.inner_text("#canvas")
    assert watched.complaints == []
    context.close()
