"""The three sources of windows: splice sites and decoys, regions of a genome, a set of sequences.

Each turns options into a `Draft`, its letters in a spool beside the output; `windows` finishes and writes it.
"""

from .annotated_sites import splice_sites
from .genome_regions import regions
from .sequence_set import sequences

MAKERS = {"splice-sites": splice_sites, "regions": regions, "sequences": sequences}

__all__ = ["MAKERS"]
