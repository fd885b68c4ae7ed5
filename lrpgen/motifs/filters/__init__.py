"""First-layer filters as motifs: what activates each filter of the first convolution, and what that was worth.

`layer` finds the first convolution and which bases each of its positions reads, `collect` counts over blocks of windows,
`similarity` groups filters that say the same, `run` makes the whole folder.
"""

from .run import FilterJob, find_filters

__all__ = ["FilterJob", "find_filters"]
