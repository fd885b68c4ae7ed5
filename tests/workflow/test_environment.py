"""The pins: constraints.txt covers what pyproject.toml asks for, and the conda environment repeats it."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from workflow_setting import ROOT

pytestmark = pytest.mark.workflow


def pins(lines: list[str]) -> dict[str, str]:
    """`name==version` lines to {canonical name: version}; anything else is an error."""
    found = {}
    for line in lines:
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.]*)", line)
        assert match, f"not a plain pin: {line}"
        assert canonicalize_name(match[1]) not in found, f"pinned twice: {match[1]}"
        found[canonicalize_name(match[1])] = match[2]
    return found


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return pins([line for line in lines if line and not line.startswith("#")])


def asked(*extras: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return [r for r in map(Requirement, lines) if r.name != project["name"]]


def closure(todo: list[Requirement]) -> set[str]:
    """Names of everything that `todo` brings along, as far as it is installed here."""
    seen: set[tuple[str, str]] = set()
    while todo:
        wanted = todo.pop()
        name = canonicalize_name(wanted.name)
        for extra in {"", *wanted.extras} - {e for n, e in seen if n == name}:
            seen.add((name, extra))
            try:
                below = map(Requirement, requires(name) or [])
            except PackageNotFoundError:
                continue
            todo += [r for r in below if r.marker is None or r.marker.evaluate({"extra": extra})]
    return {name for name, _ in seen}


def environment_pins() -> dict[str, str]:
    parts = yaml.safe_load((ROOT / "envs/lrpgen.yaml").read_text())["dependencies"]
    (pip,) = [part["pip"] for part in parts if isinstance(part, dict)]
    assert any(str(part).startswith("python=3.") for part in parts)
    assert "pip" in parts
    return pins(pip)


def test_constraints_pin_all_that_is_asked_for() -> None:
    pinned = constraints()
    for wanted in asked("motifs", "compare", "slurm", "docs", "test"):
        assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)]), wanted
    assert closure(asked("motifs", "slurm", "test")) <= set(pinned)


def test_conda_environment_equals_the_constraints() -> None:
    environment, pinned = environment_pins(), constraints()
    assert {name: pinned.get(name) for name in environment} == environment
    assert closure(asked("motifs", "slurm")) <= set(environment)


def test_every_environment_file_is_used() -> None:
    rules = "".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    assert set(re.findall(r"envs/([\w.-]+\.yaml)", rules)) == {path.name for path in (ROOT / "envs").glob("*.yaml")}
