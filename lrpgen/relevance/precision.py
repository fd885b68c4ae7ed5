"""Number formats of a job: float32; TF32 products on a GPU that has them; bfloat16 products, where that does no harm."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch

from ..errors import InputError
from ..lrp import Graph, Prune
from ..lrp.mixed import mixed
from ..models.training.precision import AMPERE, precision
from ..progress import say

NAMES = ("float32", "tf32", "bfloat16")


def check_precision(name: str, device: torch.device, prune: Prune | None) -> None:
    """Raise `InputError` where a format is not known, not there, or not good enough: benchmarks/precision.json."""
    if name not in NAMES:
        raise InputError(f"precision {name!r} is not known; choose one of {', '.join(NAMES)}")
    if name == "tf32" and (device.type != "cuda" or torch.cuda.get_device_capability(device) < AMPERE):
        raise InputError(f"precision tf32 needs a GPU with TF32 units, and this runs on {device}; use float32")
    if name == "bfloat16" and prune is not None:
        raise InputError(
            "bfloat16 and pruning do not go together: rounding decides what falls below the threshold; "
            "use --precision float32, or --prune-positive 0"
        )
    if name == "bfloat16":
        say("bfloat16 products: relevance is off by some per cent, by rule and model (docs/cluster.md says how many)")


def prepared(graph: Graph, name: str) -> Graph:
    """The graph with its products in the format."""
    return mixed(graph, torch.bfloat16) if name == "bfloat16" else graph


def computing(name: str, device: torch.device) -> AbstractContextManager[None]:
    """Where explaining happens: elsewhere torch uses TF32 for a GPU's convolutions unasked."""
    return precision("tf32" if name == "tf32" else "float32", device)
