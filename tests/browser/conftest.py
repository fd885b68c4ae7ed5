"""A report from a fake results folder and a headless Chromium that records what the page does."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, sync_playwright

from lrpgen.report import write_report

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip


def _load(path: Path) -> ModuleType:
    """A module by its file: the test folders are no packages."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def chromium() -> str:
    """Path of Chromium. Without one: a failure in CI, where it must run, and a skip with the reason elsewhere."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found:
        return found
    reason = (
        "no Chromium on this machine; install it (Debian: apt-get install chromium) to test the report in a browser"
    )
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: the folder that SCREENSHOTS names, as .ci/run does, else among the temporary files."""
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def fakes() -> ModuleType:
    """The fake results of the report's own tests."""
    reports = Path(__file__).parents[1] / "report"
    _load(reports / "fake_further.py")
    return _load(reports / "fake_results.py")


@pytest.fixture(scope="session")
def build(fakes: ModuleType) -> Callable[..., Any]:
    """`build(folder, contig=..., source=..., sites=...)`."""
    return fakes.build


@pytest.fixture(scope="session")
def track(fakes: ModuleType) -> np.ndarray:
    """Values of the fake genome track, from base 100,000 on."""
    return fakes.TRACK


@pytest.fixture(scope="session")
def fake(build: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    return build(tmp_path_factory.mktemp("results") / "sample", further=True)


@pytest.fixture(scope="session")
def report(fake: Any) -> Path:
    return write_report(fake.folder, fake.folder / "report" / "index.html", title="Browser test")
