"""Number formats: float32 on a CPU; TF32 or bf16 on a GPU that has them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import torch

from ...errors import InputError

AMPERE = (8, 0)  # compute capability from which on there are TF32 and bf16 units


def choose_precision(name: str, device: torch.device) -> str:
    """float32, tf32 or bf16. Raises `InputError` when bf16 was asked for and the device does not have it."""
    if device.type != "cuda":
        if name == "bf16":
            raise InputError(f"precision bf16 needs a GPU, and this runs on {device.type}; use --precision float32")
        return "float32"
    modern = torch.cuda.get_device_capability(device) >= AMPERE
    if name == "bf16" and not modern:
        raise InputError("this GPU has no bf16 units; use --precision float32")
    return "tf32" if name == "auto" and modern else "float32" if name == "auto" else name


@contextlib.contextmanager
def precision(chosen: str, device: torch.device) -> Iterator[None]:
    """Compute the block in `chosen`; torch's settings are as before afterwards."""
    if device.type == "cuda":
        # torch refuses deterministic matrix products without it; read when the first of them runs.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    cudnn: Any = torch.backends.cudnn
    backends = (torch.backends.cuda.matmul, cudnn.conv)
    before = [backend.fp32_precision for backend in backends]
    try:
        for backend in backends:
            backend.fp32_precision = "tf32" if chosen == "tf32" else "ieee"
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=chosen == "bf16"):
            yield
    finally:
        for backend, value in zip(backends, before, strict=True):
            backend.fp32_precision = value
