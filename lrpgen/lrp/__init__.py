"""The engine: capture -> rules -> prune -> propagate. It knows nothing of DNA, files or plots.

`capture` turns a module into a flat list of ATen nodes; `rules` holds one small function per way of passing relevance
down; `composites` says which rule a node gets; `prune` is PLRP; `propagate` walks forward and back and keeps the
ledger; `explain` is the door.
"""

from .capture import Graph, capture
from .explain import Explanation, explain
from .prune import Prune

__all__ = ["Explanation", "Graph", "Prune", "capture", "explain"]
