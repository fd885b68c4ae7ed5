"""What `lrpgen models inspect` prints about a file."""

from __future__ import annotations

from torch import nn

from .adapt import Adapted
from .card import Card
from .convert import NAMED, Source, make, rebuild
from .formats import sniff
from .formats.states import read_tensors
from .zoo import is_known


def describe(source: Source) -> str:
    """Task, input, outputs, layers and parameters of a model, as text. Raises `InputError` as `make` does."""
    model, card = _opened(source)
    lines = [
        f"model        {source.path}",
        f"source       {card.source or f'lrpgen {card.lrpgen_version}'}",
        f"architecture {card.architecture}",
        f"task         {card.task}",
        *(_images(card) if card.shape else _windows(card)),
        f"outputs      {len(card.classes)}: {', '.join(card.classes)}",
        f"activation   {card.activation} (turns the raw outputs into predictions)",
        f"parameters   {card.parameters}",
        "layers",
    ]
    inner: nn.Module = model.inner if isinstance(model, Adapted) else model
    return "\n".join([*lines, *_layers(inner)])


def _windows(card: Card) -> list[str]:
    return [
        f"input        {card.input}, L = {card.width} bp",
        f"inside       {card.layout}, bases {card.channels}{_note(card)}",
    ]


def _images(card: Card) -> list[str]:
    values = [f"{name} {', '.join(f'{x:.4g}' for x in numbers)}" for name, numbers in card.normalisation.items()]
    return [f"input        {card.input}: {card.takes}", f"normalised   {'; '.join(values) or 'nobody knows how'}"]


def _opened(source: Source) -> tuple[nn.Module, Card]:
    from ..images.nets import NETS
    from .store import find_card

    named = source.path in (*NAMED, *NETS) or is_known(source.path) or source.architecture is not None
    if not named and sniff(source.path) == "safetensors" and (card := find_card(source.path)) is not None:
        return rebuild(card, read_tensors(source.path), source.path), card
    return make(source)


def _note(card: Card) -> str:
    return (
        "" if card.channels != "ACGT" else " (taken as given: no file says its order of bases)" if card.source else ""
    )


def _layers(model: nn.Module) -> list[str]:
    leaves = [(name, module) for name, module in model.named_modules() if name and not list(module.children())]
    return [f"  {name:32} {module}" for name, module in leaves if not isinstance(module, nn.Identity)]
