"""How a run was set: what the stores and the model say about the settings they were made with."""

from __future__ import annotations

from typing import Any

from .collect import Results
from .setting import made_by, other_models

HIDDEN = ("format", "version", "classes", "rows", "contigs")  # shown elsewhere, or bookkeeping


def pruned(results: Results) -> bool:
    """Whether the store was made with pruning switched on."""
    return any(shares(results))


def shares(results: Results) -> tuple[float, float]:
    """(positive, negative) share of the relevance mass pruned per layer; negative None means half the positive."""
    method = (results.explained.attrs.get("method") if results.explained else None) or {}
    prune = (method.get("prune") if isinstance(method, dict) else None) or {}
    positive = float(prune.get("positive") or 0)
    negative = prune.get("negative")
    return positive, positive / 2 if negative is None else float(negative)


def parameters(results: Results) -> list[tuple[str, str]]:
    """(name, value) of everything recorded about how the relevance was made and the model trained."""
    used = made_by(results) or [model.sha256 for model in results.models]
    many = len(used) > 1
    rows = [(f"model SHA-256{f', {i} of {len(used)}' if many else ''}", value) for i, value in enumerate(used, 1)]
    if other_models(results):
        rows += [("model SHA-256 in this folder", model.sha256) for model in results.models]
    attrs = dict(results.explained.attrs) if results.explained else {}
    attrs.pop("model_sha256", None)
    rows += flat({key: value for key, value in attrs.items() if key not in HIDDEN})
    rows += flat(results.images.summary["setting"]) if results.images else []
    training = (results.card or {}).get("training") or {}
    return rows + [(f"training: {key}", value) for key, value in flat(training)]


def flat(values: dict[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Nested dictionaries as (name, value) rows: {"prune": {"positive": 0.25}} -> ("prune: positive", "0.25")."""
    rows = []
    for key, value in values.items():
        name = f"{above}{key.replace('_', ' ')}"
        if isinstance(value, dict):
            rows += flat({k: v for k, v in value.items() if k != "contigs"}, f"{name}: ")
        else:
            rows.append((name, _plain(value)))
    return rows


def _plain(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
