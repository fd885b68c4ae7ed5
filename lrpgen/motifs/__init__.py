"""Motifs from relevance alone: seqlets of both signs, patterns, their matrices, exports and logos.

`seqlets` calls them, `patterns` groups them (TF-MoDISco), `frames` aligns them, `matrices` counts and trims,
`formats` writes MEME, BED, TSV and HDF5, `run` makes the whole folder. Heavy packages load on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {"call_seqlets": "seqlets", "find_motifs": "run", "find_patterns": "patterns"}
__all__ = ["call_seqlets", "find_motifs", "find_patterns"]

if TYPE_CHECKING:
    from .patterns import find_patterns
    from .run import find_motifs
    from .seqlets import call_seqlets


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
