"""BPNet: dilated residual convolutions, a profile head and a counts head."""

from __future__ import annotations

from torch import Tensor, nn

from ...errors import InputError
from .stages import activation, check_width

FIRST, DILATED, PROFILE = 21, 3, 75  # kernels in bp
FILTERS, LAYERS = 64, 8


def edge(layers: int = LAYERS) -> int:
    """Positions at each side of a window whose profile would see padding: half of every kernel, dilation included."""
    return FIRST // 2 + PROFILE // 2 + sum(2**i for i in range(1, layers + 1))


def shortest(trimming: int, profile: bool) -> int:
    """Width in bp of the shortest window that leaves a position to each head."""
    return 2 * (trimming if profile else max(trimming - PROFILE // 2, 0)) + 1


class BPNet(nn.Module):
    """Base-resolution profile and log-counts of a binding assay (Avsec et al. 2021, Nature Genetics 53:354).

    Paper: a convolution, dilated convolutions (3 bp, dilation 2, 4, 8, ...) each added to its input, a profile head, and a
    counts head on the mean over positions. Reported (public defaults of bpnet-lite, which those of ChromBPNet equal): 64
    filters, first kernel 21 bp, 8 dilated layers, profile kernel 75 bp, 2114 bp in and 1000 out. No control tracks: a
    second input would have no place in the windows. Ours: K counts, and `strands` profile tracks for each.

    Parameters
    ----------
    classes : number of log-counts K. width : window length L in bp.
    filters, layers : filters of every convolution, number of dilated ones.
    strands : profile tracks for each count: 2 for stranded assays, 1 else.
    trimming : bp without a profile at each side; None = as far as padding reaches (557 for 8 layers).
    profile : True gives {"profile": (N, K * strands, L - 2 trimming) logits, "counts": (N, K)}, False the (N, K) alone.
    first_activation : `relu` or `exp`, after the first convolution.

    Raises
    ------
    InputError : windows too narrow, unknown activation, negative trimming.
    """

    def __init__(
        self,
        classes: int,
        width: int,
        filters: int = FILTERS,
        layers: int = LAYERS,
        strands: int = 2,
        trimming: int | None = None,
        profile: bool = True,
        first_activation: str = "relu",
    ) -> None:
        super().__init__()
        trimming = edge(layers) if trimming is None else trimming
        if trimming < 0:
            raise InputError(f"trimming={trimming} must be 0 or more bp")
        size = f"bpnet with layers={layers} and trimming={trimming}"
        remedy = "make wider windows, or use fewer layers or a smaller trimming"
        check_width(size, width, shortest(trimming, profile), remedy)
        self.tracks = (classes, strands)
        self.seen = slice(trimming, width - trimming)
        margin = max(trimming - PROFILE // 2, 0)  # what the profile's kernel sees counts
        self.counted = slice(margin, width - margin)
        self.stem = nn.Conv1d(4, filters, FIRST, padding=FIRST // 2)
        self.first = activation(first_activation, filters, normed=False)
        self.dilated = nn.ModuleList(
            nn.Conv1d(filters, filters, DILATED, padding=2**i, dilation=2**i) for i in range(1, layers + 1)
        )
        self.act = nn.ReLU()
        self.profile = nn.Conv1d(filters, classes * strands, PROFILE, padding=PROFILE // 2) if profile else None
        self.counts = nn.Linear(filters, classes)

    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor]:
        x = self.first(self.stem(x))
        for layer in self.dilated:
            x = x + self.act(layer(x))
        counts = self.counts(x[:, :, self.counted].mean(2))
        if self.profile is None:
            return counts
        return {"profile": self.profile(x)[:, :, self.seen], "counts": counts}

    def turned(self, outputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Outputs for the reverse complement, aligned with the forward strand: positions and strands change places."""
        profile = outputs["profile"].unflatten(1, self.tracks).flip(2, 3).flatten(1, 2)
        return {"profile": profile, "counts": outputs["counts"]}
