"""The report: a folder of light HTML pages that open from disk, made only by reading the files of a results folder.

Files to plain dataclasses: `collect`, which asks `loci` (the relevance store), `patterns` with `instances` (where seqlets
lie), `evaluation`, `filters`, `network`, `genome` and `runtimes`. `setting` says what kind of run it is, `places` where
positions are counted from. Numbers to words: `findings`, `quality`, `verdicts`, `sentences`; to inline SVG: `charts`,
`figures`, `netpicture`. `page` renders the templates in their `environment`; `data` writes what is loaded on demand,
`browser` the genome browser. Public: `write_report`.
"""

from typing import TYPE_CHECKING, Any

__all__ = ["write_report"]

if TYPE_CHECKING:
    from .page import write_report


def __getattr__(name: str) -> Any:
    if name == "write_report":
        from .page import write_report

        return write_report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
