"""What `lrpgen models list` prints: architectures and formats, each with a reference."""

from __future__ import annotations

from ..images.nets import NETS
from .zoo import ARCHITECTURES

FORMATS = {
    "lrpgen": ("*.safetensors of `lrpgen train` or `lrpgen models convert`", "safetensors, Hugging Face"),
    "state dict": ("*.safetensors, *.pt, *.pth with --architecture", "PyTorch"),
    "torch.export": ("*.pt2", "PyTorch"),
    "ONNX": ("*.onnx (needs onnx, onnx2torch)", "Linux Foundation; ENOT onnx2torch"),
    "Keras": ("*.h5 of Keras 1, 2, 3; *.keras; *.json with --weights", "Chollet et al. 2015"),
    "bpnet-lite": ("bpnet-lite with --weights", "J. Schreiber; Avsec et al. 2021, Nature Genetics"),
    "chrombpnet": ("chrombpnet with --weights chrombpnet_nobias.h5", "Pampari et al. 2024, bioRxiv"),
}


def catalogue() -> str:
    """The table as text, one entry a line."""
    lines = ["Architectures (train --architecture NAME)"]
    lines += [f"  {name:14} {_summary(made)}" for name, made in ARCHITECTURES.items()]
    lines += ["", "Networks for images (images train --architecture NAME)"]
    lines += [f"  {name:14} {_summary(net)}" for name, net in NETS.items()]
    lines += ["", "Formats (models convert, models inspect, load_model)"]
    lines += [f"  {name:14} {files}; {reference}" for name, (files, reference) in FORMATS.items()]
    return "\n".join(lines)


def _summary(made: object) -> str:
    """Summary and reference of an entry of the zoo; the first line of its docstring where it has none."""
    summary, reference = getattr(made, "summary", ""), getattr(made, "reference", "")
    if summary:
        return f"{summary} {reference}".strip()
    return (made.__doc__ or "").strip().partition("\n")[0]
