"""bpnet-lite: its network, from a state dict. Sizes are read off the weights.

Reported: the layers are those of the package bpnet-lite 1.1 (J. Schreiber), after BPNet (Avsec et al. 2021).
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import InputError
from .opened import Opened
from .states import fit, read_tensors

PARTS = ("iconv.weight", "rconvs.0.weight", "fconv.weight", "linear.weight")
COUNT_FLANK = 37  # bp beside the profile's window that the counts head averages too: half its kernel of 75


class BPNetLite(nn.Module):
    """A convolution, dilated convolutions with skips, a profile head and a counts head.

    Input (N, 4, L). Output: `profile` (N, outputs, L - 2 trimming) logits, `counts` (N, 1) log counts.
    Models with control tracks get zeros for them, as bpnet-lite is used for attribution.

    Parameters
    ----------
    filters, layers : of the dilated convolutions. outputs : strands. controls : control tracks.
    trimming : bp cut from each end of the profile; None for what bpnet-lite chooses.
    kernels : widths of the first and the profile convolution. biases : whether profile and counts head have one.
    """

    def __init__(
        self,
        filters: int,
        layers: int,
        outputs: int,
        controls: int = 0,
        trimming: int | None = None,
        kernels: tuple[int, int] = (21, 75),
        biases: tuple[bool, bool] = (True, True),
    ) -> None:
        super().__init__()
        self.controls = controls
        self.trimming = 47 + sum(2**i for i in range(1, layers + 1)) if trimming is None else trimming
        self.iconv = nn.Conv1d(4, filters, kernels[0], padding=kernels[0] // 2)
        self.rconvs = nn.ModuleList(
            nn.Conv1d(filters, filters, 3, padding=2**i, dilation=2**i) for i in range(1, layers + 1)
        )
        self.fconv = nn.Conv1d(filters + controls, outputs, kernels[1], padding=kernels[1] // 2, bias=biases[0])
        self.linear = nn.Linear(filters + bool(controls), 1, bias=biases[1])

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        start, end = self.trimming, x.shape[2] - self.trimming
        x = self.iconv(x).relu()
        for conv in self.rconvs:
            x = x + conv(x).relu()
        with_controls = nn.functional.pad(x, (0, 0, 0, self.controls))
        profile = self.fconv(with_controls)[:, :, start:end]
        mean = x[:, :, max(start - COUNT_FLANK, 0) : end + COUNT_FLANK].mean(2)
        counts = self.linear(nn.functional.pad(mean, (0, int(self.controls > 0))))
        return {"profile": profile, "counts": counts}


def open_bpnetlite(weights: str | os.PathLike[str], *, trimming: int | None = None) -> Opened:
    """Open a state dict of bpnet-lite. Raises `InputError` when it is another network's."""
    tensors = read_tensors(weights)
    tensors = {name.removeprefix("module.").removeprefix("model."): value for name, value in tensors.items()}
    if missing := [name for name in PARTS if name not in tensors]:
        raise InputError(
            f"{weights} is no state dict of a bpnet-lite model: it lacks {missing[0]}; give that of a BPNet"
        )
    filters, outputs = tensors["iconv.weight"].shape[0], tensors["fconv.weight"].shape[0]
    kwargs: dict[str, Any] = {
        "filters": filters,
        "layers": len({name for name in tensors if name.startswith("rconvs.") and name.endswith(".weight")}),
        "outputs": outputs,
        "controls": tensors["fconv.weight"].shape[1] - filters,
        "trimming": trimming,
        "kernels": (tensors["iconv.weight"].shape[2], tensors["fconv.weight"].shape[2]),
        "biases": ("fconv.bias" in tensors, "linear.bias" in tensors),
    }
    net = rebuild(kwargs, tensors, os.fspath(weights))
    return Opened(net, "bpnet-lite", kwargs, "bpnet-lite", (4, None), "NCL", outputs=["profile", "counts"])


def rebuild(kwargs: dict[str, Any], tensors: dict[str, Tensor], where: str) -> BPNetLite:
    """The network of a converted file."""
    with torch.device("cpu"):
        net = BPNetLite(**kwargs)
    fit(net, tensors, where)
    return net.eval()
