"""The ways that carry most relevance from the output to the first layer."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import NamedTuple, TypeVar

Node = TypeVar("Node", bound=Hashable)


class Path(NamedTuple):
    """total : sum of the edges' weights. nodes : from the output down."""

    total: float
    nodes: tuple


def critical_paths(
    order: Iterable[Node],
    edges: Mapping[tuple[Node, Node], float],
    starts: Collection[Node],
    ends: Collection[Node],
    count: int = 3,
) -> list[Path]:
    """The `count` paths of the largest sums from any of `starts` to any of `ends`, by dynamic programming. Ours.

    order : all nodes, each after those its edges lead to (from the input up). edges : (upper, lower) -> relevance that goes
    along it; negative ones count as they are. Cost: edges x count.
    """
    leading: dict[Node, list[tuple[Node, float]]] = {}
    for (upper, lower), weight in edges.items():
        leading.setdefault(upper, []).append((lower, weight))
    best: dict[Node, list[Path]] = {}
    for node in order:
        found = [Path(0.0, (node,))] if node in ends else []
        for lower, weight in leading.get(node, ()):
            found += [Path(weight + total, (node, *nodes)) for total, nodes in best[lower]]
        best[node] = heapq.nlargest(count, found, key=lambda path: path.total)
    return heapq.nlargest(count, (path for node in starts for path in best[node]), key=lambda path: path.total)
