"""Weights of networks for images from elsewhere: whose they are, and that network with its card.

    model, card = open_weights("vgg16-397923af.pth")

The names of the weights say which network it is, their shapes how many classes, channels and filters it has. Files are read
as `models.formats.states` reads them: safetensors, or a checkpoint of which nothing but numbers is unpickled.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ..errors import InputError
from ..models.card import Card
from ..models.formats import sniff
from ..models.formats.states import PREFIXES, fit, read_tensors
from ..models.zoo import is_known
from .nets import NETS, build
from .nets.simple_cnn import SMALLEST
from .transform import IMAGENET

if TYPE_CHECKING:
    from ..models.convert import Source

STATES = ("safetensors", "state", "pickle")  # kinds of file that hold weights by name
COUNTER = "num_batches_tracked"


def load(path: str | os.PathLike[str], architecture: str | None = None) -> nn.Module:
    """A network for images from a saved model or a file of weights, in eval mode; see `open_network`."""
    return open_network(path, architecture)[0]


def open_network(path: str | os.PathLike[str], architecture: str | None = None) -> tuple[nn.Module, Card]:
    """The network of a saved model (`lrpgen images train`) or of a file of weights, and its card.

    Raises `InputError` for a model of something else and as `open_weights` does.
    """
    from ..models.store import find_card, load_model

    if sniff(path) != "safetensors" or (card := find_card(path)) is None:
        return open_weights(path, architecture)
    if not card.shape:
        raise InputError(f"{path} takes {card.takes}, not images; give a model of `lrpgen images train`")
    if architecture not in (None, card.architecture):
        raise InputError(f"{path} is a {card.architecture}, not a {architecture}; leave --architecture out")
    return load_model(path), card


def open_weights(
    path: str | os.PathLike[str],
    architecture: str | None = None,
    *,
    classes: list[str] | None = None,
    size: int | None = None,
    options: Mapping[str, Any] | None = None,
) -> tuple[nn.Module, Card]:
    """The network that a file of weights is of, and its card.

    Parameters
    ----------
    architecture : one of `NETS`; None = by the names of the weights, or else by the file's name (`vgg16-397923af.pth`).
    classes : names of the outputs; None = class_0, class_1, ...: those of ImageNet in torchvision's order.
    size : side of the images in pixels; None = as usual for the network. options : of the network.

    Raises
    ------
    InputError : not weights, of no network known here, or of another: names the first that does not fit, and both shapes.
    """
    tensors = _bare(read_tensors(path))
    name = architecture or recognise(tensors) or named(path)
    if name is None:
        raise InputError(
            f"{path} holds weights of no network for images that lrpgen knows; say which with --architecture "
            f"({', '.join(NETS)})"
        )
    kwargs = _sizes(name, tensors) | ({} if size is None else {"height": size, "width": size}) | dict(options or {})
    net = build(name, **kwargs)
    fit(net, tensors, path)
    found = classes or [f"class_{k}" for k in range(kwargs["classes"])]
    if len(found) != kwargs["classes"] or len(set(found)) != len(found):
        raise InputError(f"{path} has {kwargs['classes']} outputs, --classes names {len(set(found))}; name each once")
    imagenet = NETS[name].imagenet and kwargs["channels"] == 3
    normalisation = {key: list(numbers) for key, numbers in IMAGENET.items()} if imagenet else {}
    return net.eval(), card_of(name, kwargs, found, net, normalisation, source=f"state dict: {Path(path).name}")


def card_of(
    name: str, kwargs: dict[str, Any], classes: list[str], net: nn.Module, normalisation: dict[str, Any], **more: Any
) -> Card:
    """The card of a network built with `kwargs`, which hold classes, channels, height and width."""
    return Card(
        architecture=name,
        kwargs=kwargs,
        classes=classes,
        width=kwargs["width"],
        parameters=sum(p.numel() for p in net.parameters()),
        input="(N, C, H, W), normalised",
        shape=[kwargs["channels"], kwargs["height"], kwargs["width"]],
        normalisation=normalisation,
        channels={1: "L", 3: "RGB"}.get(kwargs["channels"], ""),
        layout="NCHW",
        **{"seed": 0, **more},
    )


def open_images_network(source: Source) -> tuple[nn.Module, Card] | None:
    """What `models.convert` was asked to open, if it is a network for images; None where it is something else."""
    from ..models.store import find_card

    name, file = source.architecture or source.path, source.weights or source.path
    if name in NETS:
        if source.architecture is None and source.weights is None:
            raise InputError(f"{name} needs its weights; give the file with --weights (weights=)")
    elif source.architecture or source.weights or is_known(name) or not Path(file).is_file():
        return None
    else:
        kind = sniff(file)
        foreign = kind in STATES and (kind != "safetensors" or find_card(file) is None)
        name = recognise(_bare(read_tensors(file))) if foreign else None
        if name is None:
            return None
    return open_weights(file, name, classes=source.classes, size=source.width, options=source.kwargs)


def begin_with(net: nn.Module, path: str | os.PathLike[str]) -> None:
    """Put weights of a file into `net`; where they are of other classes, its output layer keeps its own."""
    own = net.state_dict()
    tensors = _bare(read_tensors(path))
    for name in list(own)[-2:]:  # weight and bias of the output layer, which every network here ends with
        if name in tensors and len(tensors[name]) != len(own[name]):
            tensors[name] = own[name]
    fit(net, tensors, path)


def recognise(tensors: Mapping[str, Tensor]) -> str | None:
    """The network whose weights have these names, whatever their shapes; None where there is none."""
    names = {name for name in tensors if not name.endswith(COUNTER)}
    return next((name for name in NETS if names == set(_blank(name))), None)


def named(path: str | os.PathLike[str]) -> str | None:
    """The network that a file's name begins with, as torchvision writes them.

    >>> named("weights/vgg16_bn-6c64b313.pth")
    'vgg16_bn'
    """
    return next((name for name in NETS if Path(path).name.split(".")[0].split("-")[0] == name), None)


@cache
def _blank(name: str) -> dict[str, Tensor]:
    """Weights of a network by name, without memory."""
    with torch.device("meta"):
        return {key: value for key, value in build(name).state_dict().items() if not key.endswith(COUNTER)}


def _sizes(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """What shapes of weights say about the arguments of `build`; the network's own where a weight is missing."""
    shapes = {}
    for key, own in _blank(name).items():
        found = tensors.get(key, own)
        shapes[key] = tuple(found.shape if found.dim() == own.dim() else own.shape)
    weights = [shape for shape in shapes.values() if len(shape) > 1]
    dense = [shape for shape in weights if len(shape) == 2]
    filters, side = weights[0][0], NETS[name].size
    if name == "simple-cnn":  # its dense layer reads every position: the images were square
        side = isqrt(dense[0][1] // max(2 * filters, 1)) * SMALLEST
    hidden = {"hidden": dense[0][0]} if len(dense) > 1 else {}
    shape = {"channels": weights[0][1], "height": side, "width": side}
    return {"classes": dense[-1][0], **shape, "filters": filters, **hidden}


def _bare(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Without the prefix that wrappers such as DataParallel put before every name."""
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in tensors):
            return {name.removeprefix(prefix): value for name, value in tensors.items()}
    return tensors
