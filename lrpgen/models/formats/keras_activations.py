"""Keras's activations by name."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from ...errors import InputError
from .keras_config import Layer


class Exponential(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.exp()


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "sigmoid": nn.Sigmoid,
    "softmax": lambda: nn.Softmax(1),
    "tanh": nn.Tanh,
    "exponential": Exponential,
    "exp": Exponential,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "swish": nn.SiLU,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "mish": nn.Mish,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),  # Keras's default where it is an activation
}


def activation(layer: Layer) -> nn.Module | None:
    """The layer's own activation, None where it is linear. Raises `InputError` for one that is not known."""
    name = layer.config.get("activation", "linear")
    if name == "linear":
        return None
    if name not in ACTIVATIONS:
        raise InputError(
            f"layer {layer.name} has the activation {name}, which lrpgen cannot read; it reads {', '.join(ACTIVATIONS)}"
        )
    return ACTIVATIONS[name]()
