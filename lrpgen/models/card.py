"""The card of a saved model: what one must know to use it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from .. import __version__
from ..errors import InputError

TASKS = ("classes", "labels", "values")
ACTIVATIONS = ("softmax", "sigmoid", "exp", "identity")


@dataclass
class Card:
    """What one must know to use a saved model. Every field added later has a default, so that old files stay readable.

    architecture : a name of the zoo, or `keras`, `onnx`, `pt2`, `bpnet-lite` for what was converted.
    kwargs : what rebuilds it: arguments of the architecture; for `keras` its layers.
    classes : names of the K outputs, whatever the task.
    width : window length in bp; of images, pixels.
    task : `classes` (softmax over K exclusive classes, the last is the background), `labels` (K independent sigmoids) or
        `values` (K numbers).
    activation : turns raw outputs into predictions: softmax, sigmoid, exp or identity.
    channels : order of the bases the network inside wants. layout : order of its input's axes, a string of N, C, L and 1.
    code : SHA-256 of the user's own file where the architecture is `module:path/to/file.py:Class`; loading runs that file.
    source : the file it came from, and of which format.
    shape : [C, H, W] of a network for images; empty for DNA. normalisation : `mean` and `std` of each channel, which are
        taken from and divide pixels in 0..1; empty where nobody knows.
    """

    architecture: str
    kwargs: dict[str, Any]
    classes: list[str]
    width: int
    parameters: int
    seed: int
    input: str = "(N, 4, L), rows A C G T"
    training: dict[str, Any] = field(default_factory=dict)
    lrpgen_version: str = __version__
    task: str = "classes"
    activation: str = "softmax"
    channels: str = "ACGT"
    layout: str = "NCL"
    code: str = ""
    source: str = ""
    shape: list[int] = field(default_factory=list)
    normalisation: dict[str, list[float]] = field(default_factory=dict)

    @property
    def takes(self) -> str:
        """What the model takes, in words."""
        if not self.shape:
            return f"windows of {self.width} bp"
        channels, height, width = self.shape
        return f"images of {height} x {width} pixels, {channels} channel{'s' if channels > 1 else ''}"

    def index(self, name: str) -> int:
        """Place of an output by its name. Raises `InputError` for a name the model has not."""
        if name not in self.classes:
            raise InputError(
                f"class {name!r} is not one of the model's classes ({', '.join(self.classes)}); choose one"
            )
        return self.classes.index(name)


def card_from(values: Any, where: str) -> Card:
    """The card held in parsed JSON. Raises `InputError` when fields are missing, unknown or not allowed."""
    known = {f.name for f in fields(Card)}
    if not isinstance(values, dict) or (unknown := sorted(set(values) - known)):
        what = f"unknown entries ({', '.join(unknown)})" if isinstance(values, dict) else "no entries"
        raise InputError(f"the card of {where} has {what}; it was written by another version of lrpgen, use that one")
    try:
        card = Card(**values)
    except TypeError as error:
        raise InputError(f"the card of {where} is incomplete ({error}); make the model again") from error
    _check_types(card, where)
    check_choice(card.task, TASKS, "task", where)
    check_choice(card.activation, ACTIVATIONS, "activation", where)
    return card


def _check_types(card: Card, where: str) -> None:
    names = card.classes
    right = {
        "architecture": isinstance(card.architecture, str),
        "kwargs": isinstance(card.kwargs, dict),
        "classes": isinstance(names, list) and bool(names) and all(isinstance(name, str) for name in names),
        "width": _is_size(card.width),
        "channels": isinstance(card.channels, str),
        "layout": isinstance(card.layout, str),
        "code": isinstance(card.code, str),
        "shape": isinstance(card.shape, list) and len(card.shape) in (0, 3) and all(map(_is_size, card.shape)),
        "normalisation": isinstance(card.normalisation, dict),
    }
    for name, fits in right.items():
        if not fits:
            raise InputError(f"the card of {where} has {name} {getattr(card, name)!r}; make the model again")
    if len(set(names)) < len(names):
        raise InputError(f"the card of {where} names a class twice ({', '.join(names)}); make the model again")


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def refuse_images(card: Card, where: Any) -> None:
    """Raise `InputError` where a model of DNA is needed and the card is of another."""
    if card.shape:
        raise InputError(f"{where} takes {card.takes}, not DNA; use the commands of `lrpgen images`")


def check_choice(value: str, allowed: tuple[str, ...], what: str, where: str) -> None:
    """Raise `InputError` unless `value` is one of `allowed`."""
    if value not in allowed:
        raise InputError(f"{where}: {what} {value!r} is not known; choose one of {', '.join(allowed)}")
