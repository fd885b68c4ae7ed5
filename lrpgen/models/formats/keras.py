"""Keras models without TensorFlow: `.h5` of Keras 1, 2 and 3, `.keras`, and a JSON configuration beside a weights file.

Only numbers and JSON are read. Layers that hold code (Lambda, custom classes) are refused by name.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
from torch import Tensor

from ...errors import InputError
from ...files import existing, read_json
from . import keras_weights
from .keras_config import Spec, parse
from .keras_net import KerasNet, leave_out_activation
from .opened import Opened
from .sniff import UNREADABLE, sniff
from .states import fit

AGAIN = "(damaged or cut short?); copy or save it again"


def open_keras(
    path: str | os.PathLike[str],
    weights: str | os.PathLike[str] | None = None,
    *,
    width: int | None = None,
    output: str | None = None,
    names: dict[str, str] | None = None,
) -> Opened:
    """Open a Keras model.

    Parameters
    ----------
    path : `.h5` or `.keras` with the whole model, or its configuration as JSON (`model.to_json()`).
    weights : file of `save_weights`, beside a JSON configuration.
    width : window length, for a model that takes any.
    output : name of the one output to keep, for a model with several.
    names : output layer -> the name it gets, in a model with several.

    Raises
    ------
    InputError : damaged, weights without a configuration, code in a layer, a layer that is not known, weights that do
        not fit or are not finite.
    """
    where = os.fspath(path)
    config = read_config(path)
    spec = parse(config, where)
    _set_width(spec, width, where)
    _choose(spec, output, where)
    found = leave_out_activation(spec)
    renamed = [(names or {}).get(name, name) for name in spec.outputs]
    net = KerasNet(spec, renamed)
    source = path if weights is None else weights
    if weights is None and sniff(path) == "json":
        raise InputError(f"{where} describes a Keras model without its weights; give them with --weights (weights=)")
    fit(net, _weights(source, spec), os.fspath(source))
    several = renamed if len(renamed) > 1 else []
    kwargs = {"spec": spec.plain(), "names": renamed}
    return Opened(net, "keras", kwargs, "Keras", tuple(spec.shape), activation=found, outputs=several)


def rebuild(kwargs: dict[str, Any], tensors: dict[str, Tensor], where: str) -> KerasNet:
    """The network of a converted file."""
    net = KerasNet(Spec.from_plain(kwargs["spec"]), kwargs["names"])
    fit(net, tensors, where)
    return net


def read_config(path: str | os.PathLike[str]) -> Any:
    """The `model_config` of a Keras file, parsed. Raises `InputError` when there is none."""
    kind = sniff(path)
    if kind == "json":
        return read_json(path, "Keras configuration")
    if kind == "keras":
        return _json(_member(path, "config.json"), path)
    if kind != "hdf5":
        raise InputError(f"{path} is no Keras file; give .h5, .keras, or the configuration as JSON")
    with _hdf5(path) as file:
        text = file.attrs.get("model_config")
    if text is None:
        raise InputError(
            f"{path} holds weights or data but no Keras model configuration; give the configuration "
            "(model.to_json()) as the model and this file as its --weights"
        )
    return _json(text, path)


def _json(text: Any, path: Any) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, UnicodeDecodeError) as error:
        raise InputError(f"the Keras configuration in {path} is not valid JSON {AGAIN}") from error


def _member(path: str | os.PathLike[str], name: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    except UNREADABLE as error:
        raise InputError(f"{path}: its part {name} cannot be read {AGAIN}") from error


def _weights(path: str | os.PathLike[str], spec: Spec) -> dict[str, Tensor]:
    with _hdf5(path) as file:
        return keras_weights.read(file, spec, os.fspath(path))


@contextlib.contextmanager
def _hdf5(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """An open HDF5 file, or the one inside a `.keras` archive; what goes wrong while it is read is one sentence."""
    existing(path, "model")
    source: Any = Path(path)
    if sniff(path) == "keras":
        source = io.BytesIO(_member(path, "model.weights.h5"))
    elif sniff(path) != "hdf5":
        raise InputError(f"{path} is no HDF5 file; give a Keras .h5 or .keras file")
    try:
        with h5py.File(source, "r") as file:
            yield file
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is not a readable HDF5 file {AGAIN}") from error


def _set_width(spec: Spec, width: int | None, where: str) -> None:
    free = [axis for axis, size in enumerate(spec.shape) if size is None]
    if width is not None and len(free) == 1:
        spec.shape[free[0]] = width
    elif free:
        raise InputError(f"{where} takes windows of any width; say which with --width (width=)")


def _choose(spec: Spec, output: str | None, where: str) -> None:
    if output is None:
        return
    if output not in spec.outputs:
        raise InputError(f"{where} has no output {output!r}; it has {', '.join(spec.outputs)}")
    spec.outputs = [output]
    needed = {output}
    for call in reversed(spec.calls):
        if call.out in needed:
            needed.update(call.inputs)
    spec.calls = [call for call in spec.calls if call.out in needed]
    used = {call.layer for call in spec.calls}
    spec.layers = [layer for layer in spec.layers if layer.name in used]
