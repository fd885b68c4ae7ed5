"""Where torch computes, and how to make it compute the same thing twice."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import torch

from .errors import InputError


def choose_device(name: str) -> torch.device:
    """`auto` takes a GPU if torch sees one. Raises `InputError` when a GPU was asked for and there is none."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"device {name!r} is not known; choose auto, cpu, cuda or cuda:N") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"device {name!r} was asked for but torch sees no GPU; use --device cpu or check the driver")
    return device


def set_threads(threads: int) -> None:
    """Use `threads` CPU threads; 0 = all this process may use."""
    torch.set_num_threads(threads if threads > 0 else len(os.sched_getaffinity(0)))


@contextlib.contextmanager
def deterministic(seed: int, threads: int) -> Iterator[None]:
    """Seed torch and choose deterministic kernels; torch's settings are as before afterwards."""
    before, count = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    set_threads(threads)
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            torch.use_deterministic_algorithms(True)
            yield
    finally:
        torch.use_deterministic_algorithms(before)
        torch.set_num_threads(count)
