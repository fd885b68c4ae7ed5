"""`lrpgen report`: a folder of pages about a results folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Output


def report(
    results: Annotated[Path, typer.Argument(help="Results folder of one sample.", show_default=False)],
    output: Output,
    config: Annotated[Path | None, typer.Option("--config", help="Config file to show in the report.")] = None,
    title: Annotated[str | None, typer.Option("--title", help="Title; default: the folder's name.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Accepted like everywhere; a report has no chance in it.")] = 1,
) -> None:
    """Write a folder of HTML pages: findings, motifs, loci, evaluation, ledger, methods; they open from disk, offline.

    Only reads files. A step that was not run is left out, and its page says so. -o names the first page; its folder is
    the report's own and is replaced as a whole.

    Example: lrpgen report results/hla -o results/hla/report/index.html
    """
    from ..progress import say
    from ..report import write_report

    say(f"wrote {write_report(results, output, title=title, config=config)}")
