"""What one may choose about training, checked once."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

from ...errors import InputError

CHOICES = {
    "loss": ("auto", "cross-entropy", "bce", "mse", "poisson"),
    "class_weights": ("none", "balanced"),
    "schedule": ("cosine", "constant", "plateau"),
    "precision": ("auto", "float32", "bf16"),
}
OWN_KWARGS = ("classes", "width")  # arguments of an architecture that the windows decide


@dataclass(frozen=True)
class Training:
    """How to train.

    settings : further arguments of the architecture.
    averaging : decay of the running mean of the weights; that mean is validated and kept, as it is less noisy.
    patience : epochs without a better validation score before training stops.
    loss : auto takes the task's own: cross-entropy (classes), bce (labels), mse (values; poisson is the other choice).
    class_weights : balanced gives rare classes as much of the loss as common ones.
    augment_rc : show a random half of the windows as their reverse complement; only where labels know no strand.
    augment_shift : move each window by up to so many bp either way. The file ends where the window ends, so what moves
        in is unknown sequence (zero columns, as N).
    schedule : of the learning rate. cosine: to 0 over `epochs`; plateau: a tenth after patience/2 epochs without gain.
    precision : auto is float32 on a CPU and TF32 products on a GPU; bf16 is autocast, on a GPU.
    buffer_mb : memory for windows of one part. A part that fits is read once and fully shuffled; of a larger part this
        much is held at a time.
    workers : processes that read the file; -1 decides by size and cores. Results do not depend on it.
    """

    architecture: str = "motif-cnn"
    settings: dict[str, Any] = field(default_factory=dict)
    epochs: int = 40
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    averaging: float = 0.99
    patience: int = 8
    loss: str = "auto"
    class_weights: str = "none"
    augment_rc: bool = False
    augment_shift: int = 0
    schedule: str = "cosine"
    precision: str = "auto"
    buffer_mb: int = 256
    workers: int = -1
    seed: int = 1
    device: str = "auto"
    threads: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "patience", "buffer_mb"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}={getattr(self, name)} is too small; give at least 1")
        if not 0 < self.learning_rate < math.inf:
            raise InputError(f"learning_rate={self.learning_rate} must be a number above 0")
        if not 0 <= self.averaging < 1:
            raise InputError(f"averaging={self.averaging} is outside 0..1; give 0 for none, or a decay such as 0.99")
        if self.augment_shift < 0 or self.workers < -1:
            raise InputError("augment_shift and workers cannot be negative; give 0 for none")
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise InputError(f"{name} {getattr(self, name)!r} is not known; choose one of {', '.join(known)}")
        for name in OWN_KWARGS:
            if name in self.settings:
                raise InputError(f"--set {name}=... is not yours to set: the windows decide it; leave it out")


def check_shift(shift: int, width: int) -> None:
    """Raise `InputError` where a shift would move the whole window out of sight."""
    if shift >= width:
        raise InputError(f"augment_shift={shift} leaves nothing of windows of {width} bp; give a smaller one")


def parse_settings(pairs: list[str]) -> dict[str, Any]:
    """`["filters=16,32", "profile=false", "rc=none"]` -> {"filters": [16, 32], "profile": False, "rc": "none"}.

    A value is JSON where it can be read as such (numbers, switches, lists), numbers with commas between are a list, all
    else is text. Raises `InputError` for a pair without "=" and a key given twice.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        key, sign, text = pair.partition("=")
        if not sign or not key.isidentifier():
            raise InputError(f"--set {pair!r} is not of the form key=value, for example filters=64")
        if key in found:
            raise InputError(f"--set {key} is given twice; give it once")
        found[key] = _value(text)
    return found


def _value(text: str) -> Any:
    lowered = text.lower() if text.lower() in ("true", "false") else text
    for written in (lowered, f"[{lowered}]" if "," in lowered else lowered):
        try:
            return json.loads(written, parse_constant=_no_number)
        except ValueError:
            continue
    return text


def _no_number(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are no setting of anything
