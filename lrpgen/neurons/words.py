"""What the curves and paths of a study say: the best selector of each layer, and sentences for people."""

from __future__ import annotations

from typing import Any

from .selection import RANDOM, SELECTORS
from .study import Point, Study


def choice(points: list[Point], tolerance: float) -> dict[str, Any]:
    """The selector that keeps the heat map of one layer best, beside the random control. Ours.

    Best is the smallest mean over all sizes but the last (where nothing is left out). `k`: the smallest size of which the
    mean squared error is at most `tolerance` of the full map's mean square, for the best selector by MSE and for random.
    """
    most = max(point.k for point in points)

    def mean(selector: str, name: str) -> float:
        values = [getattr(point, name) for point in points if point.selector == selector and point.k < most]
        return sum(values) / max(len(values), 1)

    def enough(selector: str) -> int:
        return min(
            point.k for point in points if point.selector == selector and (point.share <= tolerance or point.k == most)
        )

    best = {name: min(SELECTORS[:-1], key=lambda one: mean(one, name)) for name in ("share", "smape")}
    return {
        "selector": best["share"],
        "selector_smape": best["smape"],
        "mse": {name: mean(name, "share") for name in SELECTORS},
        "smape": {name: mean(name, "smape") for name in SELECTORS},
        "tolerance": tolerance,
        "k": enough(best["share"]),
        "k_random": enough(RANDOM),
    }


def selections(study: Study, tolerance: float) -> dict[str, dict[str, Any]]:
    """`choice` of each layer that was selected from, by its node."""
    by_layer: dict[str, list[Point]] = {}
    for point in study.curves:
        by_layer.setdefault(point.layer, []).append(point)
    return {node: choice(points, tolerance) for node, points in by_layer.items() if max(p.k for p in points) > 1}


def sentences(study: Study, chosen: dict[str, dict[str, Any]], names: dict[tuple[str, int], str]) -> list[str]:
    """What to tell: the selectors layer by layer, then each group's strongest path. names : (node, channel) -> name."""
    found = []
    for layer in study.layers:
        if (one := chosen.get(layer.node)) is None:
            continue
        best, also = one["selector"], one["selector_smape"]
        by = "by MSE and SMAPE" if best == also else f"by MSE, {also} by SMAPE"
        found.append(
            f"{layer.name}: {best} selects best {by}; {one['k']} of {layer.channels} channels leave an error of at most "
            f"{100 * one['tolerance']:g} % of the heat map's mean square (random ones: {one['k_random']}), and the mean SMAPE "
            f"over all sizes is {one['smape'][also]:.0f} % (random: {one['smape'][RANDOM]:.0f} %)"
        )
    of = {layer.node: layer for layer in study.layers}
    for group, paths in zip(study.groups, study.paths, strict=True):
        if paths:
            steps = [f"{of[node].name} {names[node, study.shown[node][i]]}" for node, i in paths[0].nodes]
            found.append(
                f"{group}: the critical path is {' > '.join(steps)}; the relevance of its edges sums to {paths[0].total:.3g}"
            )
    return found
