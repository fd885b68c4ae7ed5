"""The networks for images by name, and `build`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import nn

from ...errors import InputError
from ...models.zoo.custom import construct
from ...models.zoo.options import check_options
from .resnet import BLOCKS, BOTTLENECK, BasicBlock, Bottleneck, ResNet
from .simple_cnn import SimpleCNN
from .vgg import CONVOLUTIONS, VGG

VGG_SOURCE, RESNET_SOURCE = "Simonyan, Zisserman 2015", "He et al. 2016"


@dataclass(frozen=True)
class Net:
    """One network. maker : its class. fixed : the arguments that make it this one. size : usual side of its images in
    pixels. reference : publication, or Ours. summary : one line. imagenet : torchvision has weights from ImageNet."""

    maker: Callable[..., nn.Module]
    size: int
    reference: str
    summary: str
    fixed: dict[str, Any]
    imagenet: bool = True


def _vgg(name: str, norm: bool) -> Net:
    count = sum(CONVOLUTIONS[name])
    summary = f"{count} convolutions{' with batch norm' if norm else ''}, three dense layers"
    return Net(VGG, 224, VGG_SOURCE, summary, {"convolutions": CONVOLUTIONS[name], "norm": norm})


def _resnet(name: str) -> Net:
    block = Bottleneck if name in BOTTLENECK else BasicBlock
    summary = f"{sum(BLOCKS[name])} residual blocks and the mean over positions"
    return Net(ResNet, 224, RESNET_SOURCE, summary, {"block": block, "blocks": BLOCKS[name]})


NETS: dict[str, Net] = {
    "simple-cnn": Net(
        SimpleCNN, 28, "Ours", "two convolutions and a dense layer; for small images", {}, imagenet=False
    ),
    **{name: _vgg(name, norm=False) for name in CONVOLUTIONS},
    **{f"{name}_bn": _vgg(name, norm=True) for name in CONVOLUTIONS},
    **{name: _resnet(name) for name in BLOCKS},
}


def build(
    name: str,
    *,
    classes: int = 1000,
    channels: int = 3,
    height: int | None = None,
    width: int | None = None,
    **options: Any,
) -> nn.Module:
    """A new network with initial weights, in training mode.

    Parameters
    ----------
    name : one of `NETS`. classes : number of outputs K. channels : 1 (grey) or 3 (colour).
    height, width : of the images in pixels; None = as usual for the network.
    options : `filters` (of the first convolution or stage; fewer make a smaller network); all but ResNets have `hidden`
        (units of the dense layers) and `dropout`.

    Raises `InputError` : unknown name, arguments of another kind, images too small.
    """
    if name not in NETS:
        raise InputError(f"network {name!r} is not known; choose one of {', '.join(NETS)}")
    net = NETS[name]
    sizes = {
        "classes": classes,
        "channels": channels,
        "height": net.size if height is None else height,
        "width": net.size if width is None else width,
    }
    if taken := sorted(set(options) & set(net.fixed)):
        raise InputError(f"architecture {name}: {taken[0]} is what makes it {name}; leave it out")
    check_options(name, net.maker, {**sizes, **options})
    return construct(name, partial(net.maker, **net.fixed), {**sizes, **options})
