"""Shards joined into one store, streaming: memory does not grow with their number or size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError
from .store import create, open_store

# Attributes that must agree before shards may be joined.
SAME = ("method", "model_sha256", "classes", "target", "width", "seed", "source", "lrpgen_version")


def gather(shards: Sequence[Path], output: Path) -> int:
    """Join shards into one store, in the order given; returns the number of regions.

    Raises
    ------
    InputError : a shard was made by another model, method or version, is damaged, is missing or out of order.
    """
    attrs = check_shards(shards)
    return join(shards, output, {key: value for key, value in attrs.items() if key != "shard"})


def check_shards(shards: Sequence[Path]) -> dict[str, Any]:
    """The attributes of the first shard, after a look at all of them; errors as in `gather`, damage left out."""
    if not shards:
        raise InputError("no shards to gather; give at least one")
    first: dict[str, Any] = {}
    for number, shard in enumerate(shards, 1):
        with open_store(shard) as store:
            first = first or store.attrs
            for key in SAME:
                if store.attrs.get(key) != first.get(key):
                    raise InputError(f"{shard} differs from {shards[0]} in {key}; explain all shards the same way")
            place = store.attrs.get("shard")  # stores of version 1 do not say it
            if place is not None and place != f"{number}/{len(shards)}":
                raise InputError(
                    f"{shard} is shard {place}, but comes as number {number} of {len(shards)}; "
                    "give all shards of one explanation in their order"
                )
    return first


def join(parts: Sequence[Path], output: Path, attrs: dict[str, Any]) -> int:
    """Copy stores one behind the other, each compared with its checksum; returns the number of regions."""
    with create(output, attrs) as writer:
        for part in parts:
            with open_store(part) as store:
                if len(store) and not writer.rows:  # a shard without windows knows no layers
                    writer.layers(store.ledger_names())
                for batch in store.batches():
                    writer.append(batch)
    return writer.rows
