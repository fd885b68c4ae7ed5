"""Tests of one file run in one process, one after the other; those on a real SLURM, which come first, share one as well."""

from __future__ import annotations

from typing import Any

import pytest

FIRST = ("cluster", "workflow", "browser")  # the longest, and much of their time is waiting


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: FIRST.index(_room(item.nodeid)) if _room(item.nodeid) in FIRST else len(FIRST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "cluster" if _room(nodeid) == "cluster" else nodeid.split("::")[0]

    return ByFile(config, log)


def _room(nodeid: str) -> str:
    """The folder in tests/."""
    return nodeid.split("/")[1]
