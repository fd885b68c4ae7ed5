"""DNA in: FASTA and BED files become labelled one-hot windows, split into train, validation and test.

Reading: `onehot` (letters and arrays), `reading` (plain and gzip text), `fasta` (a genome by random access, a set of
sequences), `faidx` (its index), `bed` (regions), `names` (names by the million), `labels` (a table of targets), `folds`
(somebody else's split). Windows: `sources` (splice sites, regions, sequences), `splice` (annotated sites and decoys),
`cut` (windows of a genome), `negatives` (dinucleotide shuffles), `background` (GC-matched loci), `draw` (an even
sample). Parts: `choose`, `splits` (by place), `groups` (at random), `similarity` and `minhash` (near-copies),
`unionfind`. Together: `options`, `spool` (letters on disk meanwhile), `draft` (what is left out), `windows` (build and
write), `writer`, `windowfile` (windows on disk), `tiles` (a whole genome, batch by batch).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "Genome": "fasta",
    "Tiles": "tiles",
    "WindowFile": "windowfile",
    "WindowOptions": "options",
    "WindowSet": "windowfile",
    "build_windows": "windows",
    "decode": "onehot",
    "encode": "onehot",
    "make_windows": "windows",
    "open_windows": "windowfile",
    "read_bed": "bed",
    "read_fasta": "fasta",
    "read_windows": "windowfile",
    "reverse_complement": "onehot",
    "write_windows": "windowfile",
}
__all__ = [
    "Genome",
    "Tiles",
    "WindowFile",
    "WindowOptions",
    "WindowSet",
    "build_windows",
    "decode",
    "encode",
    "make_windows",
    "open_windows",
    "read_bed",
    "read_fasta",
    "read_windows",
    "reverse_complement",
    "write_windows",
]

if TYPE_CHECKING:
    from .bed import read_bed
    from .fasta import Genome, read_fasta
    from .onehot import decode, encode, reverse_complement
    from .options import WindowOptions
    from .tiles import Tiles
    from .windowfile import WindowFile, WindowSet, open_windows, read_windows, write_windows
    from .windows import build_windows, make_windows


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
