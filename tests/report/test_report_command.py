"""`lrpgen report` from the outside: one line per mistake, exit code 2, nothing half-written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from fake_results import Fake


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lrpgen.cli.main", "report", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def assert_one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("lrpgen: error: ")
    for word in words:
        assert word in lines[0]


def test_report_is_written_with_title_and_config(fake: Fake, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("seed: 41\n")
    out = tmp_path / "deep" / "index.html"
    done = run(fake.folder, "-o", out, "--title", "My splice sites", "--config", config)
    assert done.returncode == 0, done.stderr
    assert "<title>My splice sites</title>" in out.read_text(encoding="utf-8")
    assert "seed: 41" in (out.parent / "methods.html").read_text(encoding="utf-8")


def test_missing_folder(tmp_path: Path) -> None:
    assert_one_line(run(tmp_path / "none", "-o", tmp_path / "out" / "index.html"), "does not exist")
    assert list(tmp_path.iterdir()) == []


def test_missing_config(fake: Fake, tmp_path: Path) -> None:
    assert_one_line(
        run(fake.folder, "-o", tmp_path / "out" / "index.html", "--config", tmp_path / "no.yaml"), "no.yaml"
    )
    assert list(tmp_path.iterdir()) == []


def test_output_that_cannot_be_written(fake: Fake, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert_one_line(run(fake.folder, "-o", blocked / "index.html"), "cannot write here")
    assert blocked.read_text() == "in the way"


def test_help_has_an_example() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "Example:" in done.stdout
