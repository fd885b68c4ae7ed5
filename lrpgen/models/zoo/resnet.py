"""A plain residual network in one dimension."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ...errors import InputError
from .stages import activation, check_width

FILTERS = (64, 128, 256)


def shortest(stages: int = len(FILTERS)) -> int:
    """Width in bp below which halving runs out of positions: each stage but the first halves the length."""
    return 2 ** (stages - 1)


class ResidualBlock(nn.Module):
    """Two convolutions and the input added to them (the basic block of He et al. 2016)."""

    def __init__(self, channels: int, filters: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(channels, filters, kernel, stride, padding=kernel // 2, bias=False)
        self.norm1 = nn.BatchNorm1d(filters)
        self.conv2 = nn.Conv1d(filters, filters, kernel, padding=kernel // 2, bias=False)
        self.norm2 = nn.BatchNorm1d(filters)
        self.relu = nn.ReLU()
        same = stride == 1 and channels == filters
        self.skip = nn.Sequential() if same else _projection(channels, filters, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm2(self.conv2(self.relu(self.norm1(self.conv1(x)))))
        return self.relu(y + self.skip(x))


def _projection(channels: int, filters: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv1d(channels, filters, 1, stride, bias=False), nn.BatchNorm1d(filters))


class ResNet1d(nn.Module):
    """Residual blocks over bases, then the mean over positions: takes windows of any length.

    Source: Ours; the block, the doubled filters at halved length and the initial weights are those of He et al. 2016. The
    first layer neither strides nor pools, as a motif may be anywhere.

    Parameters
    ----------
    classes : number of outputs K. width : window length L in bp (only checked: the weights do not depend on it).
    filters : filters of each stage; every stage but the first halves the length. blocks : residual blocks in a stage.
    first_kernel, kernel : kernels of the first layer and of the blocks in bp, odd. dropout : share dropped at the end.
    first_activation : `relu` or `exp`, after the first convolution.

    Raises
    ------
    InputError : windows too narrow, an even kernel, unknown activation.
    """

    def __init__(
        self,
        classes: int,
        width: int,
        filters: Sequence[int] = FILTERS,
        blocks: int = 2,
        first_kernel: int = 15,
        kernel: int = 5,
        dropout: float = 0.1,
        first_activation: str = "relu",
    ) -> None:
        super().__init__()
        check_width("resnet1d", width, shortest(len(filters)))
        if not (kernel % 2 and first_kernel % 2):
            raise InputError(f"kernels of {first_kernel} and {kernel} bp: resnet1d needs odd ones, to keep the length")
        conv = nn.Conv1d(4, filters[0], first_kernel, padding=first_kernel // 2, bias=False)
        act = activation(first_activation, filters[0], normed=True)
        self.stem = nn.Sequential(conv, nn.BatchNorm1d(filters[0]), act)
        channels, layers = filters[0], []
        for stage, count in enumerate(filters):
            for number in range(blocks):
                layers.append(ResidualBlock(channels, count, kernel, stride=2 if stage and not number else 1))
                channels = count
        self.blocks = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(channels, classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv1d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.dropout(self.blocks(self.stem(x)).mean(2)))
