"""Folders to run the workflow in."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from workflow_setting import ROOT, write_setting


@pytest.fixture
def setting(tmp_path: Path) -> Callable[..., Path]:
    """Make the setting in a fresh folder: `setting(genes="splice-sites", ...)`."""

    def make(**samples: str) -> Path:
        write_setting(tmp_path, samples)
        return tmp_path

    return make


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of what a user sees at the top of the repository and the workflow reads, without results."""
    for name in ("config", "data", "envs", "profiles", "workflow"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "Snakefile", tmp_path)
    return tmp_path
