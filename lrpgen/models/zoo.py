"""Architectures by name. Input (N, 4, L) float, rows A C G T; output (N, K) logits."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn


class MotifCNN(nn.Module):
    """Three convolutions over base patterns, then a dense layer that knows positions.

    Small enough to train in a minute on two cores, deep enough for a splice site. Source: Ours; the shape (convolution,
    batch norm, ReLU, max-pool, dense) is that of Basset (Kelley et al. 2016) with fewer and shorter filters.

    Parameters
    ----------
    classes : number of outputs K. width : window length L in bp.
    filters : filters of each convolution. dense : units of the dense layer. dropout : share dropped before the output.
    """

    def __init__(self, classes: int, width: int, filters: int = 48, dense: int = 64, dropout: float = 0.3) -> None:
        super().__init__()
        self.conv1 = _block(4, filters, kernel=11, pool=2)
        self.conv2 = _block(filters, filters, kernel=7, pool=2)
        self.conv3 = _block(filters, filters, kernel=7, pool=2)
        self.dense = nn.Sequential(
            nn.Linear(filters * (width // 8), dense, bias=False), nn.BatchNorm1d(dense), nn.ReLU(), nn.Dropout(dropout)
        )
        self.head = nn.Linear(dense, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv3(self.conv2(self.conv1(x)))
        return self.head(self.dense(x.flatten(1)))


def _block(channels: int, filters: int, kernel: int, pool: int) -> nn.Sequential:
    # The bias would be cancelled by the batch norm that follows.
    conv = nn.Conv1d(channels, filters, kernel, padding="same", bias=False)
    return nn.Sequential(conv, nn.BatchNorm1d(filters), nn.ReLU(), nn.MaxPool1d(pool))


ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {"motif-cnn": MotifCNN}
MIN_WIDTH = {"motif-cnn": 8}  # bp: three pools of 2
