"""Every architecture of the zoo, small, with batch norms that look trained."""

import torch
import torch.nn.functional as F
from torch import nn

from lrpgen.models.zoo import build

SMALL = {
    "motif-cnn": {"width": 40, "filters": 6, "dense": 8},
    "basset": {"width": 180, "filters": (6, 5, 5), "dense": (12, 10)},
    "deepsea": {"width": 170, "filters": (6, 5, 5), "dense": (9,)},
    "deepstarr": {"width": 50, "filters": (6, 5, 5, 4), "dense": (8, 8)},
    "deepac-rapid": {"width": 31, "filters": (6, 5), "kernel": 5, "dense": (8, 7)},
    "bpnet": {"width": 120, "filters": 6, "layers": 2},
    "resnet1d": {"width": 30, "filters": (6, 8), "blocks": 1, "first_kernel": 7},
}
OUTPUT = {"bpnet": "counts"}
CLASSES = 3


def small(name, *, seed=0, **kwargs):
    """A small float64 network in eval mode."""
    torch.manual_seed(seed)
    net = build(name, classes=CLASSES, **SMALL[name], **kwargs).double().eval()
    for norm in (m for m in net.modules() if isinstance(m, nn.BatchNorm1d)):
        nn.init.uniform_(norm.weight, 0.5, 1.0)
        nn.init.normal_(norm.bias, 0.0, 0.2)
        norm.running_mean.normal_(0, 0.2)
        norm.running_var.uniform_(0.5, 1.5)
    return net


def dna(name, n=2, seed=1):
    generator = torch.Generator().manual_seed(seed)
    letters = torch.randint(0, 4, (n, SMALL[name]["width"]), generator=generator)
    return F.one_hot(letters, 4).transpose(1, 2).double()


def counts(output):
    return output["counts"] if isinstance(output, dict) else output
