"""NPZ: arrays of images and labels under one of the usual names, in one part or in several."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..errors import InputError
from ..files import existing
from .found import UNDECIDED, UNLABELLED, Found, from_arrays

IMAGES = ("x", "images", "image", "pixels", "data", "arr_0")
LABELS = ("y", "labels", "label", "targets", "arr_1")
MASKS = ("masks", "mask")
PARTS_IN_KEYS = {"train": 0, "val": 1, "valid": 1, "validation": 1, "test": 2}


def read_npz(path: Path) -> Found:
    """`x` and `y`, `x_train` ... (Keras), `train_images` ... (MedMNIST) and the like; see IMAGES, LABELS, MASKS."""
    held = _arrays(existing(path, "NPZ file"))
    pieces, masks = [], []
    for part, affix in ((UNDECIDED, ""), *((number, word) for word, number in PARTS_IN_KEYS.items())):
        if (found := _pick(held, IMAGES, affix)) is None:
            continue
        key, values = found
        pixels = _pixels(values, f"{key} of {path}")
        labels = _pick(held, LABELS, affix)
        numbers = np.full(len(pixels), UNLABELLED) if labels is None else _labels(labels[1], f"{labels[0]} of {path}")
        pieces.append((part, pixels, numbers))
        if (drawn := _pick(held, MASKS, affix)) is not None:
            masks.append(_masks(drawn[1], pixels, f"{drawn[0]} of {path}"))
    if not pieces:
        raise InputError(
            f"{path} has no images (its keys: {', '.join(held) or 'none'}); call them x, and their labels y"
        )
    classes = [str(name) for name in held["classes"]] if "classes" in held else None
    found = from_arrays("npz", path, pieces, classes)
    if masks:
        if len(drawn := np.concatenate(masks)) != len(found):
            raise InputError(f"{path} has masks for {len(drawn)} of {len(found)} images; give a mask for each")
        found.mask = lambda row: Image.fromarray(drawn[row])
    return found


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """By name in small letters. An array that needs pickle is refused: it could run anything."""
    try:
        with np.load(path, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise InputError(f"{path} is a single array; give an NPZ file with images and labels")
            return {name.lower(): file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, KeyError) as error:
        raise InputError(
            f"{path} is not a readable NPZ file ({error}); make it again, without pickled objects"
        ) from error


def _pick(held: dict[str, np.ndarray], names: tuple[str, ...], affix: str) -> tuple[str, np.ndarray] | None:
    for name in names:
        for key in (f"{name}_{affix}", f"{affix}_{name}") if affix else (name,):
            if key in held:
                return key, held[key]
    return None


def _pixels(values: np.ndarray, what: str) -> np.ndarray:
    """uint8 (n, H, W) or (n, H, W, 3) of bytes, or of numbers in 0..1 or whole numbers in 0..255."""
    if values.ndim == 4 and values.shape[-1] not in (1, 3) and values.shape[1] in (1, 3):
        values = np.moveaxis(values, 1, -1)
    if values.ndim not in (3, 4) or (values.ndim == 4 and values.shape[-1] not in (1, 3)):
        raise InputError(f"{what} has shape {values.shape}; give images as (N, H, W), (N, H, W, 3) or (N, 3, H, W)")
    values = values[..., 0] if values.ndim == 4 and values.shape[-1] == 1 else values
    if values.dtype == np.uint8 or not values.size:
        return np.ascontiguousarray(values, dtype=np.uint8)
    low, high = (float(end) for end in (values.min(), values.max())) if values.dtype.kind in "uif" else (np.nan, np.nan)
    if values.dtype.kind == "f" and 0 <= low <= high <= 1:
        return np.rint(values * 255).astype(np.uint8)
    if 0 <= low <= high <= 255 and (values == np.rint(values)).all():
        return values.astype(np.uint8)
    raise InputError(f"{what} holds {values.dtype} from {low:g} to {high:g}; give bytes, or numbers in 0..1")


def _labels(values: np.ndarray, what: str) -> np.ndarray:
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1 or values.dtype.kind not in "uif" or (values != np.rint(values)).any():
        raise InputError(f"{what} has shape {values.shape} of {values.dtype}; give one whole number for each image")
    return values.astype(np.int64)


def _masks(values: Any, pixels: np.ndarray, what: str) -> np.ndarray:
    if values.ndim == 4 and 1 in (values.shape[1], values.shape[-1]):
        values = values[..., 0] if values.shape[-1] == 1 else values[:, 0]
    if values.shape != pixels.shape[:3]:
        raise InputError(
            f"{what} has shape {values.shape}, its images {pixels.shape[:3]}; give one mask for each image"
        )
    return (values > 0).astype(np.uint8) * 255
