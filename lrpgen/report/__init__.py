"""The report: one self-contained HTML page, made only by reading the files of a results folder.

`collect` reads files into plain dataclasses, `loci` the relevance store; `setting` says what kind of run it is, `places`
where positions are counted from; `findings`, `quality` and `sentences` turn numbers into words, `charts` and `figures`
into inline SVG; `page` renders the templates. Public: `write_report`.
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
