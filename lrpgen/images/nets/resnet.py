"""ResNet18 and ResNet50."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

BLOCKS = {"resnet18": (2, 2, 2, 2), "resnet50": (3, 4, 6, 3)}  # in each stage
BOTTLENECK = ("resnet50",)  # built of bottlenecks


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and the input added to them."""

    expansion = 1

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)
        self.relu = nn.ReLU()
        self.downsample = _shortcut(channels, filters, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions and the input added to them; the 3x3 strides (torchvision, "ResNet v1.5")."""

    expansion = 4

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(filters, filters, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(filters, filters * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(filters * self.expansion)
        self.relu = nn.ReLU()
        self.downsample = _shortcut(channels, filters * self.expansion, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(self.relu2(self.bn2(self.conv2(y)))))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


def _shortcut(channels: int, filters: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and channels == filters:
        return None
    return nn.Sequential(nn.Conv2d(channels, filters, 1, stride, bias=False), nn.BatchNorm2d(filters))


class ResNet(nn.Module):
    """A stem, four stages of residual blocks, the mean over positions, the output: takes images of any size.

    Source: He et al. 2016; layer names and initial weights are torchvision's.

    Parameters
    ----------
    block : kind of the blocks. blocks : number of them in each stage; every stage but the first halves height and width.
    classes : number of outputs K. channels : of the images. height, width : in pixels (the weights do not depend on it).
    filters : of the first stage, doubled by each that follows.
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        blocks: Sequence[int],
        classes: int = 1000,
        channels: int = 3,
        height: int = 224,
        width: int = 224,
        filters: int = 64,
    ) -> None:
        del height, width  # any will do
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        self.reads = filters
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            self._stage(block, filters * 2**stage, count, stride=2 if stage else 1)
            for stage, count in enumerate(blocks)
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(self.reads, classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def _stage(self, block: type[BasicBlock] | type[Bottleneck], filters: int, count: int, stride: int) -> nn.Module:
        layers = []
        for number in range(count):
            layers.append(block(self.reads, filters, 1 if number else stride))
            self.reads = filters * block.expansion
        return nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        y = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        y = self.layer4(self.layer3(self.layer2(self.layer1(y))))
        return self.fc(self.avgpool(y).flatten(1))
