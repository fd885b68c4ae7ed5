"""The networks of the speed benchmarks: the zoo's, and ResNet18 and VGG16 as plain torch, all with random weights."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from lrpgen.models.zoo import build

VGG16 = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)  # filters; 0 = max-pool


class Counts(nn.Module):
    """BPNet's counts head alone."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = build("bpnet", width=width)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)["counts"]


class Block(nn.Module):
    """Two 3 x 3 convolutions beside a skip (He et al. 2015)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.relu1, self.relu2 = nn.ReLU(), nn.ReLU()
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.skip = nn.Sequential()
        if stride > 1 or inputs != outputs:
            self.skip = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return self.relu2(self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x))))) + self.skip(x))


def resnet18() -> nn.Module:
    stem = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    sizes = (64, 64, 64, 128, 128, 256, 256, 512, 512)
    blocks = [Block(i, o, 1 if i == o else 2) for i, o in pairwise(sizes)]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


def vgg16() -> nn.Module:
    layers, channels = [], 3
    for filters in VGG16:
        layers += [nn.Conv2d(channels, filters, 3, 1, 1), nn.ReLU()] if filters else [nn.MaxPool2d(2)]
        channels = filters or channels
    dense = [nn.Linear(512 * 49, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000)]
    return nn.Sequential(*layers, nn.Flatten(), *dense)


def network(name: str, size: int) -> nn.Module:
    """One of `basset`, `bpnet`, `deepac-rapid` for windows of `size` bp, or `resnet18`, `vgg16` for images of 224."""
    torch.manual_seed(1)
    if name in ("resnet18", "vgg16"):
        net = {"resnet18": resnet18, "vgg16": vgg16}[name]()
    else:
        net = Counts(size) if name == "bpnet" else build(name, width=size)
    for module in net.modules():  # statistics as after some training: folding them changes the weights
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean = torch.rand(module.num_features) * 0.2
            module.running_var = torch.rand(module.num_features) + 0.5
    return net.eval()


def inputs(name: str, size: int, batch: int) -> Tensor:
    """Random sequences (batch, 4, size), or images (batch, 3, size, size)."""
    generator = torch.Generator().manual_seed(1)
    if name in ("resnet18", "vgg16"):
        return torch.rand(batch, 3, size, size, generator=generator)
    letters = torch.randint(0, 4, (batch, size), generator=generator)
    return nn.functional.one_hot(letters, 4).transpose(1, 2).float().contiguous()
