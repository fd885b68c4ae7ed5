"""A results folder and its report, made once per test run."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_further import benchmarks
from fake_results import Fake, build
from page_reading import Report

from lrpgen.report import write_report


@pytest.fixture(scope="session")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Fake:
    found = build(tmp_path_factory.mktemp("run") / "results" / "sample", further=True)
    benchmarks(found.folder)
    return found


@pytest.fixture(scope="session")
def page(fake: Fake) -> Path:
    return write_report(fake.folder, fake.folder / "report" / "index.html", title="Test run")


@pytest.fixture(scope="session")
def report(page: Path) -> Report:
    return Report(page)
