"""Sequences whose truth is known: a grammar of planted motifs becomes a genome, regions, labels and the planted places.

`grammar` reads and checks the file (`grammar.schema.yaml` says what may stand in it, `default.yaml` is the shipped one),
`logic` reads expressions such as `A and not N`, `background` draws the letters between motifs, `plant` draws how many
motifs lie where, `run` writes the folder, `truth` reads the planted places back as a mask.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "read_grammar": "grammar",
    "read_truth": "truth",
    "simulate": "run",
    "truth_mask": "truth",
}
__all__ = ["read_grammar", "read_truth", "simulate", "truth_mask"]

if TYPE_CHECKING:
    from .grammar import read_grammar
    from .run import simulate
    from .truth import read_truth, truth_mask


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
