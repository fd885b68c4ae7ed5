"""A small network for small images: two convolutions and a dense layer."""

from __future__ import annotations

from torch import Tensor, nn

from ...errors import InputError

HALVINGS = 2  # poolings, each halves height and width
SMALLEST = 2**HALVINGS  # pixels


class SimpleCNN(nn.Module):
    """Two convolutions of 3x3 with max-pooling, a dense layer, the output. Source: Ours.

    Parameters
    ----------
    classes : number of outputs K. channels : 1 (grey) or 3 (colour). height, width : of the images, in pixels.
    filters : of the first convolution; the second has twice as many. hidden : units of the dense layer.
    dropout : share dropped before the output.

    Raises `InputError` for images below 4 x 4 pixels.
    """

    def __init__(
        self,
        classes: int,
        channels: int = 1,
        height: int = 28,
        width: int = 28,
        filters: int = 32,
        hidden: int = 128,
        dropout: float = 0.25,
    ) -> None:
        super().__init__()
        if min(height, width) < SMALLEST:
            raise InputError(f"images of {height} x {width} are too small for simple-cnn; give {SMALLEST} or more")
        self.conv1 = nn.Conv2d(channels, filters, 3, padding=1)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(filters, 2 * filters, 3, padding=1)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(2 * filters * (height // SMALLEST) * (width // SMALLEST), hidden)
        self.relu3 = nn.ReLU()
        self.dropout = nn.Dropout(dropout)
        self.fc2 = nn.Linear(hidden, classes)

    def forward(self, x: Tensor) -> Tensor:
        y = self.pool1(self.relu1(self.conv1(x)))
        y = self.pool2(self.relu2(self.conv2(y)))
        return self.fc2(self.dropout(self.relu3(self.fc1(y.flatten(1)))))
