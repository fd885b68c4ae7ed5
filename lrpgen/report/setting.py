"""What kind of run the page is about: a model trained here or elsewhere, windows held out or not, one model or several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .collect import Results

TASKS = {"classes": "exclusive classes", "labels": "independent labels", "values": "values"}
NOUNS = {"classes": ("class", "classes"), "labels": ("label", "labels"), "values": ("output", "outputs")}
PROBABILITIES = ("softmax", "sigmoid")  # activations whose results lie between 0 and 1


@dataclass(frozen=True)
class Setting:
    """task: what quality was measured of. loaded: the model was trained elsewhere. split: its kind, "" if unknown.

    members : models whose mean is shown. seeds : theirs, as far as cards say.
    activation : turns the model's outputs into predictions.
    target : the output that was explained in every window; None = each window's own class.
    words : names of outputs are words of ours (donor) and not the user's own, which stay as they are.
    """

    task: str
    loaded: bool
    split: str
    members: int
    seeds: list[str]
    activation: str
    target: str | None
    words: bool

    def heading(self, name: str) -> str:
        """An output's name at the beginning of a line."""
        return name[:1].upper() + name[1:] if self.words else name

    @property
    def parts(self) -> bool:
        """Whether windows were split into parts."""
        return self.split != "none"

    @property
    def held_out(self) -> bool:
        """Whether the model is known not to have seen the test part."""
        return self.parts and not self.loaded

    @property
    def on(self) -> str:
        """What quality was measured on."""
        if not self.parts:
            return "all windows"
        return "the held-out test part" if self.held_out else "the test part"

    @property
    def noun(self) -> str:
        return NOUNS[self.task][0]

    @property
    def nouns(self) -> str:
        return NOUNS[self.task][1]

    @property
    def probabilities(self) -> bool:
        return self.activation in PROBABILITIES

    @property
    def score(self) -> str:
        """What the raw output that was explained is called."""
        return "logit" if self.probabilities else "log of the prediction" if self.activation == "exp" else "output"

    def whose(self, each: str) -> str:
        """Of what: `each` ("each site's") "own class", or the target by name."""
        return f"{each} own class" if self.target is None else self.target


def setting(results: Results) -> Setting:
    """The setting, from what the files of a results folder say; what they leave out is as in a usual training run."""
    card: dict[str, Any] = results.card or {}
    explained = results.explained
    target = str(explained.attrs.get("target", "own class")) if explained else "own class"
    task = str((results.metrics or {}).get("task") or card.get("task") or "classes")
    used = made_by(results) or [model.sha256 for model in results.models]
    cards = [model.card for model in results.models if model.card and model.sha256 in used]
    return Setting(
        task=task if task in TASKS else "classes",
        loaded=results.card is not None and not card.get("training") and results.history is None,
        split=str(((results.windows.summary if results.windows else {}).get("split") or {}).get("kind") or ""),
        members=max(1, len(used)),
        seeds=[str(one.get("seed", "unknown")) for one in cards],
        activation=str(card.get("activation", "softmax")),
        target=None if target == "own class" else target,
        words=results.windows is None or results.windows.task == "classes",
    )


def made_by(results: Results) -> list[str]:
    """SHA-256 of each model that made the relevance; several where it is a mean over an ensemble."""
    recorded = results.explained.attrs.get("model_sha256") if results.explained else None
    return str(recorded).split(",") if recorded else []


def other_models(results: Results) -> bool:
    """Whether the relevance was made by a model that is not in the folder."""
    here = {model.sha256 for model in results.models}
    return bool(here) and not set(made_by(results)) <= here
