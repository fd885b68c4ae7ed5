"""Which reader a source needs, by what lies there."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from ..files import existing
from . import cifar, digits, idx
from .decode import is_picture
from .folder import read_classes, read_flat
from .found import Found
from .masks import read_pairs
from .npz import read_npz

LAYOUTS = "IDX files, CIFAR .bin files, a folder for each class, images/ with ground_truth_mask/, or pictures"


def find(source: Path, labels: Path | None = None) -> Found:
    """The images of a folder or file; `labels`: IDX labels for a file of IDX images. Raises `InputError` for bad ones."""
    if source.is_dir():
        if labels is not None:
            raise InputError(f"labels {labels} go with a file of IDX images, {source} is a folder; leave them out")
        readers = (idx.read_folder, cifar.read_folder, digits.read_folder, read_pairs, read_classes, read_flat)
        for read in readers:
            if (found := read(source)) is not None:
                return found
        raise InputError(f"folder {source} holds no images; give {LAYOUTS}")
    start = existing(source, "images").open("rb").read(4)
    if labels is not None or not (
        source.suffix in (".npz", ".npy", ".bin") or start[:2] == b"PK" or is_picture(source)
    ):
        return idx.read_pair(source, labels)
    if is_picture(source):
        raise InputError(f"{source} is one picture; give the folder that holds it")
    return cifar.read_file(source) if source.suffix == ".bin" else read_npz(source)
