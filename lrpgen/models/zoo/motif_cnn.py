"""The small network of the tutorial and the embedded default."""

from __future__ import annotations

from torch import Tensor, nn

from .stages import activation, check_width

POOL = 2
CONVOLUTIONS = 3
MIN_WIDTH = POOL**CONVOLUTIONS  # bp; one position is left after the last pool


class MotifCNN(nn.Module):
    """Three convolutions over base patterns, then a dense layer that knows positions.

    Small enough to train in a minute on two cores, deep enough for a splice site. Source: Ours; the shape (convolution,
    batch norm, ReLU, max-pool, dense) is that of Basset (Kelley et al. 2016) with fewer and shorter filters.

    Parameters
    ----------
    classes : number of outputs K. width : window length L in bp.
    filters : filters of each convolution. dense : units of the dense layer. dropout : share dropped before the output.
    first_activation : `relu` or `exp`, after the first convolution.

    Raises
    ------
    InputError : windows too narrow, unknown activation.
    """

    def __init__(
        self,
        classes: int,
        width: int,
        filters: int = 48,
        dense: int = 64,
        dropout: float = 0.3,
        first_activation: str = "relu",
    ) -> None:
        super().__init__()
        check_width("motif-cnn", width, MIN_WIDTH)
        self.conv1 = _block(4, filters, kernel=11, act=first_activation)
        self.conv2 = _block(filters, filters, kernel=7)
        self.conv3 = _block(filters, filters, kernel=7)
        self.dense = nn.Sequential(
            nn.Linear(filters * (width // MIN_WIDTH), dense, bias=False),
            nn.BatchNorm1d(dense),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.head = nn.Linear(dense, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv3(self.conv2(self.conv1(x)))
        return self.head(self.dense(x.flatten(1)))


def _block(channels: int, filters: int, kernel: int, act: str = "relu") -> nn.Sequential:
    # The bias would be cancelled by the batch norm that follows.
    conv = nn.Conv1d(channels, filters, kernel, padding="same", bias=False)
    return nn.Sequential(conv, nn.BatchNorm1d(filters), activation(act, filters, normed=True), nn.MaxPool1d(POOL))
