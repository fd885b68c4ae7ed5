"""Folders of picture files: a folder for each class, with or without train and val above them, or no classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import InputError
from .classnames import WORDNET
from .decode import is_picture, load_picture
from .found import UNDECIDED, UNLABELLED, Found

PARTS_IN_FOLDERS = {"train": 0, "training": 0, "val": 1, "valid": 1, "validation": 1, "test": 2, "testing": 2}


def read_classes(folder: Path) -> Found | None:
    """ROOT/class/picture, or ROOT/train/class/picture and ROOT/val/class/picture (Imagenette); None without folders.

    Where there is val and no test, val is the test part. Raises `InputError` for a class without pictures.
    """
    inside = _folders(folder)
    if not inside:
        return None
    tops = {path: PARTS_IN_FOLDERS[path.name.lower()] for path in inside if path.name.lower() in PARTS_IN_FOLDERS}
    if tops and 2 not in tops.values():
        tops = {path: 2 if part == 1 else part for path, part in tops.items()}
    roots = tops or {folder: UNDECIDED}
    classes = sorted({path.name for root in roots for path in _folders(root)})
    if not classes:
        raise InputError(f"{folder} has no folders of classes; give ROOT/class/picture or ROOT/train/class/picture")
    paths, labels, parts, ignored = [], [], [], 0
    for root, part in roots.items():
        for label, name in enumerate(classes):
            here, others = _pictures(root / name)
            if not here:
                raise InputError(f"class folder {root / name} is empty or missing; fill it with pictures or remove it")
            paths += here
            labels += [label] * len(here)
            parts += [part] * len(here)
            ignored += others
    return _found("folder", folder, paths, labels, parts, [WORDNET.get(name, name) for name in classes], ignored)


def read_flat(folder: Path) -> Found | None:
    """Pictures without classes; None where there are none."""
    paths, ignored = _pictures(folder)
    if not paths:
        return None
    count = len(paths)
    return _found("pictures", folder, paths, [UNLABELLED] * count, [UNDECIDED] * count, [], ignored)


def _found(
    kind: str,
    root: Path,
    paths: list[Path],
    labels: Sequence[int],
    parts: Sequence[int],
    classes: list[str],
    ignored: int,
) -> Found:
    names = [path.relative_to(root).as_posix() for path in paths]
    numbers = np.asarray(labels, dtype=np.int64), np.asarray(parts, dtype=np.int8)
    return Found(kind, lambda row: load_picture(paths[row]), 3, *numbers, names, classes, paths=paths, ignored=ignored)


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _pictures(folder: Path) -> tuple[list[Path], int]:
    """(picture files in order, how many other files): those of the folder itself and of folders inside it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    pictures = [path for path in files if is_picture(path)]
    return pictures, len(files) - len(pictures)
