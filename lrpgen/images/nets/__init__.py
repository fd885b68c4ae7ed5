"""Networks for images by name, with torchvision's layer names, weights and initialisation.

`registry` names them and builds them; `simple_cnn` (small images), `vgg`, `resnet`. Every network takes (N, C, H, W) float,
normalised pixels, and returns (N, K) raw outputs.
"""

from .registry import NETS, Net, build

__all__ = ["NETS", "Net", "build"]
