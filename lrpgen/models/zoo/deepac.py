"""DeePaC's rapid network: reads of pathogens, with weights shared between the strands."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from .stages import activation, check_width
from .strands import check_rc, joined

POOL = 2
MIN_WIDTH = POOL  # bp; one position is left after the pool


class DeePaCRapid(nn.Module):
    """Is a read of 250 bp from a human pathogen? (Bartoszewicz, Seidel, Rentzsch, Renard 2020, Bioinformatics 36:81).

    Reported (the authors' public configuration `nn-img-rapid-cnn` and code): two convolutions of 512 filters of 15 bp with
    padding, ReLU, average pools (of 2, then over all positions), dense layers of 256 and 256, dropout 0.2 on the input
    and 0.5 after the dense layers, He-uniform weights. Each strand's channels are joined to the other's before the second
    convolution; the first dense layer is applied to both and summed. The sigmoid is left off.

    Parameters
    ----------
    classes : number of outputs K (published: 1). width : window length L in bp.
    filters : filters of the two convolutions. kernel : their length in bp. dense : units of the two dense layers.
    dropout : share dropped after each dense layer. input_dropout : share of the one-hot input dropped.
    first_activation : `relu` or `exp`, after the first convolution.
    rc : `share` (published) or `none`: one strand only, half the channels.

    Raises
    ------
    InputError : windows too narrow, an option that is not known.
    """

    def __init__(
        self,
        classes: int,
        width: int,
        filters: Sequence[int] = (512, 512),
        kernel: int = 15,
        dense: Sequence[int] = (256, 256),
        dropout: float = 0.5,
        input_dropout: float = 0.2,
        first_activation: str = "relu",
        rc: str = "share",
    ) -> None:
        super().__init__()
        check_width("deepac-rapid", width, MIN_WIDTH)
        check_rc(rc)
        self.shared = rc == "share"
        self.input = nn.Dropout(input_dropout)
        self.conv1 = nn.Conv1d(4, filters[0], kernel, padding="same")
        self.first = nn.Sequential(activation(first_activation, filters[0], normed=False), nn.AvgPool1d(POOL))
        self.conv2 = nn.Conv1d(filters[0] * (2 if self.shared else 1), filters[1], kernel, padding="same")
        self.act = nn.ReLU()
        self.merge = nn.Linear(filters[1], dense[0])
        self.dense = nn.Sequential(
            nn.ReLU(), nn.Dropout(dropout), nn.Linear(dense[0], dense[1]), nn.ReLU(), nn.Dropout(dropout)
        )
        self.head = nn.Linear(dense[1], classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv1d | nn.Linear):
                nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # pyright: ignore[reportArgumentType]

    def forward(self, x: Tensor) -> Tensor:
        x = self.input(x)
        if self.shared:
            strands = joined(self._early(x), self._early(x.flip(1, 2)))
            merged = self._late(strands[0]) + self._late(strands[1])
        else:
            merged = self._late(self._early(x))
        return self.head(self.dense(merged))

    def _early(self, x: Tensor) -> Tensor:
        return self.first(self.conv1(x))

    def _late(self, x: Tensor) -> Tensor:
        # The mean is taken in each strand's own direction: the same sum in the same order, so that both strands agree exactly.
        return self.merge(self.act(self.conv2(x)).mean(2))
