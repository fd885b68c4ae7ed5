"""Weights by name: safetensors files and weights-only PyTorch checkpoints, and fitting them to a network."""

from __future__ import annotations

import os
import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ...errors import InputError
from ...files import existing
from .sniff import UNREADABLE, sniff

NESTED = ("state_dict", "model_state_dict", "model")  # where Lightning and training loops keep the weights
DAMAGED = "(damaged or cut short?); copy or save it again"
PREFIXES = ("module.", "model.", "_orig_mod.")  # of DataParallel, Lightning and torch.compile


def open_safetensors(path: str | os.PathLike[str]) -> Any:
    """An open safetensors file. Raises `InputError` when it is damaged or something else."""
    path = existing(path, "model")
    try:
        return safe_open(Path(path), framework="pt")
    except SafetensorError as error:
        raise InputError(
            f"{path} is not a readable safetensors file ({error}); give the output of `lrpgen train` or `models convert`"
        ) from error


def read_tensors(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """All weights of a safetensors file or a checkpoint; never runs code from the file.

    Raises
    ------
    InputError : another format, damaged, or a checkpoint that holds Python objects.
    """
    kind = sniff(path)
    if kind == "safetensors":
        with open_safetensors(path) as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    if kind in ("state", "pickle"):
        return _checkpoint(Path(path))
    refuse_torchscript(kind, path)
    raise InputError(f"{path} is no file of weights; give a safetensors file or a PyTorch state dict")


def refuse_torchscript(kind: str, path: str | os.PathLike[str]) -> None:
    """Raise `InputError` for a TorchScript archive, which holds code."""
    if kind == "torchscript":
        raise InputError(
            f"{path} is a TorchScript archive, which holds code; where its Python source is, "
            "save it with torch.export.save (.pt2) or torch.save(model.state_dict(), ...)"
        )


def _checkpoint(path: Path) -> dict[str, Tensor]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the pickle's protocol; an error follows where it matters
            found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged archive raises whatever its reader met
        content = _pickle_bytes(path)
        if isinstance(error, pickle.UnpicklingError) and content is not None:
            raise InputError(_pickled(path, content)) from error
        raise InputError(f"{path} is not a readable PyTorch checkpoint {DAMAGED}") from error
    if _bytes_changed(path):
        raise InputError(f"{path} is not a readable PyTorch checkpoint {DAMAGED}")
    for key in NESTED:
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
            break
    tensors = {str(k): v for k, v in found.items() if isinstance(v, Tensor)} if isinstance(found, Mapping) else {}
    if not tensors:
        raise InputError(f"{path} holds no weights by name; save it with torch.save(model.state_dict(), ...)")
    return tensors


def _pickled(path: Path, content: bytes) -> str:
    lite = b"bpnetlite" in content
    whose = "a whole bpnet-lite model" if lite else "pickled Python objects"
    more = " and give --architecture bpnet-lite" if lite else ""
    return (
        f"{path} holds {whose}, and opening it would run code; where its Python source is, "
        f"save it again with torch.save(model.state_dict(), ...){more}"
    )


def _pickle_bytes(path: Path) -> bytes | None:
    """The pickle inside a checkpoint, to look at, not to load; None where it is damaged."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes()[: 2**20]
    try:
        with zipfile.ZipFile(path) as archive:
            return b"".join(archive.read(name) for name in archive.namelist() if name.endswith("data.pkl"))
    except UNREADABLE:
        return None


def _bytes_changed(path: Path) -> bool:
    """Whether a member of the archive no longer has its checksum; torch itself does not look."""
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is not None
    except UNREADABLE:
        return True


def fit(net: nn.Module, tensors: Mapping[str, Tensor], path: str | os.PathLike[str]) -> None:
    """Put `tensors` into `net`. A common prefix (`module.`, `model.`) is dropped only when that makes all names fit.

    Raises
    ------
    InputError : a weight is missing, left over, of another shape (names it and both shapes), or not finite.
    """
    wanted = net.state_dict()
    found = _without_prefix(dict(tensors), set(wanted))
    for name, value in wanted.items():
        if name.endswith("num_batches_tracked"):  # a counter that only training reads
            found.setdefault(name, value)
        if name not in found:
            raise InputError(
                f"{path} lacks the weight {name} of shape {tuple(value.shape)}; is it another architecture?"
            )
        if found[name].shape != value.shape:
            raise InputError(
                f"{path}: weight {name} has shape {tuple(found[name].shape)}, "
                f"the model needs {tuple(value.shape)}; is it another architecture?"
            )
        check_finite(name, found[name], path)
    if left := sorted(set(found) - set(wanted)):
        raise InputError(
            f"{path} has the weight {left[0]} of shape {tuple(found[left[0]].shape)}, which the model has not; "
            "is it another architecture?"
        )
    net.load_state_dict(found)


def check_finite(name: str, value: Tensor, path: str | os.PathLike[str]) -> None:
    if not torch.isfinite(value).all():
        raise InputError(f"{path}: weight {name} holds NaN or infinite values; train the model again")


def _without_prefix(found: dict[str, Tensor], wanted: set[str]) -> dict[str, Tensor]:
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}
    for prefix in ("", *PREFIXES):
        stripped = {name.removeprefix(prefix) for name in found if name.startswith(prefix)}
        if len(stripped) == len(found) and wanted - counters <= stripped <= wanted:
            return {name.removeprefix(prefix): value for name, value in found.items()}
    return found
