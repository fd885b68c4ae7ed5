"""From a file of any format to a network that takes (N, 4, L), its card, and one safetensors file with both."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import InputError
from .adapt import BASES, DEFAULT_LAYOUT, adapted, guessed_layout, length_of
from .card import ACTIVATIONS, TASKS, Card, check_choice
from .formats import Opened, sniff
from .formats.states import fit, read_tensors, refuse_torchscript
from .zoo import build, is_known, settled

NAMED = ("bpnet-lite", "chrombpnet")  # architectures of others, given by name with weights=
KERAS = ("hdf5", "keras", "json")  # kinds of file that hold a Keras model
TASK_OF = {"softmax": "classes", "sigmoid": "labels", "": "values"}  # activation that was left out -> task
CHROMBPNET_HEADS = {"logits_profile_predictions": "profile", "logcount_predictions": "counts"}


@dataclass(frozen=True)
class Source:
    """What to open, and what the file does not say.

    path : the file, or a name (`basset`, `bpnet-lite`, `chrombpnet`) with `weights`.
    architecture, kwargs : of the zoo, for a file of weights only.
    channels, layout, width : convention of the network inside; guessed where that is certain.
    task, activation, classes : meaning of the outputs; from the network's own last layer where it has one.
    output : the one to keep of several (Keras).
    """

    path: str
    weights: str | None = None
    architecture: str | None = None
    kwargs: dict[str, Any] = field(default_factory=dict)
    channels: str = BASES
    layout: str | None = None
    width: int | None = None
    task: str | None = None
    activation: str | None = None
    classes: list[str] | None = None
    output: str | None = None


def open_network(source: Source) -> Opened:
    """The network of `source` in its own layout. Raises `InputError` for a file that cannot be opened safely."""
    from .formats import bpnetlite, exported, keras, onnx

    name, weights = source.architecture or source.path, source.weights
    if (name in NAMED or is_known(name)) and not source.architecture and weights is None:
        raise InputError(f"{name} needs its weights; give the file with --weights (weights=)")
    file = weights or source.path
    if name == "bpnet-lite":
        return bpnetlite.open_bpnetlite(file, **source.kwargs)
    if name == "chrombpnet":
        return _chrombpnet(file, source)
    if source.architecture or is_known(name):
        return _zoo(name, file, source)
    kind = sniff(source.path)
    if source.output is not None and kind not in KERAS:
        raise InputError(f"{source.path}: one output of several can be kept of Keras models only; leave --keep out")
    if kind in KERAS:
        return keras.open_keras(source.path, weights, width=source.width, output=source.output)
    if kind in ("onnx", "pt2"):
        return onnx.open_onnx(source.path) if kind == "onnx" else exported.open_exported(source.path)
    refuse_torchscript(kind, source.path)
    read_tensors(source.path)  # says what is wrong with a file that cannot be read at all
    raise InputError(
        f"{source.path} holds weights and no lrpgen card; say which with --architecture NAME "
        "(load_model(NAME, weights=...)); `lrpgen models list` shows the names"
    )


def _zoo(name: str, file: str, source: Source) -> Opened:
    if source.output is not None:
        raise InputError(f"{name}: one output of several can be kept of Keras models only; leave --keep out")
    kwargs = dict(source.kwargs)
    if source.width is not None:
        kwargs.setdefault("width", source.width)
    if source.classes is not None:
        kwargs.setdefault("classes", len(source.classes))
    net = network(name, kwargs, file)
    return Opened(net, name, kwargs, "state dict", (4, kwargs.get("width")), DEFAULT_LAYOUT)


def _chrombpnet(file: str, source: Source) -> Opened:
    """The model without bias, `chrombpnet_nobias.h5`: a plain functional Keras model with two heads."""
    from .formats import keras
    from .formats.keras_config import parse

    outputs = parse(keras.read_config(file), file).outputs
    names = {out: head for out in outputs for end, head in CHROMBPNET_HEADS.items() if out.endswith(end)}
    if sorted(names.values()) != ["counts", "profile"]:
        raise InputError(
            f"{file} has the outputs {', '.join(outputs)}, not ChromBPNet's; give chrombpnet_nobias.h5, or open it "
            "as a Keras model"
        )
    chosen = {head: out for out, head in names.items()}.get(source.output or "", source.output)
    return keras.open_keras(file, width=source.width, output=chosen, names=names)


def make(source: Source) -> tuple[nn.Module, Card]:
    """The network behind (N, 4, L), or (N, C, H, W) where it is one for images, and its card.

    Raises
    ------
    InputError : what cannot be opened, guessed, or does not fit together.
    """
    from ..images.weights import open_images_network  # not at the top: that room needs this one

    if (of_images := open_images_network(source)) is not None:
        return of_images
    opened = open_network(source)
    layout = _layout(opened, source)
    fixed = length_of(opened.shape, layout) if opened.shape else None
    width = fixed or source.width
    if fixed and source.width not in (None, fixed):
        raise InputError(f"{source.path} takes windows of {fixed} bp, not of {source.width} bp; leave the width out")
    if width is None:
        raise InputError(f"{source.path} takes windows of any width; say which with --width (width=)")
    model = adapted(opened.net, source.channels, layout).eval()
    architecture, code = settled(opened.architecture)
    task = source.task or TASK_OF[opened.activation]
    activation = source.activation or opened.activation or _usual(source.task)
    check_choice(task, TASKS, "task", source.path)
    check_choice(activation, ACTIVATIONS, "activation", source.path)
    card = Card(
        architecture=architecture,
        code=code,
        kwargs=opened.kwargs,
        classes=_classes(model, width, opened, source),
        width=width,
        parameters=sum(p.numel() for p in opened.net.parameters()),
        seed=0,
        task=task,
        activation=activation,
        channels=source.channels,
        layout=layout,
        source=f"{opened.format}: {Path(source.weights or source.path).name}",
    )
    return model, card


def _usual(task: str | None) -> str:
    return {"classes": "softmax", "labels": "sigmoid"}.get(task or "", "identity")


def _layout(opened: Opened, source: Source) -> str:
    if found := source.layout or opened.layout:
        return found
    if opened.shape and (guess := guessed_layout(opened.shape)):
        return guess
    shape = f"(N, {', '.join('?' if n is None else str(n) for n in opened.shape)})" if opened.shape else "unknown"
    raise InputError(
        f"{source.path}: an input of shape {shape} does not say which axis holds the bases; "
        "give --layout (layout=), such as NCL or NLC1"
    )


def _classes(model: nn.Module, width: int, opened: Opened, source: Source) -> list[str]:
    """Names of the outputs; a trial forward says how many there are."""
    x = torch.zeros(1, 4, width)
    x[:, 0] = 1
    try:
        with torch.inference_mode():
            y = model(x)
    except Exception as error:  # a network of someone else raises what it likes
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"{source.path} cannot take an input of shape (N, 4, {width}) ({first}); correct --layout or --width"
        ) from error
    if not isinstance(y, Tensor):
        return opened.outputs
    count = y.shape[1] if y.dim() > 1 else 1
    names = source.classes or [f"output_{k}" for k in range(1, count + 1)]
    if len(names) != count or len(set(names)) != count:
        raise InputError(
            f"{source.path} has {count} outputs, --classes names {len(set(names))}; give one name for each"
        )
    return names


def convert(source: Source, output: str | os.PathLike[str]) -> Card:
    """Write `source` as one safetensors file that holds all that is needed to rebuild it; returns its card."""
    from .store import save_model

    model, card = make(source)
    save_model(output, model, card)
    return card


def rebuild(card: Card, tensors: dict[str, Tensor], where: str) -> nn.Module:
    """The network of a saved model behind (N, 4, L) or (N, C, H, W), in eval mode; it needs no file but its own.

    Raises `InputError` when card and weights do not fit together.
    """
    from ..images import nets
    from .formats import bpnetlite, exported, keras, onnx

    formats = {"keras": keras, "onnx": onnx, "pt2": exported, "bpnet-lite": bpnetlite}
    _check_code(card, where)
    try:
        if card.architecture in formats:
            net = formats[card.architecture].rebuild(card.kwargs, tensors, where)
        elif card.shape:
            net = nets.build(card.architecture, **card.kwargs)
            fit(net, tensors, where)
        else:
            net = network(card.architecture, card.kwargs, where, tensors)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"the card of {where} does not describe a {card.architecture} model ({type(error).__name__}: {error}); "
            "make the model again"
        ) from error
    return net.eval() if card.shape else adapted(net, card.channels, card.layout).eval()


def _check_code(card: Card, where: str) -> None:
    """Raise `InputError` when the user's own file is not the one the model was made with."""
    if card.code and settled(card.architecture)[1] != card.code:
        raise InputError(
            f"{where} was made with another version of {card.architecture}; bring that file back, or train again"
        )


def network(name: str, kwargs: dict[str, Any], where: str, tensors: dict[str, Tensor] | None = None) -> nn.Module:
    """A network of the zoo with `tensors`, or with the weights of the file `where`."""
    net = build(name, **kwargs)
    fit(net, read_tensors(where) if tensors is None else tensors, where)
    return net.eval()
