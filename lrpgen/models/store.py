"""Models on disk: safetensors weights with a card in the file's header; and the door to models of any other format.

Nothing is ever unpickled: safetensors holds numbers and text only, and `formats` reads nothing else from other files.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Any

from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import InputError
from ..files import atomic
from .adapt import Adapted
from .card import Card, card_from
from .convert import NAMED, Source, make, network, rebuild
from .formats import sniff
from .formats.states import open_safetensors, read_tensors
from .zoo import build, is_known

HEADER = "lrpgen"  # key of the card in the safetensors header


def save_model(path: str | os.PathLike[str], model: nn.Module, card: Card) -> None:
    """Write weights and card, whole or not at all."""
    inner: Any = model.inner if isinstance(model, Adapted) else model
    state: dict[str, Tensor] = inner.stored() if hasattr(inner, "stored") else inner.state_dict()
    # A weight that two layers share is written for both: safetensors knows no sharing.
    tensors = {name: value.detach().cpu().clone().contiguous() for name, value in state.items()}
    with atomic(path) as tmp:
        save_file(tensors, tmp, metadata={HEADER: json.dumps(asdict(card))})


def read_card(path: str | os.PathLike[str]) -> Card:
    """The card of a saved model. Raises `InputError` when the file is no safetensors file of lrpgen."""
    card = find_card(path)
    if card is None:
        raise InputError(
            f"{path} carries no lrpgen card; give a model written by `lrpgen train` or `lrpgen models convert`"
        )
    return card


def find_card(path: str | os.PathLike[str]) -> Card | None:
    """The card of a safetensors file, None when it has none (weights from elsewhere)."""
    with open_safetensors(path) as file:
        text = (file.metadata() or {}).get(HEADER)
    if text is None:
        return None
    try:
        return card_from(json.loads(text), os.fspath(path))
    except json.JSONDecodeError as error:
        raise InputError(f"the card of {path} is damaged ({error}); make the model again") from error


def load_model(
    path_or_name: str | os.PathLike[str], *, weights: str | os.PathLike[str] | None = None, **kw: Any
) -> nn.Module:
    """A model in eval mode, on the CPU, with input (N, 4, L) in rows A C G T, or images (N, C, H, W), and raw outputs.

    A last softmax or sigmoid of a Keras, ONNX or torch.export file is left out (`lrpgen models inspect` shows it).

    Parameters
    ----------
    path_or_name : a file of `save_model`, any file that `lrpgen models convert` reads, or the name of an architecture.
    weights : file with the weights, when the first argument is a name or a Keras configuration.
    kw : arguments of the architecture (`classes`, `width`, ...) when the first argument is a name; what a file of
        another tool does not say (`layout`, `channels`, `width`, `output`; see `convert.Source`).

    Raises
    ------
    InputError : unknown name, missing or damaged file, code in the file, weights that do not fit (names the tensor and
        both shapes) or are not finite.
    """
    from ..images import nets  # not at the top: that room needs this one

    name = os.fspath(path_or_name)
    if name in nets.NETS and weights is None:
        return nets.build(name, **kw).eval()
    if is_known(name):
        if weights is None:
            return build(name, **kw).eval()
        return network(name, kw, os.fspath(weights))
    if name not in (*NAMED, *nets.NETS) and sniff(name) == "safetensors" and (card := find_card(name)) is not None:
        return rebuild(card, read_tensors(name), name)
    file = None if weights is None else os.fspath(weights)
    try:
        source = Source(name, file, **kw)
    except TypeError as error:
        raise InputError(f"{name} takes no such option ({error}); see `lrpgen models convert --help`") from error
    return make(source)[0]
