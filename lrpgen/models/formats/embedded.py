"""Networks that are kept as the bytes of their file (ONNX, torch.export) inside the converted model."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx, nn

from ...files import existing
from .opened import Opened

FILE = "file"  # name of the tensor that holds the bytes
FINAL = {"softmax": "softmax", "_softmax": "softmax", "sigmoid": "sigmoid"}


class Embedded(nn.Module):
    """`net`, and the file it was made from. names : of its outputs, when there are several."""

    def __init__(self, net: nn.Module, content: bytes, names: list[str]) -> None:
        super().__init__()
        self.net, self.content, self.names = net, content, names

    def forward(self, x: Tensor) -> Any:
        found = self.net(x)
        if isinstance(found, Tensor) or not isinstance(found, list | tuple):
            return found
        return found[0] if len(self.names) == 1 else dict(zip(self.names, found, strict=True))

    def train(self, mode: bool = True) -> Embedded:
        """These networks were frozen when they were exported."""
        return self

    def stored(self) -> dict[str, Tensor]:
        return {FILE: torch.frombuffer(bytearray(self.content), dtype=torch.uint8)}


def content_of(tensors: dict[str, Tensor]) -> bytes:
    return tensors[FILE].numpy().tobytes()


Load = Callable[[bytes, str], tuple[Embedded, tuple[int | None, ...], str]]  # bytes, path: network, shape, activation


def open_embedded(path: str | os.PathLike[str], load: Load, architecture: str, what: str) -> Opened:
    """Open a file whose bytes will be kept; errors are those of `load`, and `InputError` for a missing file."""
    path = existing(path, "model")
    net, shape, found = load(Path(path).read_bytes(), os.fspath(path))
    several = net.names if len(net.names) > 1 else []
    return Opened(net, architecture, {"names": net.names}, what, shape, activation=found, outputs=several)


def leave_out_activation(module: fx.GraphModule) -> str:
    """Let a graph with one output return what enters its last softmax or sigmoid; returns which it was, or ""."""
    output = next(node for node in module.graph.nodes if node.op == "output")
    if len(output.all_input_nodes) != 1:
        return ""
    last = output.all_input_nodes[0]
    found = FINAL.get(_name(module, last), "")
    if not found or len(last.users) != 1:
        return ""
    output.replace_input_with(last, last.all_input_nodes[0])
    module.graph.erase_node(last)
    module.recompile()
    return found


def _name(module: fx.GraphModule, node: fx.Node) -> str:
    if node.op == "call_module":
        inner = module.get_submodule(str(node.target))
        function = getattr(inner, "function", None)  # onnx2torch wraps plain functions
        return getattr(function, "__name__", type(inner).__name__).lower().removeprefix("onnx").removesuffix("v1v11")
    packet = getattr(node.target, "overloadpacket", node.target)
    return getattr(packet, "__name__", str(node.target)).removesuffix("_int")
