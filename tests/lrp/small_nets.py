"""Small networks and inputs that several tests share, and how close two results must be."""

import torch
import torch.nn.functional as F
from torch import nn


def dna(n=4, length=24, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return F.one_hot(torch.randint(0, 4, (n, length), generator=generator), 4).transpose(1, 2).to(dtype)


def cnn(seed=0, bias=True, outputs=3, pool=True):
    torch.manual_seed(seed)
    first = [nn.Conv1d(4, 8, 5, padding=2, bias=bias), nn.ReLU(), *([nn.MaxPool1d(2)] if pool else [nn.AvgPool1d(2)])]
    layers = [*first, nn.Conv1d(8, 6, 3, bias=bias), nn.ReLU(), nn.Flatten(), nn.Linear(60, outputs, bias=bias)]
    return nn.Sequential(*layers).double().eval()


def dense(weight, bias=None):
    layer = nn.Linear(len(weight[0]), len(weight), bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias))
    return layer.double()


def kept(found):
    table = found.ledger
    each = table["absorbed"] + table["stranded"] + table["scaled"]
    return torch.tensor(each.groupby(table["sample"]).sum().to_numpy())


def close(a, b, **kw):
    torch.testing.assert_close(a, b, **{"atol": 1e-10, "rtol": 1e-8, **kw})
