"""Motifs from relevance alone: seqlets of both signs, patterns, their names, matrices, exports, logos and hits.

`seqlets` calls them, `patterns` groups them (TF-MoDISco), `frames` aligns them, `matrices` counts and trims,
`matrixfile` reads known motifs and `names` compares with them, `formats` writes MEME, BED, TSV and HDF5, `modiscofile`
modisco-lite's HDF5, `folder` what every folder of patterns holds; `run` makes the whole folder, `merge` one of several.
`scan` scores places against patterns, `sources` reads what is searched and `hits` finds their instances. `filters` reads
the network's first layer, `enrichment` asks in which annotated features relevance lies. Heavy packages load on first use.
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
