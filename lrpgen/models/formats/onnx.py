"""ONNX files, by onnx2torch (an optional extra; it lists torchvision, which nothing here needs)."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from torch import Tensor

from ...errors import InputError, MissingFeatureError
from .embedded import Embedded, content_of, leave_out_activation, open_embedded
from .keras_layers import same_padding
from .opened import Opened
from .states import check_finite


def open_onnx(path: str | os.PathLike[str]) -> Opened:
    """Open an ONNX file with its weights inside.

    Raises
    ------
    InputError : damaged, several inputs, weights in other files, an operator that cannot be converted, weights that are
        not finite.
    MissingFeatureError : onnx or onnx2torch is not installed.
    """
    return open_embedded(path, _load, "onnx", "ONNX")


def rebuild(kwargs: dict[str, Any], tensors: dict[str, Tensor], where: str) -> Embedded:
    """The network of a converted file."""
    return _load(content_of(tensors), where)[0]


def _load(content: bytes, where: str) -> tuple[Embedded, tuple[int | None, ...], str]:
    proto = _parsed(content, where)
    weights = {tensor.name for tensor in proto.graph.initializer}
    inputs = [value for value in proto.graph.input if value.name not in weights]
    if len(inputs) != 1:
        raise InputError(f"{where} has {len(inputs)} inputs, lrpgen explains models with one; export the part with one")
    inside = [attribute.t for node in proto.graph.node for attribute in node.attribute]
    if any(tensor.data_location == tensor.EXTERNAL for tensor in (*proto.graph.initializer, *inside)):
        raise InputError(f"{where} keeps its weights in other files; save it as one (onnx.save_model(model, path))")
    explicit_padding(proto)
    module = _converted(proto, where)
    for name, value in module.state_dict().items():
        check_finite(name, value, where)
    found = leave_out_activation(module)
    dims = inputs[0].type.tensor_type.shape.dim[1:]
    shape = tuple(dim.dim_value or None for dim in dims)
    return Embedded(module.eval(), content, [value.name for value in proto.graph.output]), shape, found


def _parsed(content: bytes, where: str) -> Any:
    if missing := [name for name in ("onnx", "onnx2torch") if importlib.util.find_spec(name) is None]:
        raise MissingFeatureError(
            f"{where} is an ONNX file, and {' and '.join(missing)} is not installed; "
            "run: pip install onnx && pip install --no-deps onnx2torch"
        )
    import onnx
    from google.protobuf.message import DecodeError

    try:
        proto = onnx.load_model_from_string(content)
        onnx.checker.check_model(proto)
        for part in (proto.graph.node, proto.graph.value_info):
            repr(part)  # protobuf decodes names late
    except (DecodeError, onnx.checker.ValidationError, ValueError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else "unreadable"
        raise InputError(f"{where} is no valid ONNX model (damaged or cut short: {first}); export it again") from error
    return proto


def explicit_padding(proto: Any) -> None:
    """Write `auto_pad=SAME_...` of convolutions and pools as numbers; onnx2torch reads no other form."""
    from onnx import helper, shape_inference

    inferred = shape_inference.infer_shapes(proto).graph
    values = [*inferred.value_info, *inferred.input]
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}
    weights = {w.name: list(w.dims) for w in proto.graph.initializer}
    for node in proto.graph.node:
        given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        kind = given.get("auto_pad", b"").decode()
        if not kind.startswith("SAME"):
            continue
        kernel = given.get("kernel_shape") or weights[node.input[1]][2:]
        ones = [1] * len(kernel)
        strides, dilations = given.get("strides", ones), given.get("dilations", ones)
        lengths = shapes.get(node.input[0], [])[2:] or [0] * len(kernel)
        if not all(length or stride == 1 for length, stride in zip(lengths, strides, strict=True)):
            continue  # a strided pad depends on a length that the file does not say: the converter refuses it
        pairs = [  # with stride 1 the length does not matter; one longer than the kernel stands for it
            same_padding(length or (k - 1) * d + 1, k, s, d)
            for length, k, s, d in zip(lengths, kernel, strides, dilations, strict=True)
        ]
        if kind == "SAME_LOWER":
            pairs = [(right, left) for left, right in pairs]
        keep = [a for a in node.attribute if a.name not in ("auto_pad", "pads")]
        del node.attribute[:]
        pads = [left for left, _ in pairs] + [right for _, right in pairs]
        node.attribute.extend([*keep, helper.make_attribute("pads", pads)])


def _converted(proto: Any, where: str) -> Any:
    with _without_torchvision():
        from onnx2torch import convert
    try:
        return convert(proto)
    except Exception as error:  # onnx2torch raises many kinds for what it cannot convert
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"{where} cannot be turned into a torch module ({first}); export it with plainer layers"
        ) from error


@contextlib.contextmanager
def _without_torchvision() -> Iterator[None]:
    """onnx2torch imports torchvision for boxes in images; where it is missing, empty modules stand in meanwhile."""
    if importlib.util.find_spec("torchvision") is not None:
        yield
        return
    made: dict[str, ModuleType] = {name: ModuleType(name) for name in ("torchvision", "torchvision.ops")}
    made["torchvision"].ops = made["torchvision.ops"]  # pyright: ignore[reportAttributeAccessIssue]
    made["torchvision.ops"].roi_align = None  # pyright: ignore[reportAttributeAccessIssue]
    sys.modules.update(made)
    try:
        yield
    finally:
        for name in made:
            sys.modules.pop(name, None)
