"""Small networks of every kind, and images for them, for the tests beside this file."""

import torch

from lrpgen.images.nets import NETS, build

CLASSES = 5
SIDE = {"simple-cnn": 28}  # all others: 32, the smallest that VGG takes


def small(name, **more):
    """A network of few filters in float64, with statistics of batch norm that are not those of a new one."""
    torch.manual_seed(3)
    hidden = {} if name.startswith("resnet") else {"hidden": 12}
    side = SIDE.get(name, 32)
    options = {"height": side, "width": side, "filters": 4, **hidden, **more}
    net = build(name, classes=CLASSES, **options).double().eval()
    for buffer_name, buffer in net.named_buffers():
        if buffer_name.endswith(("running_mean", "running_var")):
            buffer.copy_(torch.rand_like(buffer) + 0.5)
    return net


def pictures(name, count=2, channels=3):
    torch.manual_seed(4)
    return torch.rand(count, channels, SIDE.get(name, 32), SIDE.get(name, 32), dtype=torch.float64) * 4 - 2


__all__ = ["CLASSES", "NETS", "pictures", "small"]
