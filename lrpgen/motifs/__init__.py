"""Motifs from relevance alone: seqlets of both signs, patterns, their names, matrices, exports, logos and hits.

Seqlets: `reading` (windows of a class and their null), `seqlets` (callers), `calling` (a whole store, with error rates).
Patterns: `cutouts` (what is kept of the windows), `modisco` and `grouping` (two ways to group), `patterns` (oriented,
merged, trimmed), `subpatterns`, `frames` (aligned places), `matrices` (counts, information).
Names and files: `matrixfile` (known motifs), `names`, `formats` (MEME, BED, TSV, HDF5), `modiscofile` (modisco-lite's
HDF5), `folder` (what every folder of patterns holds), `run` (the whole folder), `merge` (one of several).
Hits: `scan` (scores of places), `sources` (what is searched), `hits`. `filters` reads the network's first layer,
`enrichment` asks in which annotated features relevance lies. Heavy packages load on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "Naming": "names",
    "call_seqlets": "seqlets",
    "find_hits": "hits",
    "find_motifs": "run",
    "find_patterns": "patterns",
    "find_track_hits": "hits",
    "merge_motifs": "merge",
    "name_patterns": "names",
}
__all__ = [
    "Naming",
    "call_seqlets",
    "find_hits",
    "find_motifs",
    "find_patterns",
    "find_track_hits",
    "merge_motifs",
    "name_patterns",
]

if TYPE_CHECKING:
    from .hits import find_hits, find_track_hits
    from .merge import merge_motifs
    from .names import Naming, name_patterns
    from .patterns import find_patterns
    from .run import find_motifs
    from .seqlets import call_seqlets


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
