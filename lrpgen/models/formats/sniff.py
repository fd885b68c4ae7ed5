"""What a model file is, by its first bytes and its table of contents, not by its name."""

from __future__ import annotations

import json
import os
import struct
import zipfile
import zlib
from pathlib import Path

from ...errors import InputError
from ...files import existing

KNOWN = "safetensors, PyTorch state dict (.pt, .pth), torch.export (.pt2), ONNX, Keras (.h5, .keras, .json)"
UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, ValueError, KeyError, RuntimeError, EOFError)  # a damaged zip
HDF5 = b"\x89HDF\r\n\x1a\n"
ONNX_START = b"\x08"  # field 1 of a ModelProto, ir_version
PICKLE_START = b"\x80"


def sniff(path: str | os.PathLike[str]) -> str:
    """`safetensors`, `hdf5`, `keras`, `json`, `onnx`, `pt2`, `state`, `torchscript` or `pickle`.

    Raises
    ------
    InputError : missing, damaged, or none of these.
    """
    path = existing(path, "model")
    with open(path, "rb") as handle:
        start = handle.read(512)
    if start.startswith(HDF5):
        return "hdf5"
    if start.startswith(b"PK"):
        return _sniff_zip(path)
    if _is_safetensors(start):
        return "safetensors"
    if start.lstrip().startswith(b"{") and _is_json(path):
        return "json"
    if start.startswith(PICKLE_START):
        return "pickle"
    if start.startswith(ONNX_START):
        return "onnx"
    raise InputError(
        f"{path} is not a readable safetensors file nor another model file that lrpgen knows; it reads {KNOWN}"
    )


def _is_safetensors(start: bytes) -> bool:
    return len(start) > 8 and start[8:9] == b"{" and struct.unpack("<Q", start[:8])[0] < 2**32


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError):
        return False
    return True


def _sniff_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.replace("\\", "/") for name in archive.namelist()]
    except UNREADABLE as error:
        raise InputError(f"{path} is a damaged or truncated archive ({error}); copy or make it again") from error
    if "config.json" in names and "model.weights.h5" in names:
        return "keras"
    below = [name.partition("/")[2] for name in names]
    if "archive_format" in below or "serialized_exported_program.json" in names:
        return "pt2"
    if any(name.startswith("code/") for name in below) and "constants.pkl" in below:
        return "torchscript"
    if "data.pkl" in below:
        return "state"
    raise InputError(f"{path} is an archive, but holds no model that lrpgen knows; it reads {KNOWN}")
