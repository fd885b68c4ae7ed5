"""`lrpgen COMMAND`: collects the commands and turns errors into one line and exit code 2."""

from __future__ import annotations

import errno
import importlib
import sys
from typing import Any, NoReturn

import typer
from typer.exceptions import TyperException

from .. import __version__
from ..errors import LrpgenError
from ..progress import VOICE
from .guard import Guarded

app = typer.Typer(
    name="lrpgen",
    help=(
        "Which bases mattered, and why should I believe it: sparse layer-wise relevance for CNNs on DNA.\n\n"
        "The usual order: windows, train, baseline, predict, explain, gather, tracks, motifs, report, which the workflow "
        "(snakemake --cores all) runs; prune chooses how sparse relevance may be, and evaluate says which method to "
        "trust; then merge, hits, filters, neurons, enrich and export look further; plot draws figures for papers. "
        "images does the same for networks on pictures. Each command also works by hand."
    ),
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS = (
    *("simulate", "windows", "train", "baseline", "predict", "prune", "explain", "gather", "tracks"),
    *("motifs", "merge", "hits", "filters", "neurons", "enrich", "export", "evaluate", "report", "doctor"),
)
for _name in COMMANDS:
    _command = getattr(importlib.import_module(f".{_name}", __package__), _name)
    app.command(_name, cls=Guarded)(_command)

GROUPS = ("models", "images", "plot")  # commands with commands of their own
for _name in GROUPS:
    app.add_typer(getattr(importlib.import_module(f".{_name}", __package__), _name), name=_name)


TALK = ("--quiet", "--plain", "--json")  # options of every command, given before its name


@app.callback(invoke_without_command=True)
def root(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
    quiet: bool = typer.Option(False, "--quiet", help="Say nothing but errors and, on stdout, where the result is."),
    plain: bool = typer.Option(False, "--plain", help="Plain lines on a terminal too: no bars, no colours."),
    json: bool = typer.Option(False, "--json", help="Print one JSON object on stdout at the end, for machines."),
) -> None:
    del json  # `outcome` reads it
    VOICE.begin(quiet=quiet, plain=plain)
    if version:
        print(f"lrpgen {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point. Bad input and wrong options: one line on standard error, exit code 2."""
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except LrpgenError as error:
        _stop(str(error))
    except TyperException as error:
        _stop(_wording(error))
    except typer.Abort:
        sys.exit(130)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _stop("the disk is full; free some space and run the command again")
    else:
        sys.exit(code)


def _wording(error: Any) -> str:
    if (option := getattr(error, "option_name", None)) in TALK:
        return f"{option} goes before the command; write: lrpgen {option} COMMAND"
    text = error.format_message() if hasattr(error, "format_message") else str(error)
    command = error.ctx.command_path if getattr(error, "ctx", None) else "lrpgen"
    return f"{text} ({command} --help shows what there is)"


def _stop(sentence: str) -> NoReturn:
    print(f"lrpgen: error: {' '.join(sentence.split())}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
