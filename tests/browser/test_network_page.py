"""The network's page in a real browser, from disk: the class switch, channels by mouse and by keyboard."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from lrpgen.report import write_report

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def made(build: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path]:
    fake = build(tmp_path_factory.mktemp("network") / "sample", sites=20, further=True)
    path = Path(__file__).parents[1] / "report" / "fake_network.py"
    spec = importlib.util.spec_from_file_location("fake_network", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.write(fake.folder)
    return found, write_report(fake.folder, fake.folder / "report" / "index.html").parent / "network.html"


@pytest.fixture
def page(browser: Browser, made: tuple[dict, Path]) -> Iterator[Page]:
    """The page, open; nothing is asked for from outside and nobody complains."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    opened, complaints, asked = context.new_page(), [], []
    opened.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(made[1].as_uri())
    yield opened
    assert complaints == []
    assert [url for url in asked if not url.startswith((made[1].parent.as_uri(), "data:"))] == []
    context.close()


def test_a_first_layer_channel_shows_logo_numbers_and_maps(page: Page, made: tuple[dict, Path], pictures: Path) -> None:
    found = made[0]
    page.locator("figure.network:visible .node[data-node='0']").click()
    expect(page.locator("#chosen-title")).to_have_text(f"conv1 {found['nodes'][0]['name']}")
    expect(page.locator("[data-logo='0']")).to_be_visible()
    expect(page.locator("[data-logo='1']")).to_be_hidden()
    expect(page.locator("#chosen-rows tr")).to_have_count(2)
    expect(page.locator("#chosen-heat svg")).to_have_count(2)
    heat = found["nodes"][0]["heat"]["donor"]
    best = max(range(len(heat)), key=lambda i: abs(heat[i]))
    label = page.locator("#chosen-heat svg").first.get_attribute("aria-label") or ""
    assert f"at position {best + 1} of {len(heat)}" in label
    expect(page.locator("#chosen-unit svg use").first).to_be_attached()
    page.screenshot(path=pictures / "network.png", full_page=True)


def test_the_keyboard_is_enough(page: Page, made: tuple[dict, Path]) -> None:
    last = len(made[0]["nodes"]) - 1
    page.locator(f"figure.network:visible .node[data-node='{last}']").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#chosen")).to_be_visible()
    expect(page.locator("#chosen-title")).to_contain_text("head")
    expect(page.locator("[data-logo]:visible")).to_have_count(0)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    node = made[0]["nodes"][last - 1]
    expect(page.locator("#chosen-title")).to_have_text(f"head {node['name']}")


def test_classes_are_switched(page: Page, pictures: Path) -> None:
    figures = page.locator("figure.network")
    expect(figures.nth(0)).to_be_visible()
    expect(figures.nth(1)).to_be_hidden()
    page.locator("button.group").nth(1).click()
    expect(figures.nth(0)).to_be_hidden()
    expect(figures.nth(1)).to_be_visible()
    expect(page.locator("button.group").nth(1)).to_have_attribute("aria-pressed", "true")
    page.emulate_media(media="print")
    expect(figures.nth(0)).to_be_visible()  # on paper all of them
    page.emulate_media(media="screen", color_scheme="dark")
    page.screenshot(path=pictures / "network-dark.png", full_page=True)
