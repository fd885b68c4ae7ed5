"""Keras weights (HDF5 of Keras 1 and 2, `model.weights.h5` of Keras 3) as torch weights by name."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from ...errors import InputError
from .keras_config import Layer, Spec
from .keras_net import key


def read(file: h5py.File, spec: Spec, where: str) -> dict[str, Tensor]:
    """Every weight of `spec` from an open HDF5 file. Raises `InputError` when a layer's weights are missing or extra."""
    root: Any = file.get("model_weights", file)
    legacy = "layer_names" in root.attrs or "layer_names0" in root.attrs
    stored = None if legacy else _keras3(file)
    flip = _text(root.attrs.get("backend", file.attrs.get("backend", ""))) == "theano"
    tensors: dict[str, Tensor] = {}
    for layer in spec.layers:
        wanted = _expected(layer)
        if not wanted:
            continue
        arrays = _legacy(root, layer, where) if stored is None else _numbered(stored, layer.stored)
        if len(arrays) != len(wanted):
            raise InputError(
                f"{where}: layer {layer.name} ({layer.kind}) has {len(arrays)} weights stored, "
                f"{len(wanted)} are needed ({', '.join(wanted)}); are the weights those of this model?"
            )
        named = _converted(layer, dict(zip(wanted, arrays, strict=True)), flip)
        for name, array in named.items():
            tensors[f"layers.{key(layer.name)}.{name}"] = torch.from_numpy(np.array(array, dtype=np.float32))
    return tensors


def _expected(layer: Layer) -> list[str]:
    """The weights a layer has, in the order in which Keras stores them."""
    config = layer.config
    if layer.kind in ("Conv1D", "Conv2D", "Dense"):
        return ["kernel", "bias"] if config.get("use_bias", True) else ["kernel"]
    if layer.kind == "BatchNormalization":
        affine = [name for name, flag in (("gamma", "scale"), ("beta", "center")) if config.get(flag, True)]
        return [*affine, "moving_mean", "moving_variance"]
    return []


def _legacy(root: Any, layer: Layer, where: str) -> list[np.ndarray]:
    """Keras 1 and 2: a group for each layer at the top, the order of its weights in `weight_names`."""
    outer, _, inner = layer.name.partition("/")
    if outer not in root:
        raise InputError(f"{where} lacks the weights of layer {layer.name}; are they those of another model?")
    group = root[outer]
    names = [_text(name) for key in _chunks(group.attrs, "weight_names") for name in group.attrs[key]]
    if inner:  # a nested model keeps the weights of all its layers in one group
        own = inner.rpartition("/")[2]
        names = [name for name in names if own in name.split("/")[:-1]]
    return [np.asarray(group[name]) for name in names]


def _chunks(attrs: Any, name: str) -> list[str]:
    """HDF5 attributes are small; Keras splits long ones into name0, name1, ..."""
    if name in attrs:
        return [name]
    return sorted((k for k in attrs if k.startswith(name)), key=lambda k: int(k.removeprefix(name)))


def _keras3(file: h5py.File) -> dict[str, np.ndarray]:
    """All arrays by path; Windows and early versions wrote other separators and another name for `layers`."""
    found: dict[str, np.ndarray] = {}

    def take(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name.replace("\\", "/").replace("_layer_checkpoint_dependencies/", "layers/")] = np.asarray(item)

    file.visititems(take)
    return found


def _numbered(stored: dict[str, np.ndarray], path: str) -> list[np.ndarray]:
    names = [name for name in stored if name.startswith(f"{path}vars/")]
    return [stored[name] for name in sorted(names, key=lambda name: int(name.rpartition("/")[2]))]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _converted(layer: Layer, arrays: dict[str, np.ndarray], flip: bool) -> dict[str, np.ndarray]:
    """Keras's arrays under torch's names, axes in torch's order."""
    if layer.kind == "BatchNormalization":
        return _norm(arrays)
    part = "linear" if layer.kind == "Dense" else "conv"
    kernel = arrays["kernel"]
    if layer.kind == "Conv1D" and kernel.ndim == 4:
        kernel = _keras1_kernel(kernel, layer.config)
    if part == "conv":
        if flip:  # Theano convolves, everyone else correlates
            kernel = np.flip(kernel, tuple(range(kernel.ndim - 2)))
        kernel = np.moveaxis(kernel, (-1, -2), (0, 1))
    else:
        kernel = kernel.T
    named = {f"{part}.weight": kernel}
    return {**named, f"{part}.bias": arrays["bias"]} if "bias" in arrays else named


def _keras1_kernel(kernel: np.ndarray, config: dict[str, Any]) -> np.ndarray:
    """Keras 1 stored Conv1D as (length, 1, in, out), before 1.1 as (out, in, length, 1)."""
    length = config["kernel_size"]
    length = length[0] if isinstance(length, list) else length
    if kernel.shape[:2] != (length, 1) or kernel.shape[3] != config["filters"]:
        kernel = kernel.transpose(2, 3, 1, 0)
    return kernel[:, 0]


def _norm(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    ones = np.ones_like(arrays["moving_mean"])
    return {
        "norm.weight": arrays.get("gamma", ones),
        "norm.bias": arrays.get("beta", 0 * ones),
        "norm.running_mean": arrays["moving_mean"],
        "norm.running_var": arrays["moving_variance"],
    }
