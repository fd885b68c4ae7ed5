"""A command in this process, as a person calls it."""

import sys

import pytest

from lrpgen.cli.main import main


@pytest.fixture
def call(monkeypatch, capsys):
    """Run a command in this process; returns (exit code, standard output, standard error)."""

    def go(*arguments):
        monkeypatch.setattr(sys, "argv", ["lrpgen", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go
