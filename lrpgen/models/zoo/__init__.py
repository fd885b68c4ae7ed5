"""Architectures by name: published networks, and a user's own class from a file.

`registry` names them and builds them; `stages` is the convolution trunk as data; `motif_cnn`, `convnet` (Basset, DeepSEA,
DeepSTARR), `deepac`, `bpnet` and `resnet` are the networks; `strands` shares weights between a sequence and its reverse
complement; `custom` loads `module:path/to/file.py:Class`. Every network takes (N, 4, L) float, rows A C G T, and returns
(N, K) raw outputs, without softmax or sigmoid; `bpnet` with a profile returns {"profile", "counts"}.
"""

from .custom import settled
from .motif_cnn import MotifCNN
from .registry import ARCHITECTURES, Architecture, build, is_known

__all__ = ["ARCHITECTURES", "Architecture", "MotifCNN", "build", "is_known", "settled"]
