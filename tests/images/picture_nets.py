"""Small networks of every kind, and images for them, for the tests beside this file."""

import torch
from torch import nn

from lrpgen.images.nets import NETS, build

CLASSES = 5
SIDE = {"simple-cnn": 28}  # all others: 32, the smallest that VGG takes


def small(name, **more):
    """A network of few filters in float64 whose outputs are about as large as its inputs, with biases and with statistics of
    batch norm that are not those of a new one."""
    torch.manual_seed(3)
    hidden = {} if name.startswith("resnet") else {"hidden": 12}
    side = SIDE.get(name, 32)
    options = {"height": side, "width": side, "filters": 4, **hidden, **more}
    net = build(name, classes=CLASSES, **options).double().eval()
    with torch.no_grad():
        for layer in net.modules():
            if isinstance(layer, nn.Linear):
                nn.init.kaiming_normal_(layer.weight)
            if getattr(layer, "bias", None) is not None:
                layer.bias.uniform_(-0.1, 0.1)
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.uniform_(-0.2, 0.2)
                layer.running_var.uniform_(0.5, 1.5)
    return net


def pictures(name, count=2, channels=3):
    torch.manual_seed(4)
    return torch.rand(count, channels, SIDE.get(name, 32), SIDE.get(name, 32), dtype=torch.float64) * 4 - 2


__all__ = ["CLASSES", "NETS", "pictures", "small"]
