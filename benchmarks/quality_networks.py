"""A plain chain of convolutions, for scenarios whose truth may lie anywhere in a window."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


class Chain(nn.Module):
    """Convolution, batch norm, ReLU and, where `pools` is above 1, max-pool, layer by layer; the mean over positions; a dense
    layer with ReLU; logits. No skips: relevance goes through every layer.

    classes : outputs K. filters, kernels (bp, odd), pools : one number for each layer. dense : units.
    """

    def __init__(
        self, classes: int, filters: Sequence[int], kernels: Sequence[int], pools: Sequence[int], dense: int = 32
    ) -> None:
        super().__init__()
        channels, layers = 4, []
        for count, kernel, pool in zip(filters, kernels, pools, strict=True):
            conv = nn.Conv1d(channels, count, kernel, padding=kernel // 2, bias=False)
            layers += [conv, nn.BatchNorm1d(count), nn.ReLU()]
            layers += [nn.MaxPool1d(pool)] if pool > 1 else []
            channels = count
        self.trunk = nn.Sequential(*layers)
        self.dense = nn.Sequential(nn.Linear(channels, dense), nn.ReLU())
        self.head = nn.Linear(dense, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.dense(self.trunk(x).mean(2)))
