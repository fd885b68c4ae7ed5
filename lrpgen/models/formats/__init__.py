"""Files that other people's tools write, opened by content: `sniff` says what a file is; one module for each format
(`states`, `exported`, `onnx`, `keras*`, `bpnetlite`) makes an `Opened` of it and can rebuild it from its weights.

Nothing is ever unpickled but tensors and plain containers (`torch.load(..., weights_only=True)`).
"""

from .opened import Opened
from .sniff import sniff

__all__ = ["Opened", "sniff"]
