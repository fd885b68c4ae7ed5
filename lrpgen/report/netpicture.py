"""The network drawn: layers as columns, channels as nodes, relevance as edges, critical paths on top."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape

from .figures import shortened
from .network import Network, path_rows
from .numbers import share, signed

COLUMN, ROW, TOP, SIDE = 150, 30, 46, 70  # in the picture's units
LARGEST, THICKEST = 11.0, 8.0  # radius of the strongest node, width of the strongest edge
EDGES = 40  # drawn between two layers, the strongest; those of critical paths always
FAINTEST = 0.02  # of the strongest edge: weaker ones are not drawn


def network_picture(network: Network, at: int) -> Markup:
    """The network as group number `at` of the inputs sees it; a node is a button that network.js listens to."""
    found, group = network.found, network.groups[at]
    place = _places(found)
    width = 2 * SIDE + COLUMN * (len(found["layers"]) - 1)
    height = max(y for _, y in place) + 40
    parts = [
        f'<text class="axis" x="{SIDE + COLUMN * i}" y="16" text-anchor="middle">{escape(shortened(layer["name"]))}</text>'
        f'<text class="tick" x="{SIDE + COLUMN * i}" y="30" text-anchor="middle">{layer["channels"]} channels</text>'
        for i, layer in enumerate(found["layers"])
    ]
    critical = _critical(found, group)
    parts += _edges(found, at, place, critical)
    on_path = {node for pair in critical for node in pair}
    largest = max((abs(node["relevance"][group]) for node in found["nodes"]), default=0.0) or 1.0
    parts += [_node(network, i, place[i], group, largest, i in on_path) for i in range(len(found["nodes"]))]
    rows = path_rows(network, group)
    said = f" Critical path: {rows[0][1]}, {rows[0][0]}." if rows else ""
    label = f"Relevance through the network, {group}: {len(found['layers'])} layers from the input (left) to the output.{said}"
    box = f'viewBox="0 0 {width} {height}" style="min-width:{min(width, 700)}px"'
    return Markup(f'<svg class="figure net" {box} role="group" aria-label="{escape(label)}">{"".join(parts)}</svg>')


def _places(found: dict[str, Any]) -> list[tuple[float, float]]:
    """(x, y) of each node: a column per layer, centred."""
    rows: list[list[int]] = [[] for _ in found["layers"]]
    for i, node in enumerate(found["nodes"]):
        rows[node["layer"]].append(i)
    tallest = max(len(column) for column in rows)
    place = [(0.0, 0.0)] * len(found["nodes"])
    for across, column in enumerate(rows):
        for down, i in enumerate(column):
            place[i] = (SIDE + COLUMN * across, TOP + 16 + ROW * (down + (tallest - len(column)) / 2))
    return place


def _critical(found: dict[str, Any], group: str) -> dict[tuple[int, int], int]:
    """(upper, lower) -> rank of the best path it is part of, from 0."""
    ranks: dict[tuple[int, int], int] = {}
    for rank, path in enumerate(found["paths"][group]):
        for pair in zip(path["nodes"], path["nodes"][1:], strict=False):
            ranks.setdefault(pair, rank)
    return ranks


def _edges(
    found: dict[str, Any], at: int, place: list[tuple[float, float]], critical: dict[tuple[int, int], int]
) -> list[str]:
    """The strongest edges of each pair of layers, critical ones on top."""
    layer = [node["layer"] for node in found["nodes"]]
    strongest = max((abs(values[at]) for _, _, values in found["edges"]), default=0.0) or 1.0
    drawn: dict[tuple[int, int], int] = {}
    parts = []
    for upper, lower, values in sorted(found["edges"], key=lambda edge: -abs(edge[2][at])):
        weight, pair = values[at], (layer[upper], layer[lower])
        rank = critical.get((upper, lower))
        drawn[pair] = drawn.get(pair, 0) + 1
        if rank is None and (drawn[pair] > EDGES or abs(weight) < FAINTEST * strongest):
            continue
        (x1, y1), (x0, y0) = place[upper], place[lower]
        bend = (x1 - x0) / 2
        kind = "against" if weight < 0 else "for"
        css = f"edge {kind}" if rank is None else f"edge {kind} critical rank{min(rank, 2)}"
        path = f"M{x0:g} {y0:g}C{x0 + bend:g} {y0:g} {x1 - bend:g} {y1:g} {x1:g} {y1:g}"
        thick = max(0.6, THICKEST * abs(weight) / strongest)
        parts.append((rank is not None, f'<path class="{css}" d="{path}" stroke-width="{thick:.2f}"/>'))
    return [text for _, text in sorted(parts, key=lambda part: part[0])]


def _node(network: Network, i: int, place: tuple[float, float], group: str, largest: float, critical: bool) -> str:
    node = network.found["nodes"][i]
    value = node["relevance"][group]
    radius = 3 + (LARGEST - 3) * (abs(value) / largest) ** 0.5
    x, y = place
    css = f"node {'against' if value < 0 else 'for'}{' critical' if critical else ''}{' rest' if node['channel'] is None else ''}"
    said = f"{network.called(i)}: relevance {signed(value)}, share {share(node['share'][group])}"
    name = shortened(node["name"])
    return (
        f'<g class="{css}" tabindex="0" role="button" data-node="{i}" aria-label="{escape(said)}"><title>{escape(said)}</title>'
        f'<circle cx="{x:g}" cy="{y:g}" r="{radius:.1f}"/>'
        f'<text x="{x:g}" y="{y + radius + 10:.1f}" text-anchor="middle">{escape(name)}</text></g>'
    )
