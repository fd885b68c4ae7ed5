"""A Keras configuration (Keras 1, 2, 3; sequential or functional) as one plain description of its layers and calls.

Keras 1 called things differently (`nb_filter`, `border_mode`); here everything has its Keras 3 name.
Source: the JSON that Keras writes, as its public documentation and files show it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from ...errors import InputError

CLASSES = {  # saved class -> the class of today; ConvDNA is a Conv1D of the package concise that knows its input
    "Convolution1D": "Conv1D",
    "AtrousConvolution1D": "Conv1D",
    "AtrousConv1D": "Conv1D",
    "ConvDNA": "Conv1D",
    "Convolution2D": "Conv2D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
}
MERGES = {"sum": "Add", "concat": "Concatenate", "mul": "Multiply", "ave": "Average", "max": "Maximum"}
NAMES = {  # Keras 1 -> now
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "border_mode": "padding",
    "subsample_length": "strides",
    "subsample": "strides",
    "atrous_rate": "dilation_rate",
    "bias": "use_bias",
    "output_dim": "units",
    "pool_length": "pool_size",
    "stride": "strides",
    "dim_ordering": "data_format",
    "concat_axis": "axis",
    "alpha": "negative_slope",
}
KEPT = frozenset(
    {"filters", "kernel_size", "padding", "strides", "dilation_rate", "groups", "use_bias", "units", "pool_size"}
    | {"data_format", "axis", "activation", "epsilon", "center", "scale", "target_shape", "dims", "cropping"}
    | {"max_value", "negative_slope", "threshold", "keepdims", "mode"}
)
MODELS = ("Sequential", "Functional", "Model")


@dataclass
class Layer:
    """name : unique, nested ones as `outer/inner`. stored : where Keras 3 keeps its weights."""

    name: str
    kind: str
    config: dict[str, Any]
    stored: str


@dataclass
class Call:
    """One use of a layer: the value `out` is the layer applied to the values `inputs`."""

    out: str
    layer: str
    inputs: list[str]


@dataclass
class Spec:
    """A whole model. shape : of its one input, without N."""

    layers: list[Layer] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    input: str = ""
    shape: list[int | None] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> Spec:
        layers = [Layer(**layer) for layer in values["layers"]]
        return cls(
            layers, [Call(**call) for call in values["calls"]], *(values[k] for k in ("input", "shape", "outputs"))
        )


def parse(config: Any, where: str) -> Spec:
    """The description of a `model_config`. Raises `InputError` for several inputs, code, or no configuration."""
    spec = Spec()
    try:
        inputs, spec.outputs = _model(config, spec, "", "", None)
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        raise InputError(
            f"{where} holds no Keras model that can be read ({type(error).__name__}: {error}); save it again"
        ) from error
    if len(inputs) != 1:
        raise InputError(f"{where} has {len(inputs)} inputs, lrpgen explains models with one; save the part with one")
    spec.input = inputs[0]
    return spec


def _model(
    model: dict[str, Any], spec: Spec, prefix: str, stored: str, given: list[str] | None
) -> tuple[list[str], list[str]]:
    """Add the layers of `model`, whose inputs are the values `given` (None at the top); returns inputs and outputs."""
    kind, config = model["class_name"], model["config"]
    if kind not in MODELS:
        raise InputError(f"a Keras model of class {kind} needs its own code; save it as a functional model")
    layers = config if isinstance(config, list) else config["layers"]
    if kind == "Sequential":
        return _sequential(layers, spec, prefix, stored, given)
    if isinstance(config, list):
        raise ValueError("a functional model without inputs")
    paths = _stored_paths(layers, stored)
    values: dict[tuple[str, int], list[str]] = {}
    inputs = [name for name, _ in _references(config["input_layers"])]
    for name, value in zip(inputs, given or inputs, strict=True):
        values[name, 0] = [prefix + value] if given is None else [value]
    pending = [(layer, path, _calls_of(layer)) for layer, path in zip(layers, paths, strict=True)]
    for layer, _, _ in pending:
        if layer["class_name"] == "InputLayer" and given is None:
            spec.shape = _shape_of(layer["config"])
    open_calls = [(layer, path, i, refs) for layer, path, calls in pending for i, refs in enumerate(calls)]
    while open_calls:  # a layer may be listed before the layers it reads
        ready = [call for call in open_calls if all(ref in values for ref in call[3])]
        if not ready:
            raise ValueError("layers that wait for each other")
        for call in ready:
            layer, path, index, refs = call
            name = layer.get("name") or layer["config"]["name"]
            taken = [value for ref in refs for value in values[ref]]
            values[name, index] = _apply(layer, spec, prefix + name, path, taken, index)
            open_calls.remove(call)
    outputs = [value for ref in _references(config["output_layers"]) for value in values[ref]]
    return [values[name, 0][0] for name in inputs], outputs


def _sequential(
    layers: list[dict[str, Any]], spec: Spec, prefix: str, stored: str, given: list[str] | None
) -> tuple[list[str], list[str]]:
    value = given or [prefix + "input"]
    start = value
    if given is None:
        shape = next((found for layer in layers[:2] if (found := _shape_of(layer["config"]))), None)
        if shape is None:
            raise ValueError("no input shape")
        spec.shape = shape
    for layer, path in zip(layers, _stored_paths(layers, stored), strict=True):
        if layer["class_name"] != "InputLayer":
            name = layer["config"].get("name") or f"{layer['class_name'].lower()}_{len(spec.layers)}"
            value = _apply(layer, spec, prefix + name, path, value, 0)
    return start, value


def _apply(layer: dict[str, Any], spec: Spec, name: str, path: str, inputs: list[str], index: int) -> list[str]:
    if layer["class_name"] in MODELS:
        if index:
            raise InputError(
                f"the nested model {name} is used more than once, which lrpgen does not read; save it apart"
            )
        return _model(layer, spec, f"{name}/", path, inputs)[1]
    if index == 0:
        spec.layers.append(_layer(layer, name, path))
    out = name if index == 0 else f"{name}:{index}"
    spec.calls.append(Call(out, name, inputs))
    return [out]


def _layer(layer: dict[str, Any], name: str, path: str) -> Layer:
    kind = layer["class_name"].rpartition(">")[2]  # registered names read Package>Class
    config = {NAMES.get(key, key): value for key, value in layer["config"].items()}
    if kind.endswith("2D") and "nb_row" in config:
        config["kernel_size"] = [config["nb_row"], config["nb_col"]]
    if kind == "ELU" and "negative_slope" in config:
        config["units"] = config.pop("negative_slope")  # ELU's alpha is no slope
    if kind == "Merge":
        mode = config.get("mode")
        if mode not in MERGES:
            raise InputError(f"layer {name} merges by {mode!r}, which lrpgen does not read; save the model without it")
        kind = MERGES[mode]
    kept = {key: _plain(value) for key, value in config.items() if key in KEPT and value is not None}
    if kind == "ZeroPadding1D" and isinstance(kept.get("padding"), int):
        kept["padding"] = [kept["padding"]] * 2
    return Layer(name, CLASSES.get(kind, kind), kept, path)


def _plain(value: Any) -> Any:
    """Keras 3 writes some activations and numbers as {"class_name": ..., "config": ...}."""
    if isinstance(value, dict):
        inner = value.get("config", value.get("value"))
        return inner if isinstance(inner, str | int | float) else value.get("class_name", "?")
    return value


def _shape_of(config: dict[str, Any]) -> list[int | None]:
    for key in ("batch_shape", "batch_input_shape"):
        if config.get(key):
            return list(config[key][1:])
    if config.get("input_dim"):  # Keras 1
        return [config.get("input_length"), config["input_dim"]]
    return []


def _calls_of(layer: dict[str, Any]) -> list[list[tuple[str, int]]]:
    return [list(_references(node)) for node in layer.get("inbound_nodes", [])]


def _references(value: Any) -> Iterator[tuple[str, int]]:
    """(layer, use) of every tensor that `value` names: [name, use, tensor, ...] or a Keras 3 tensor."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            name, use, _ = value["config"]["keras_history"]
            yield name, use
        else:
            for inner in value.values():
                yield from _references(inner)
    elif isinstance(value, list | tuple):
        if len(value) >= 3 and isinstance(value[0], str) and isinstance(value[1], int):
            yield value[0], value[1]
            yield from _references(list(value[3:]))
        else:
            for inner in value:
                yield from _references(inner)


def _stored_paths(layers: list[dict[str, Any]], stored: str) -> list[str]:
    """Where Keras 3 stores each layer: its class in snake case, counted within the model."""
    seen: Counter[str] = Counter()
    paths = []
    for layer in layers:
        name = _snake(layer["class_name"].rpartition(">")[2])
        paths.append(f"{stored}layers/{name}_{seen[name]}/" if seen[name] else f"{stored}layers/{name}/")
        seen[name] += 1
    return paths


def _snake(name: str) -> str:
    """Conv1D -> conv1d, BatchNormalization -> batch_normalization, as Keras does."""
    import re

    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
