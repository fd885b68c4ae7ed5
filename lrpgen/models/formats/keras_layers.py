"""One torch module of standard operations for each Keras layer.

Inside, axes are torch's: channels second, (N, C, L) for Keras's (N, L, C). Layers that mix axes by position (Flatten, Reshape,
Permute) move them to Keras's order first, so that the weights behind them fit.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import InputError
from .keras_activations import activation
from .keras_config import Layer

Shape = tuple[int, ...]  # without N, channels first
IDENTITY = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise")
CODE = ("Lambda", "TFOpLambda", "SlicingOpLambda")


def build(layer: Layer, shapes: list[Shape]) -> nn.Module:
    """The module of `layer` for inputs of `shapes`. Raises `InputError` for a layer that lrpgen cannot read."""
    if layer.kind in CODE:
        raise InputError(
            f"layer {layer.name} is a {layer.kind}, which holds Python code that lrpgen never runs; "
            "save the model without it, or the part before it"
        )
    if layer.kind not in BUILDERS:
        raise InputError(
            f"layer {layer.name} is a {layer.kind}, which lrpgen cannot read from Keras; it reads {', '.join(BUILDERS)}"
        )
    if layer.config.get("data_format") in ("channels_first", "th"):
        raise InputError(f"layer {layer.name} has its channels first, lrpgen reads Keras models with channels last")
    try:
        return BUILDERS[layer.kind](layer, shapes)
    except (KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
        raise InputError(
            f"layer {layer.name} ({layer.kind}) has settings that cannot be read ({error}); save the model again"
        ) from error


def channels_last(x: Tensor) -> Tensor:
    """(N, C, ...) to (N, ..., C)."""
    return x if x.dim() < 3 else x.movedim(1, -1)


def channels_first(x: Tensor) -> Tensor:
    """(N, ..., C) to (N, C, ...)."""
    return x if x.dim() < 3 else x.movedim(-1, 1)


def chain(layer: Layer, **parts: nn.Module | None) -> nn.Module:
    """The parts in their order, and the layer's own activation behind them."""
    named = {**parts, "activation": activation(layer)}
    return nn.Sequential(OrderedDict((name, part) for name, part in named.items() if part is not None))


def _activation(layer: Layer, shapes: list[Shape]) -> nn.Module:
    return chain(layer)


def _relu(layer: Layer, shapes: list[Shape]) -> nn.Module:
    limit, slope = layer.config.get("max_value"), layer.config.get("negative_slope", 0.0)
    if layer.config.get("threshold", 0.0) or (limit is not None and slope):
        raise InputError(f"layer {layer.name} is a ReLU with a threshold, which lrpgen cannot read")
    return nn.Hardtanh(0.0, float(limit)) if limit is not None else nn.LeakyReLU(float(slope)) if slope else nn.ReLU()


def _leaky(layer: Layer, shapes: list[Shape]) -> nn.Module:
    return nn.LeakyReLU(float(layer.config.get("negative_slope", 0.3)))  # Keras's default


def _elu(layer: Layer, shapes: list[Shape]) -> nn.Module:
    return nn.ELU(float(layer.config.get("units", 1.0)))


def _softmax(layer: Layer, shapes: list[Shape]) -> nn.Module:
    if layer.config.get("axis", -1) not in (-1, [-1], len(shapes[0])):
        raise InputError(f"layer {layer.name} is a softmax over another axis than the last, which lrpgen cannot read")
    return nn.Softmax(1)


# layers with weights


def _pair(value: Any, dims: int) -> list[int]:
    values = list(value) if isinstance(value, list | tuple) else [value] * dims
    return [int(v) for v in (values if len(values) == dims else values * dims)][:dims]


def same_padding(length: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """(left, right) zeros so that ceil(length / stride) outputs come out; TensorFlow puts the odd one to the right."""
    total = max((-(-length // stride) - 1) * stride + (kernel - 1) * dilation + 1 - length, 0)
    return total // 2, total - total // 2


def _paddings(layer: Layer, shape: Shape, kernel: list[int], stride: list[int], dilation: list[int]) -> list[int]:
    """As `nn.functional.pad` wants them: last axis first."""
    kind = layer.config.get("padding", "valid")
    pads: list[int] = []
    for length, k, s, d in reversed(list(zip(shape[1:], kernel, stride, dilation, strict=True))):
        if kind == "same":
            pads += same_padding(length, k, s, d)
        elif kind in ("valid", "causal"):
            pads += [(k - 1) * d if kind == "causal" else 0, 0]
        else:
            raise InputError(f"layer {layer.name} has the padding {kind!r}; lrpgen reads valid, same and causal")
    return pads


def _pad(pads: list[int], value: float = 0.0) -> nn.Module | None:
    if not any(pads):
        return None
    return (nn.ConstantPad1d if len(pads) == 2 else nn.ConstantPad2d)(tuple(pads), value)  # pyright: ignore[reportArgumentType]


def _conv(layer: Layer, shapes: list[Shape]) -> nn.Module:
    c, shape = layer.config, shapes[0]
    dims = int(layer.kind[-2])
    kernel, stride = _pair(c["kernel_size"], dims), _pair(c.get("strides", 1), dims)
    dilation = _pair(c.get("dilation_rate", 1), dims)
    make = nn.Conv1d if dims == 1 else nn.Conv2d
    conv = make(
        shape[0],
        c["filters"],
        tuple(kernel),  # pyright: ignore[reportArgumentType]
        tuple(stride),  # pyright: ignore[reportArgumentType]
        dilation=tuple(dilation),  # pyright: ignore[reportArgumentType]
        groups=c.get("groups", 1),
        bias=c.get("use_bias", True),
    )
    return chain(layer, pad=_pad(_paddings(layer, shape, kernel, stride, dilation)), conv=conv)


class LastAxisLinear(nn.Linear):
    """Keras's Dense on (N, L, C): the same weights at every position."""

    def forward(self, input: Tensor) -> Tensor:
        return channels_first(super().forward(channels_last(input)))


def _dense(layer: Layer, shapes: list[Shape]) -> nn.Module:
    make = nn.Linear if len(shapes[0]) == 1 else LastAxisLinear
    return chain(layer, linear=make(shapes[0][0], layer.config["units"], bias=layer.config.get("use_bias", True)))


def _batch_norm(layer: Layer, shapes: list[Shape]) -> nn.Module:
    axis = layer.config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) else axis
    if axis not in (-1, len(shapes[0])) or layer.config.get("mode", 0) != 0:
        raise InputError(f"layer {layer.name} normalises another axis than the last, which lrpgen cannot read")
    make = nn.BatchNorm2d if len(shapes[0]) == 3 else nn.BatchNorm1d
    return chain(layer, norm=make(shapes[0][0], eps=layer.config.get("epsilon", 1e-3)))


# pools


class SamePool(nn.Module):
    """Average over the positions that exist: what zeros at the ends take away is scaled back. Keras's padding='same'."""

    scale: Tensor

    def __init__(self, pool: nn.Module, pad: nn.Module, spatial: Shape) -> None:
        super().__init__()
        self.pad, self.pool = pad, pool
        with torch.device("cpu"):
            real = pool(pad(torch.ones(1, 1, *spatial)))
        self.register_buffer("scale", 1 / real, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(self.pad(x)) * self.scale


def _pool(layer: Layer, shapes: list[Shape]) -> nn.Module:
    dims = int(layer.kind[-2])
    size = _pair(layer.config.get("pool_size", 2), dims)
    stride = _pair(layer.config.get("strides", size), dims)
    pads = _paddings(layer, shapes[0], size, stride, [1] * dims)
    maximum = layer.kind.startswith("Max")
    kinds = (nn.MaxPool1d, nn.MaxPool2d) if maximum else (nn.AvgPool1d, nn.AvgPool2d)
    pool = kinds[dims - 1](tuple(size), tuple(stride))  # pyright: ignore[reportArgumentType]
    # A padded position must never win.
    pad = _pad(pads, float("-inf") if maximum else 0.0)
    if pad is None:
        return pool
    return nn.Sequential(OrderedDict(pad=pad, pool=pool)) if maximum else SamePool(pool, pad, shapes[0][1:])


class GlobalPool(nn.Module):
    def __init__(self, maximum: bool, keep: bool) -> None:
        super().__init__()
        self.maximum, self.keep = maximum, keep

    def forward(self, x: Tensor) -> Tensor:
        dims = list(range(2, x.dim()))
        return x.amax(dims, keepdim=self.keep) if self.maximum else x.mean(dims, keepdim=self.keep)


def _global_pool(layer: Layer, shapes: list[Shape]) -> nn.Module:
    return GlobalPool("Max" in layer.kind, bool(layer.config.get("keepdims", False)))


# shapes


class Reorder(nn.Module):
    """Reshape to `shape`, or permute by `dims`, as Keras orders axes."""

    def __init__(self, shape: Shape = (), dims: Shape = ()) -> None:
        super().__init__()
        self.shape, self.dims = shape, dims

    def forward(self, x: Tensor) -> Tensor:
        x = channels_last(x)
        if self.dims:
            return channels_first(x.permute(0, *self.dims))
        # The copy keeps the reshape a plain view, whatever strides the values before it have.
        x = x.clone(memory_format=torch.contiguous_format).reshape(x.shape[0], *self.shape)
        return channels_first(x)


def _flatten(layer: Layer, shapes: list[Shape]) -> nn.Module:
    return Reorder(shape=(-1,))


def _reshape(layer: Layer, shapes: list[Shape]) -> nn.Module:
    return Reorder(shape=tuple(layer.config["target_shape"]))


def _permute(layer: Layer, shapes: list[Shape]) -> nn.Module:
    return Reorder(dims=tuple(layer.config["dims"]))


def _zero_padding(layer: Layer, shapes: list[Shape]) -> nn.Module:
    return chain(layer, pad=_pad(_pair(layer.config.get("padding", 1), 2)))


class Crop(nn.Module):
    def __init__(self, left: int, right: int) -> None:
        super().__init__()
        self.left, self.right = left, right

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, self.left : x.shape[2] - self.right]


def _cropping(layer: Layer, shapes: list[Shape]) -> nn.Module:
    return Crop(*_pair(layer.config.get("cropping", 1), 2))


# merges


class Merge(nn.Module):
    """Several inputs to one, as `how` says. dim : of a concatenation."""

    def __init__(self, how: str, dim: int = 1) -> None:
        super().__init__()
        self.how, self.dim = how, dim

    def forward(self, *x: Tensor) -> Tensor:
        if self.how == "Concatenate":
            return torch.cat(x, self.dim)
        if self.how == "Maximum":
            return torch.stack(x).amax(0)
        total = x[0]
        for other in x[1:]:
            total = (
                total * other if self.how == "Multiply" else total - other if self.how == "Subtract" else total + other
            )
        return total / len(x) if self.how == "Average" else total


def _merge(layer: Layer, shapes: list[Shape]) -> nn.Module:
    rank = len(shapes[0]) + 1
    axis = layer.config.get("axis", -1) % rank  # in Keras's order, N counted
    return Merge(layer.kind, 1 if axis == rank - 1 else axis + 1)


def _identity(layer: Layer, shapes: list[Shape]) -> nn.Module:
    return nn.Identity()


BUILDERS: dict[str, Callable[[Layer, list[Shape]], nn.Module]] = {
    **dict.fromkeys(("Conv1D", "Conv2D"), _conv),
    "Dense": _dense,
    "BatchNormalization": _batch_norm,
    "Activation": _activation,
    "ReLU": _relu,
    "LeakyReLU": _leaky,
    "ELU": _elu,
    "Softmax": _softmax,
    **dict.fromkeys(("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D"), _pool),
    **dict.fromkeys(("GlobalMaxPooling1D", "GlobalAveragePooling1D"), _global_pool),
    **dict.fromkeys(("GlobalMaxPooling2D", "GlobalAveragePooling2D"), _global_pool),
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Permute": _permute,
    "ZeroPadding1D": _zero_padding,
    "Cropping1D": _cropping,
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Concatenate"), _merge),
    **dict.fromkeys(IDENTITY, _identity),
}
