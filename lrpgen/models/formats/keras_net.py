"""A Keras model as a torch module of standard operations."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...errors import InputError
from . import keras_layers
from .keras_config import Spec

OUTPUT_ACTIVATIONS = ("softmax", "sigmoid")


class KerasNet(nn.Module):
    """The network of `spec`, with undefined weights until they are loaded.

    Input: as Keras wants it, (N, L, 4) say. Output: (N, K); outputs with positions come as (N, K, L); several outputs as
    a dictionary by the name of the layer.

    Raises
    ------
    InputError : a layer that lrpgen cannot read, or an input of free length without `length`.
    """

    def __init__(self, spec: Spec, names: Sequence[str] = ()) -> None:
        super().__init__()
        if len(unknown := [size for size in spec.shape if size is None]):
            raise InputError(f"the Keras model takes input of any length ({len(unknown)} free axes); give --width")
        self.calls = spec.calls
        self.source, self.outputs = spec.input, spec.outputs
        self.names = list(names) or spec.outputs
        self.layers = nn.ModuleDict()
        kinds = {layer.name: layer for layer in spec.layers}
        with torch.device("meta"):
            values = {spec.input: keras_layers.channels_first(torch.empty(1, *(int(s) for s in spec.shape if s)))}
            for call in spec.calls:
                inputs = [values[name] for name in call.inputs]
                if key(call.layer) not in self.layers:
                    made = keras_layers.build(kinds[call.layer], [tuple(x.shape[1:]) for x in inputs])
                    self.layers[key(call.layer)] = made.eval()
                values[call.out] = self._shape_run(call.layer, inputs)
        self._materialise()
        self.eval()

    def _shape_run(self, layer: str, inputs: list[Tensor]) -> Tensor:
        """Run a layer without values; what it computed when it was made stays where it is."""
        try:
            return copy.deepcopy(self.layers[key(layer)]).to("meta")(*inputs)
        except (RuntimeError, IndexError, TypeError) as error:
            first = str(error).splitlines()[0]
            raise InputError(
                f"layer {layer} does not fit the layers before it ({first}); save the model again"
            ) from error

    def _materialise(self) -> None:
        kept = {name: buffer for name, buffer in self.named_buffers() if not buffer.is_meta}
        self.to_empty(device="cpu")
        for name, buffer in kept.items():
            self.get_buffer(name).copy_(buffer)

    def forward(self, x: Tensor) -> Tensor | dict[str, Tensor]:
        values = {self.source: keras_layers.channels_first(x)}
        for call in self.calls:
            values[call.out] = self.layers[key(call.layer)](*[values[name] for name in call.inputs])
        if len(self.outputs) == 1:
            return values[self.outputs[0]]
        return {name: values[out] for name, out in zip(self.names, self.outputs, strict=True)}


def key(layer: str) -> str:
    """The module's name: torch allows no dot in it."""
    return layer.replace(".", "_").replace("/", "_")


def leave_out_activation(spec: Spec) -> str:
    """Make the last softmax or sigmoid of a one-output model linear; returns which it was, or ""."""
    if len(spec.outputs) != 1:
        return ""
    call = next((call for call in spec.calls if call.out == spec.outputs[0]), None)
    uses = Counter(name for c in spec.calls for name in c.inputs)
    if call is None or uses[call.out] or sum(c.layer == call.layer for c in spec.calls) > 1:
        return ""
    layer = next(layer for layer in spec.layers if layer.name == call.layer)
    if layer.kind == "Softmax":
        layer.kind, layer.config = "Activation", {}
        return "softmax"
    found = layer.config.get("activation", "")
    if found not in OUTPUT_ACTIVATIONS:
        return ""
    layer.config["activation"] = "linear"
    return found
