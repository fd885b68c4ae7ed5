"""The folder of `lrpgen neurons` for the fake results: a small network whose first layer the fake filters belong to."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lrpgen.lrp.explain import as_graph
from lrpgen.neurons import Setting, study
from lrpgen.neurons.output import write_study

HOSTILE = "<img src=x onerror=alert(1)>\"'"
GROUPS = ["donor", HOSTILE]


def write(folder: Path, pictures: bool = False) -> dict[str, Any]:
    """network.json, curves and figures in folder/network; returns what network.json holds. The second class is hostile."""
    torch.manual_seed(5)
    conv, size = (nn.Conv2d(1, 3, 3), (1, 8, 8)) if pictures else (nn.Conv1d(4, 3, 5), (4, 24))
    width = 3 * (36 if pictures else 20)
    layers = {"conv1": conv, "relu": nn.ReLU(), "flat": nn.Flatten(), "dense": nn.Linear(width, 4), "more": nn.ReLU()}
    net = nn.Sequential(OrderedDict(layers | {"head": nn.Linear(4, 3)})).eval()
    x = torch.rand(6, *size)
    group = torch.tensor([0, 0, 0, 1, 1, 1])
    found = study(as_graph(net, x), x, group, GROUPS, group, Setting(shown=3))
    (folder / "network").mkdir()
    names = [f"window {i} <b>" for i in range(6)]
    return write_study(folder / "network", found, {"inputs": 6, "tolerance": 0.1}, [*GROUPS, "none"], names, 0.1)
