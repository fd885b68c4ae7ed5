"""The page of images in a real browser, from disk: maps with their numbers, and the switch that lays them over the images."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lrpgen.images.explain import ImageJob, explain_images
from lrpgen.images.prepare import Preparation, prepare
from lrpgen.images.train import train
from lrpgen.models.training import Training
from lrpgen.report import write_report

pytestmark = pytest.mark.browser
SHIPPED = Path(__file__).parents[2] / "data" / "images" / "fashion_t10k_500.npz"
METHODS = ("epsilon", "plrp-lambda:0.1:epsilon")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder of a network that was trained for a moment, with its report."""
    folder = tmp_path_factory.mktemp("images") / "fashion"
    folder.mkdir()
    images, model = folder / "images.h5", folder / "model.safetensors"
    prepare(SHIPPED, images, how=Preparation(masks="foreground", limit=12))
    few = {"filters": 4, "hidden": 8}
    train(images, model, Training(architecture="simple-cnn", settings=few, epochs=1, threads=1, device="cpu"))
    explain_images(ImageJob(model, images, folder / "explained", METHODS, inputs=3, threads=1, device="cpu"))
    write_report(folder, folder / "report" / "index.html")
    return folder


@pytest.fixture
def page(browser: Browser, results: Path) -> Iterator[Page]:
    """The page, open; nothing is asked for from outside and nobody complains."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    opened, complaints, asked = context.new_page(), [], []
    opened.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto((results / "report" / "images.html").as_uri())
    yield opened
    assert complaints == []
    assert [url for url in asked if not url.startswith(((results / "report").as_uri(), "data:"))] == []
    context.close()


def test_every_map_says_its_numbers(page: Page, results: Path, pictures: Path) -> None:
    summary = json.loads((results / "explained" / "summary.json").read_text())
    maps = page.locator("#images td img")
    expect(maps).to_have_count(3 * (1 + len(METHODS)))
    assert page.evaluate("[...document.querySelectorAll('#images td img')].every(i => i.naturalWidth > 0)")
    for number, example in enumerate(summary["examples"]):
        row = page.locator("#images tbody tr").nth(number)
        expect(row.locator("th")).to_contain_text(example["label"])
        rma = example["values"][METHODS[1]]["rma"]
        assert f"RMA {rma:.3f}," in (row.locator("img").nth(2).get_attribute("alt") or "")
    page.screenshot(path=pictures / "images.png", full_page=True)


def test_maps_lie_over_the_images_when_asked(page: Page) -> None:
    first = page.locator("#images td img.of0").first
    assert first.evaluate("e => getComputedStyle(e).backgroundImage") == "none"
    page.locator("#over").focus()
    page.keyboard.press("Space")
    assert first.evaluate("e => getComputedStyle(e).backgroundImage").startswith('url("data:image/png')
