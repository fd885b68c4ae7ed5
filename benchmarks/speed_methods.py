"""What the speed benchmarks run: gradient * input, lrpgen's rules, and other libraries', each as a function of the input."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from lrpgen.lrp import Prune, capture, explain
from lrpgen.lrp.explain import samples_at_once

BASE = "gradient*input"
PIECES = "gradient*input, in lrpgen's pieces"
OWN: dict[str, dict[str, Any]] = {
    "epsilon": {},
    "epsilon_plus": {"composite": "epsilon_plus"},
    "PLRP-lambda 0.25": {"prune": Prune(0.25)},
    "PLRP-lambda 0.9": {"prune": Prune(0.9)},
    "PLRP-matrix 0.25": {"prune": Prune(0.25, redistribute="matrix")},
    "epsilon, uniform reference": {"reference": "uniform"},
}
PEERS = ("zennit EpsilonPlus", "captum LRP", "captum DeepLift")
SLOW = ("captum integrated gradients, 50 steps", "tangermeme DeepSHAP, 20 shuffles")
Method = Callable[[Tensor], Any]


def method(name: str, net: nn.Module, x: Tensor, device: str) -> Method:
    """The method `name` on `net`, for inputs of the shape of x; what it needs only once is done here."""
    if name == BASE:
        return lambda given: gradient(net, given)
    if name == PIECES:
        graph = capture(net, x)

        def by_pieces(given: Tensor) -> Tensor:
            size = samples_at_once(graph, len(given), given.device)
            return torch.cat([gradient(net, part) for part in given.split(size)])

        return by_pieces
    if name in OWN:
        graph = capture(net, x)
        return lambda given: explain(graph, given, target=0, device=device, **OWN[name])
    if name.startswith("captum"):
        return _captum(name, net)
    if name.startswith("tangermeme"):
        from tangermeme.deep_lift_shap import deep_lift_shap

        return lambda given: deep_lift_shap(
            net, given, n_shuffles=20, batch_size=len(given), device=device, only_warn=True
        )
    return _zennit(net)


def gradient(net: nn.Module, x: Tensor) -> Tensor:
    leaf = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(net(leaf)[:, 0].sum(), leaf)
    return slope * x


def _captum(name: str, net: nn.Module) -> Method:
    from captum.attr import LRP, DeepLift, IntegratedGradients
    from captum.attr._utils.lrp_rules import EpsilonRule

    if name in SLOW:
        return lambda given: IntegratedGradients(net).attribute(
            given, target=0, n_steps=50, internal_batch_size=len(given)
        )
    if name == "captum DeepLift":
        return lambda given: DeepLift(net).attribute(given.clone().requires_grad_(), target=0)

    def run(given: Tensor) -> Tensor:
        for module in net.modules():
            if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear | nn.BatchNorm1d | nn.BatchNorm2d):
                vars(module)["rule"] = EpsilonRule()  # how captum is told; it takes them away again
        return LRP(net).attribute(given.clone().requires_grad_(), target=0)

    return run


STUBS = ("torchvision", "torchvision.models", "torchvision.models.resnet")


def _zennit(net: nn.Module) -> Method:
    """zennit imports torchvision for parts that are not used here; a stub stands in for it."""
    parts = [part for part in STUBS if part not in sys.modules]
    sys.modules.update({part: ModuleType(part) for part in parts})
    try:
        for block in ("Bottleneck", "BasicBlock") if parts else ():
            setattr(sys.modules[STUBS[-1]], block, type(block, (nn.Module,), {}))
        from zennit.attribution import Gradient
        from zennit.canonizers import SequentialMergeBatchNorm
        from zennit.composites import EpsilonPlus
    finally:
        for part in parts:  # others ask whether it is installed
            del sys.modules[part]

    def run(given: Tensor) -> Tensor:
        composite = EpsilonPlus(canonizers=[SequentialMergeBatchNorm()])
        with warnings.catch_warnings(), Gradient(net, composite) as attributor:
            warnings.simplefilter("ignore")
            found = attributor(given, lambda output: torch.eye(output.shape[1])[[0]].to(output) * output)
        assert found is not None
        return found[1]

    return run
