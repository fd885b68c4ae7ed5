"""Basset, DeepSEA and DeepSTARR: convolution stages, dense layers, one linear head."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from .stages import KERAS_NORM, Norm, Stage, block, check_width, length_after, resized, shortest

BASSET = (
    Stage(300, 19, pool=3, padded=False),
    Stage(200, 11, pool=4, padded=False),
    Stage(200, 7, pool=4, padded=False),
)
DEEPSEA = (
    Stage(320, 8, pool=4, padded=False, dropout=0.2),
    Stage(480, 8, pool=4, padded=False, dropout=0.2),
    Stage(960, 8, padded=False, dropout=0.5),
)
DEEPSTARR = (Stage(256, 7, pool=2), Stage(60, 3, pool=2), Stage(60, 5, pool=2), Stage(120, 3, pool=2))


class ConvNet(nn.Module):
    """Stages, then dense layers over all positions, then the head.

    Parameters
    ----------
    name : for error messages. classes : number of outputs K. width : window length L in bp.
    stages : the convolutions. dense : units of each dense layer. dropout : share dropped after each dense layer.
    first_activation : `relu` or `exp`, after the first convolution.
    norm : settings of the batch norms after every convolution and dense layer; None = none.

    Raises
    ------
    InputError : windows too narrow, unknown activation.
    """

    def __init__(
        self,
        name: str,
        classes: int,
        width: int,
        stages: Sequence[Stage],
        dense: Sequence[int],
        dropout: float,
        first_activation: str,
        norm: Norm | None,
    ) -> None:
        super().__init__()
        check_width(name, width, shortest(stages))
        channels, blocks = 4, []
        for number, stage in enumerate(stages):
            blocks.append(block(channels, stage, "relu" if number else first_activation, norm=norm))
            channels = stage.filters
        self.convs = nn.Sequential(*blocks)
        units, layers = channels * length_after(stages, width), []
        for size in dense:
            layers.append(_dense(units, size, dropout, norm))
            units = size
        self.dense = nn.Sequential(*layers)
        self.head = nn.Linear(units, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.dense(self.convs(x).flatten(1)))


def _dense(units: int, size: int, dropout: float, norm: Norm | None) -> nn.Sequential:
    normed = [] if norm is None else [nn.BatchNorm1d(size, *norm)]
    dropped = [nn.Dropout(dropout)] if dropout else []
    return nn.Sequential(nn.Linear(units, size), *normed, nn.ReLU(), *dropped)


def basset(
    classes: int,
    width: int,
    filters: Sequence[int] | None = None,
    dense: Sequence[int] = (1000, 1000),
    dropout: float = 0.3,
    first_activation: str = "relu",
) -> ConvNet:
    """Basset: accessibility of 600 bp in 164 cell types (Kelley, Snoek, Rinn 2016, Genome Research 26:990).

    Paper: 300, 200, 200 filters of 19, 11, 7 bp, pools 3, 4, 4, two dense layers of 1000, dropout 0.3. Reported (the
    authors' released network as kept by Kipoi): convolutions without padding, batch norm after each layer. Weights start
    as Torch7 started them, which is torch's default. The sigmoid is left off.
    """
    stages = resized("basset", BASSET, filters)
    return ConvNet("basset", classes, width, stages, dense, dropout, first_activation, norm=Norm())


def deepsea(
    classes: int,
    width: int,
    filters: Sequence[int] | None = None,
    dense: Sequence[int] = (925,),
    first_activation: str = "relu",
) -> ConvNet:
    """DeepSEA: 919 chromatin features of 1000 bp (Zhou, Troyanskaya 2015, Nature Methods 12:931).

    Paper: 320, 480, 960 filters of 8 bp, pools of 4 after the first two, dropout 0.2, 0.2, 0.5, a dense layer of 925.
    Reported (the authors' released network as kept by Kipoi): no padding, no batch norm, a dense layer without dropout;
    its ReLU gives 1e-6 where torch's gives 0, and its rows are A G C T. The sigmoid is left off. The norms and penalties
    the authors put on weights belong to training and are not here.
    """
    stages = resized("deepsea", DEEPSEA, filters)
    return ConvNet("deepsea", classes, width, stages, dense, 0.0, first_activation, norm=None)


def deepstarr(
    classes: int,
    width: int,
    filters: Sequence[int] | None = None,
    dense: Sequence[int] = (256, 256),
    dropout: float = 0.4,
    first_activation: str = "relu",
) -> ConvNet:
    """DeepSTARR: developmental and housekeeping enhancer activity of 249 bp (de Almeida et al. 2022, Nature Genetics 54:613).

    Paper (the authors' notebook): 256, 60, 60, 120 filters of 7, 3, 5, 3 bp with padding, pools of 2, two dense layers of
    256, batch norm after each, dropout 0.4, one linear output for each activity. Weights start as Keras started them.
    """
    stages = resized("deepstarr", DEEPSTARR, filters)
    model = ConvNet("deepstarr", classes, width, stages, dense, dropout, first_activation, norm=KERAS_NORM)
    for layer in model.modules():
        if isinstance(layer, nn.Conv1d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)  # pyright: ignore[reportArgumentType]
    return model
