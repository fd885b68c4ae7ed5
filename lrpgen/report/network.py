"""What `lrpgen neurons` found: layers, their channels as nodes, relevance between them, critical paths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..files import read_json
from .filters import Filters
from .numbers import number, share, signed

FORMAT, VERSION = "lrpgen-network", 1
PARTS = {"groups": list, "layers": list, "nodes": list, "edges": list, "paths": dict, "findings": list, "setting": dict,
         "input": dict}  # fmt: skip


@dataclass(frozen=True)
class Network:
    """`found`: network.json; docs/neurons.md says what is in it."""

    found: dict[str, Any]
    folder: Path

    @property
    def groups(self) -> list[str]:
        return [group["name"] for group in self.found["groups"]]

    def called(self, node: int) -> str:
        """Layer and channel of a node, for people."""
        one = self.found["nodes"][node]
        return f"{self.found['layers'][one['layer']]['name']} {one['name']}"


def read_network(folder: Path) -> Network | None:
    """None when there is no network.json. Raises `InputError` for one that is not of `lrpgen neurons`."""
    path = folder / "network.json"
    if not path.is_file():
        return None
    found = read_json(path, "network")
    whole = isinstance(found, dict) and (found.get("format"), found.get("version")) == (FORMAT, VERSION)
    if not whole or not all(isinstance(found.get(name), kind) for name, kind in PARTS.items()):
        raise InputError(f"{path} is not what `lrpgen neurons` of this version writes; run it again")
    try:
        network = Network(found, folder)
        details(network)  # with the rest of this block all that a page reads
        for group in network.groups:
            path_rows(network, group)
        for upper, lower, values in found["edges"]:
            if not max(upper, lower) < len(found["nodes"]) or len(values) != len(network.groups):
                raise ValueError("an edge leads nowhere")
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(f"{path} is damaged ({type(error).__name__}: {error}); run `lrpgen neurons` again") from error
    return network


def path_rows(network: Network, group: str) -> list[tuple[str, str]]:
    """(relevance of the edges, the nodes' names from the output down) of each critical path."""
    return [
        (signed(path["relevance"]), " \u2192 ".join(network.called(node) for node in path["nodes"]))
        for path in network.found["paths"][group]
    ]


def details(network: Network) -> dict[str, Any]:
    """data/network.js: what the page shows of a node when it is chosen."""
    nodes = [
        {
            "title": network.called(i),
            "rows": [
                [group, signed(node["relevance"][group]), share(node["share"][group]), share(node["activation"][group])]
                for group in network.groups
            ],
            "heat": [node["heat"][group] for group in network.groups],
            "unit": node["unit"],
            "seen": _seen(node["unit"]),
        }
        for i, node in enumerate(network.found["nodes"])
    ]
    return {"groups": network.groups, "bin": network.found["input"]["bin"], "nodes": nodes}


def _seen(unit: dict[str, Any] | None) -> str:
    if unit is None:
        return "Active nowhere in these inputs."
    return f"Most active, at {number(unit['activation'])}, in {unit['input']}"


def write_network(network: Network, folder: Path) -> None:
    """data/network.js, in the report's folder."""
    from .data import write_data  # which reads the results, and they this

    write_data(folder, "network", details(network))


def logos_of(network: Network, filters: Filters | None) -> dict[int, Any]:
    """Node -> the first-layer filter that it is, where that has a logo."""
    if filters is None:
        return {}
    drawn = {one.name.rpartition("_")[2].lstrip("0") or "0": one for one in filters.rows if one.bits is not None}
    layer = filters.summary.get("layer")
    return {
        i: drawn[str(node["channel"])]
        for i, node in enumerate(network.found["nodes"])
        if network.found["layers"][node["layer"]]["name"] == layer and str(node["channel"]) in drawn
    }
