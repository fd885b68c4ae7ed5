"""lrpgen: which bases mattered, and why should I believe it.

    import lrpgen
    model = lrpgen.load_model("results/hla/model.safetensors")
    explanation = lrpgen.explain(model, lrpgen.encode(["ACGT..."]), prune=lrpgen.Prune())

Rooms: `sequences` (DNA in), `models`, `lrp` (the engine), `relevance` (stores and tracks), `motifs`, `plots`,
`report`, `cli`. Names are imported when first used, so that `import lrpgen` stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import LrpgenError, UnsupportedOpError

__version__ = "0.1.0"

_HOMES = {
    "Explanation": "lrp",
    "Prune": "lrp",
    "explain": "lrp",
    "decode": "sequences",
    "encode": "sequences",
    "load_model": "models",
}
__all__ = [
    "Explanation",
    "LrpgenError",
    "Prune",
    "UnsupportedOpError",
    "__version__",
    "decode",
    "encode",
    "explain",
    "load_model",
]

if TYPE_CHECKING:
    from .lrp import Explanation, Prune, explain
    from .models import load_model
    from .sequences import decode, encode


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
