"""Which pixels belong to the object: files beside the images (ECSSD layout), or the foreground of grey images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import InputError
from .decode import is_picture, load_mask
from .folder import read_flat
from .found import Found

IMAGE_FOLDERS = ("images", "image", "imgs", "img")
MASK_FOLDERS = ("ground_truth_mask", "ground_truth", "masks", "mask", "gt")
PHOTOGRAPHS = (".jpg", ".jpeg")


def read_pairs(folder: Path) -> Found | None:
    """images/ beside ground_truth_mask/ (or another of MASK_FOLDERS), or x.jpg beside x.png in one folder.

    None where `folder` is neither. Raises `InputError` for an image without a mask.
    """
    inside = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_dir()}
    images = next((inside[name] for name in IMAGE_FOLDERS if name in inside), None)
    masks = next((inside[name] for name in MASK_FOLDERS if name in inside), None)
    if images is not None and masks is not None:
        found = read_flat(images)
        if found is None:
            raise InputError(f"{images} is empty; fill it with pictures")
        return replace(with_masks(found, images, masks), kind="pairs")
    flat = read_flat(folder) if not inside else None
    if flat is None or flat.paths is None:
        return None
    drawn = {path.stem for path in flat.paths if path.suffix.lower() not in PHOTOGRAPHS}
    photographs = [row for row, path in enumerate(flat.paths) if path.suffix.lower() in PHOTOGRAPHS]
    if not photographs or {flat.paths[row].stem for row in photographs} != drawn:
        return None
    return replace(with_masks(flat.pick(photographs), folder, folder), kind="pairs")


def with_masks(found: Found, root: Path, folder: Path) -> Found:
    """Masks from `folder`, by the path of each image below `root` or by its name alone, whatever the suffix.

    Raises `InputError` for an image without a mask; the size of each mask is compared when it is read.
    """
    if found.paths is None:
        raise InputError(f"--masks {folder} goes with files of pictures, this is {found.kind}; give foreground instead")
    if not folder.is_dir():
        raise InputError(f"--masks {folder} is no folder; give one, or foreground")
    files: dict[str, Path] = {}
    taken = set(found.paths)
    for path in sorted(folder.rglob("*")):
        if is_picture(path) and path not in taken:
            relative = path.relative_to(folder).with_suffix("").as_posix()
            files.setdefault(path.stem, path)
            files[relative] = path
    drawn = []
    for path in found.paths:
        mask = files.get(path.relative_to(root).with_suffix("").as_posix(), files.get(path.stem))
        if mask is None:
            raise InputError(f"no mask for {path} (looked for {path.stem}.* in {folder}); add it or remove the image")
        drawn.append(mask)
    return replace(
        found, mask=lambda row: _checked(load_mask(drawn[row]), found.image(row).size, drawn[row], found, row)
    )


def with_foreground(found: Found) -> Found:
    """Every pixel that is not black: the object in Fashion-MNIST and MNIST, whose background is exactly 0."""
    if found.channels != 1:
        raise InputError(
            "--masks foreground goes with grey images on black such as Fashion-MNIST; give a folder of masks"
        )
    return replace(
        found, mask=lambda row: Image.fromarray(np.where(np.asarray(found.image(row)) > 0, 255, 0).astype("u1"))
    )


def _checked(mask: Image.Image, size: tuple[int, int], path: Path, found: Found, row: int) -> Image.Image:
    if mask.size != size:
        wide, high = mask.size
        raise InputError(
            f"mask {path} is {wide} x {high} pixels, its image {found.names[row]} {size[0]} x {size[1]}; give masks of the "
            "same size"
        )
    return mask
