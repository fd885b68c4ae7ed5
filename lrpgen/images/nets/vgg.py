"""VGG16 and VGG19, with and without batch norm."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ...errors import InputError

CONVOLUTIONS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}  # in each stage; a max-pooling ends it
GROWTH = (1, 2, 4, 8, 8)  # filters of each stage, in those of the first
POOLED = 7  # side of the maps that the dense layers read
SMALLEST = 2 ** len(GROWTH)  # pixels


class VGG(nn.Module):
    """Stages of 3x3 convolutions, then three dense layers.

    Source: Simonyan, Zisserman 2015 (configurations D and E); layer names, the adaptive average pool that takes any size, and
    the initial weights are torchvision's.

    Parameters
    ----------
    convolutions : number of them in each stage. norm : batch norm after each.
    classes : number of outputs K. channels : of the images. height, width : in pixels (only checked: the weights do not
        depend on it). filters : of the first stage. hidden : units of the dense layers. dropout : after each of them.

    Raises `InputError` for images below 32 x 32 pixels.
    """

    def __init__(
        self,
        convolutions: Sequence[int],
        norm: bool,
        classes: int = 1000,
        channels: int = 3,
        height: int = 224,
        width: int = 224,
        filters: int = 64,
        hidden: int = 4096,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if min(height, width) < SMALLEST:
            raise InputError(f"images of {height} x {width} are too small for VGG; make them {SMALLEST} or more")
        layers: list[nn.Module] = []
        for count, growth in zip(convolutions, GROWTH, strict=True):
            for _ in range(count):
                layers.append(nn.Conv2d(channels, filters * growth, 3, padding=1))
                layers += [nn.BatchNorm2d(filters * growth), nn.ReLU()] if norm else [nn.ReLU()]
                channels = filters * growth
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(POOLED)
        self.classifier = nn.Sequential(
            nn.Linear(channels * POOLED**2, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, classes),
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # pyright: ignore[reportArgumentType]  # every convolution here has one
            elif isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, 0, 0.01)
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))
