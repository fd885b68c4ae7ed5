"""The engine: capture -> rules -> prune -> propagate. It knows nothing of DNA, files or plots.

`graph` is a captured model as data; `capture` makes one (`canonical` and `fold` bring nodes into a form that can be
explained); `ops` says which kind each operation is; `rules` are data, `kernel` evaluates them on one layer,
`composites` choose them; `prune` is PLRP; `propagate` walks forward and back and keeps the ledger; `targets` say where relevance
starts; `explain` is the door and `explanation` what comes out of it.
"""

from . import targets
from .capture import capture
from .explain import explain
from .explanation import Explanation
from .graph import Graph
from .ops import register
from .prune import Prune

__all__ = ["Explanation", "Graph", "Prune", "capture", "explain", "register", "targets"]
