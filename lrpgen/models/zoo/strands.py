"""Weights shared between a sequence and its reverse complement: f(x) = f(reverse complement of x), bit for bit.

With rows A C G T the reverse complement of x is x turned round on both axes: `x.flip(1, 2)`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...errors import InputError

RC = ("none", "share")


def check_rc(rc: str) -> None:
    """Raise `InputError` unless `rc` is a known way to treat the two strands."""
    if rc not in RC:
        raise InputError(f"rc {rc!r} is not known; choose one of {', '.join(RC)}")


class BothStrands(nn.Module):
    """The mean of a network's outputs for a sequence and for its reverse complement ("conjoined" or siamese network).

    Works for any network: no layer needs to know of strands, and the number of weights stays. Source: Reported (Zhou,
    Shrikumar, Kundaje 2022, train both strands through the same weights and average); Ours: the mean is of raw outputs.

    Parameters
    ----------
    net : a network from (N, 4, L) to (N, K). One whose output is something else must have a method `turned`, which makes
        of its output for the reverse complement one that is aligned with the forward strand.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Any:
        forward, reverse = self.net(x), self.net(x.flip(1, 2))
        if isinstance(forward, Tensor):
            return (forward + reverse) / 2
        turned = getattr(self.net, "turned", None)
        if turned is None or not isinstance(forward, dict):
            raise InputError(
                f"rc='share' cannot average what {type(self.net).__name__} returns, which is no tensor (N, K); "
                "return named outputs and give the class a method `turned`, or share the weights inside it"
            )
        reverse = turned(reverse)
        return {name: (value + reverse[name]) / 2 for name, value in forward.items()}


def joined(forward: Tensor, reverse: Tensor) -> tuple[Tensor, Tensor]:
    """Both strands as each of them sees them: twice the channels, (N, 2F, L).

    `forward` and `reverse` are (N, F, L), each in its own direction. Turned round on both axes, what the one strand sees is
    what the other sees, so that a convolution that reads either shares its weights between the strands (Shrikumar,
    Greenside, Kundaje 2017; in this form in DeePaC's public code).
    """
    return torch.cat([forward, reverse.flip(1, 2)], 1), torch.cat([reverse, forward.flip(1, 2)], 1)
