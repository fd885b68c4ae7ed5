"""Explained images on disk: one HDF5 file with everything that pictures of them need.

Layout (version 1): `/relevance` float32 (M, N, H, W), summed over colours; `/completeness` (M, N); `/pixels` uint8
(N, C, H, W); `/mask` uint8 (N, H, W) where there are masks; `/output` (N, K); `/target`, `/label` int64 (N,); `/name`;
`/layers/000`, ... float32 (N, h, w), relevance at the input of each layer, with the attribute `layer`. Attributes:
methods, classes, label_names, setting (JSON), layered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .. import hdf5

FORMAT, VERSION = "lrpgen-image-relevance", 1
JSON_ATTRS = ("methods", "classes", "label_names", "setting")
PACKED: dict[str, Any] = {"compression": "gzip", "compression_opts": 4, "shuffle": True}
NEEDED = (*JSON_ATTRS, "relevance", "completeness", "pixels", "output", "target", "label", "name")


@dataclass(frozen=True)
class Explained:
    """Arrays as in the file. seconds, ledgers : by method, in summary.json alone. layered : the method of `layers`."""

    methods: list[str]
    relevance: np.ndarray
    completeness: np.ndarray
    pixels: np.ndarray
    names: list[str]
    labels: np.ndarray
    label_names: list[str]
    target: np.ndarray
    output: np.ndarray
    classes: list[str]
    masks: np.ndarray | None = None
    layered: str = ""
    layers: dict[str, np.ndarray] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    ledgers: dict[str, Any] = field(default_factory=dict)

    def label(self, row: int) -> str | None:
        """The name of an image's own class, None without one."""
        return self.label_names[self.labels[row]] if self.labels[row] >= 0 else None

    def predicted(self, row: int) -> str:
        return self.classes[int(self.output[row].argmax())]


def write_explanations(path: Path, found: Explained, setting: dict[str, Any]) -> None:
    """Write the layout above, whole or not at all."""
    attrs = {"format": FORMAT, "version": VERSION, "methods": found.methods, "classes": found.classes}
    attrs |= {"label_names": found.label_names, "setting": setting, "layered": found.layered}
    with hdf5.create(path, attrs, JSON_ATTRS) as file:
        file.create_dataset("relevance", data=found.relevance, **PACKED)
        file.create_dataset("pixels", data=found.pixels, **PACKED)
        if found.masks is not None:
            file.create_dataset("mask", data=found.masks.astype(np.uint8), **PACKED)
        for name in ("completeness", "output", "target"):
            file[name] = getattr(found, name)
        file["label"] = found.labels
        file.create_dataset("name", data=np.array(found.names, dtype=object), dtype=h5py.string_dtype())
        for number, (layer, values) in enumerate(found.layers.items()):
            dataset = file.create_dataset(f"layers/{number:03}", data=values, **PACKED)
            dataset.attrs["layer"] = layer


def read_explanations(path: Path) -> Explained:
    """Raises `InputError` for a file that is missing, damaged or something else."""
    with hdf5.reading(path, "relevance of images", "`lrpgen images explain`", FORMAT, VERSION, NEEDED) as opened:
        file: Any = opened
        attrs = hdf5.attributes(file, JSON_ATTRS)
        return Explained(
            methods=attrs["methods"],
            relevance=file["relevance"][:],
            completeness=file["completeness"][:],
            pixels=file["pixels"][:],
            names=file["name"].asstr()[:].tolist(),
            labels=file["label"][:],
            label_names=attrs["label_names"],
            target=file["target"][:],
            output=file["output"][:],
            classes=attrs["classes"],
            masks=file["mask"][:].astype(bool) if "mask" in file else None,
            layered=attrs["layered"],
            layers={str(one.attrs["layer"]): one[:] for one in file["layers"].values()} if "layers" in file else {},
        )
