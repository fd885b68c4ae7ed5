"""A results folder and its page, made once per test run."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_results import Fake, build

from lrpgen.report import write_report


@pytest.fixture(scope="session")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Fake:
    return build(tmp_path_factory.mktemp("results") / "sample")


@pytest.fixture(scope="session")
def page(fake: Fake) -> Path:
    return write_report(fake.folder, fake.folder / "report" / "index.html", title="Test run")


@pytest.fixture(scope="session")
def html(page: Path) -> str:
    return page.read_text(encoding="utf-8")
