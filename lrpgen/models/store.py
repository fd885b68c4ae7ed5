"""Models on disk: safetensors weights with a card (architecture, classes, width, training) in the file's header.

Nothing is ever unpickled: safetensors holds numbers and text only.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from .. import __version__
from ..errors import InputError
from ..files import atomic, existing
from .zoo import build, is_known

HEADER = "lrpgen"  # key of the card in the safetensors header


@dataclass
class Card:
    """What one must know to use a saved model."""

    architecture: str
    kwargs: dict[str, Any]
    classes: list[str]
    width: int
    parameters: int
    seed: int
    input: str = "(N, 4, L), rows A C G T"
    task: str = "classes"  # classes (exclusive), labels (yes or no each), values (numbers)
    activation: str = "softmax"  # what makes predictions of raw outputs: softmax, sigmoid, exp, identity
    training: dict[str, Any] = field(default_factory=dict)
    lrpgen_version: str = __version__


def save_model(path: str | os.PathLike[str], model: nn.Module, card: Card) -> None:
    """Write weights and card, whole or not at all."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    with atomic(path) as tmp:
        save_file(tensors, tmp, metadata={HEADER: json.dumps(asdict(card))})


def read_card(path: str | os.PathLike[str]) -> Card:
    """The card of a saved model. Raises `InputError` when the file is no safetensors file of lrpgen."""
    with _open(path) as file:
        text = (file.metadata() or {}).get(HEADER)
    if text is None:
        raise InputError(f"{path} carries no lrpgen card; give a model written by `lrpgen train`")
    return Card(**json.loads(text))


def load_model(
    path_or_name: str | os.PathLike[str], *, weights: str | os.PathLike[str] | None = None, **kw: Any
) -> nn.Module:
    """A model in eval mode, on the CPU.

    Parameters
    ----------
    path_or_name : file written by `save_model`, or the name of an architecture (see `zoo.build`).
    weights : safetensors file with the weights, when the first argument is a name.
    kw : arguments of the architecture (`classes`, `width`, ...) when the first argument is a name.

    Raises
    ------
    InputError : unknown name, missing or damaged file, weights that do not fit (names the tensor and both shapes).
    """
    name = os.fspath(path_or_name)
    if is_known(name):
        model = build(name, **kw)
        source = weights
    else:
        card = read_card(name)
        model = build(card.architecture, **card.kwargs)
        source = name
    if source is not None:
        _load_weights(model, source)
    return model.eval()


def _load_weights(model: nn.Module, path: str | os.PathLike[str]) -> None:
    with _open(path) as file:
        found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    wanted = model.state_dict()
    for name, value in wanted.items():
        if name not in found:
            raise InputError(
                f"{path} lacks the weight {name} of shape {tuple(value.shape)}; is it another architecture?"
            )
        if found[name].shape != value.shape:
            raise InputError(
                f"{path}: weight {name} has shape {tuple(found[name].shape)}, "
                f"the model needs {tuple(value.shape)}; is it another architecture?"
            )
        if not torch.isfinite(found[name]).all():
            raise InputError(f"{path}: weight {name} holds NaN or infinite values; train the model again")
    model.load_state_dict({name: found[name] for name in wanted})


def _open(path: str | os.PathLike[str]) -> Any:
    path = existing(path, "model")
    try:
        return safe_open(Path(path), framework="pt")
    except SafetensorError as error:
        raise InputError(
            f"{path} is not a readable safetensors file ({error}); give the output of `lrpgen train`"
        ) from error
