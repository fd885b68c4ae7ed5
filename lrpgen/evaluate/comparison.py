"""Many methods on one model and the same inputs: every measure of each, one number per input.

A map is measured once against everything: the truth mask where there is one, its own sparsity, the model (deletion,
insertion, for DNA in-silico mutagenesis), and itself: on randomised weights, on DNA's reverse complement, from other
members. REPLACEMENTS depend on the inputs being DNA or images.
Pruned relevance brings two more maps, the controls: its base rule's relevance cut at the input to the same share of exact
zeros, and to the same Gini index. No method sees the mask.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ..progress import progress
from . import controls, faithfulness, measures
from .attribution import Subject
from .methods import UNIT, Method, read_method
from .sanity import across_members, randomised

RANDOM = "random"  # the row of a map without information: one method's values at random places
MUTAGENESIS = "ism"
FIRST = 64  # inputs of the checks that need relevance made anew: stability and randomised weights


class Measure(NamedTuple):
    """better : higher or lower, None where neither is better as such. group : what it asks."""

    group: str
    better: str | None
    text: str


MEASURES = {
    "rma": Measure("truth", "higher", "share of the positive relevance in the mask (RMA)"),
    "rra": Measure("truth", "higher", "share of the K = |mask| largest values in the mask (RRA)"),
    "pointing": Measure("truth", "higher", "share of inputs whose largest value lies in the mask"),
    "gini": Measure("sparsity", None, "Gini index of |relevance|"),
    "entropy": Measure("sparsity", None, "entropy of |relevance|, 1 = constant"),
    "zeros": Measure("sparsity", None, "share of positions at exactly zero"),
    "aopc_shuffles": Measure("faithfulness", "higher", "fall of the score in deletion, shuffled bases"),
    "aopc_zeros": Measure("faithfulness", "higher", "fall of the score in deletion, zeros"),
    "insertion_shuffles": Measure("faithfulness", "higher", "area under insertion into shuffled bases"),
    "insertion_zeros": Measure("faithfulness", "higher", "area under insertion into zeros"),
    "aopc_mean": Measure("faithfulness", "higher", "fall of the score in pixel flipping, the image's mean colour"),
    "aopc_blur": Measure("faithfulness", "higher", "fall of the score in pixel flipping, blurred pixels"),
    "insertion_mean": Measure("faithfulness", "higher", "area under insertion into the image's mean colour"),
    "insertion_blur": Measure("faithfulness", "higher", "area under insertion into the blurred image"),
    "ism": Measure("faithfulness", "higher", "rank correlation with in-silico mutagenesis"),
    "ism_kept": Measure("faithfulness", None, "the same among positions that are not zero"),
    "completeness": Measure("faithfulness", "lower", "|sum of relevance - change of the score| / |change|"),
    "reverse_complement": Measure("stability", "higher", "rank correlation with the reverse complement's, turned back"),
    "members": Measure("stability", "higher", "rank correlation between ensemble members"),
    "randomised_top": Measure("sanity", "lower", "rank correlation of |relevance| after the last layer is randomised"),
    "randomised_all": Measure("sanity", "lower", "the same after all layers are"),
}
OF_METHODS = ("completeness", *(name for name, one in MEASURES.items() if one.group in ("stability", "sanity")))
RENAMED = {"mass_accuracy": "rma", "rank_accuracy": "rra", "zero_share": "zeros"}
# What a position becomes in deletion and insertion; measures are called by it.
REPLACEMENTS = {
    "DNA": {"shuffles": faithfulness.shuffles, "zeros": faithfulness.zeros},
    "images": {"mean": faithfulness.mean_colours, "blur": faithfulness.blurred},
}
Values = dict[str, np.ndarray]


@dataclass(frozen=True)
class Setting:
    """draws, steps : of deletion and insertion curves. seed : of shuffles, ties and randomised weights. checks : inputs of
    the stability and sanity checks, the first ones; 0 = none of these. timed : inputs whose explanation is timed, over
    `rounds`."""

    draws: int = 2
    steps: int = faithfulness.STEPS
    seed: int = 1
    checks: int = FIRST
    timed: int = 32
    rounds: int = 3
    batch_size: int = 256


@dataclass
class Row:
    """A method's `values`, MEASURES by name, each (N,); those of its `controls`, zeros and gini; mean `curves` (S + 1,)."""

    method: Method
    values: Values
    controls: dict[str, Values] = field(default_factory=dict)
    curves: dict[str, np.ndarray] = field(default_factory=dict)


class Comparison:
    """
    Parameters
    ----------
    model : see `Subject`. members : further models of the same kind, for stability.
    onehot : int8 (N, 4, L), or images float32 (N, C, H, W). target : LongTensor (N,). mask : int8 (N, L) or (N, H, W), or
        None where nobody knows the truth; positions of sign + count.
    """

    def __init__(
        self,
        model: nn.Module,
        onehot: np.ndarray,
        target: Tensor,
        mask: np.ndarray | None = None,
        members: Iterable[nn.Module] = (),
        setting: Setting | None = None,
    ) -> None:
        self.setting = setting or Setting()
        self.onehot, self.target, self.mask = onehot, target, mask
        self.subject = self._subject(model, onehot, target)
        self._predict = _scores(self.subject, self.setting.batch_size)
        self.images = self.subject.images
        made = REPLACEMENTS["images" if self.images else "DNA"]
        self._replacements = {name: of(onehot, self.setting.draws, self.setting.seed) for name, of in made.items()}
        self._mutagenesis = None if self.images else self.subject.attribute(MUTAGENESIS)
        self._checks = self._checking(list(members))
        self._bases: dict[str, tuple[np.ndarray, Row]] = {}

    def rows(self, methods: Iterable[str]) -> Iterator[Row]:
        """Each method's row, a pruned one's base before it, and RANDOM first."""
        wanted: dict[str, Method] = {}
        for text in methods:
            read = read_method(text)
            wanted |= ({read.base: read_method(read.base)} if read.base else {}) | {text: read}
        bases = {read.base for read in wanted.values()}
        with progress("evaluating", len(wanted) + 1, "methods") as advance:
            some = self.relevance(UNIT if self._mutagenesis is None else MUTAGENESIS)[0]
            shuffled = controls.random_ranking(some, self.setting.seed)
            values, curves = self._measured(shuffled)
            yield Row(Method(RANDOM, RANDOM), values, curves=curves)
            for text, read in wanted.items():
                advance(1)
                found, completeness = self.relevance(text)
                values, curves = self._measured(found)
                row = Row(read, values | {"completeness": completeness} | self._checked(text, found), curves=curves)
                if read.base:
                    row.controls = self._controls(found, *self._bases[read.base])
                elif text in bases:
                    self._bases[text] = found, row
                yield row
            advance(1)

    def relevance(self, method: str) -> tuple[np.ndarray, np.ndarray]:
        """(N, L) or (N, H, W), and the completeness error (N,)."""
        known = self._mutagenesis if method == MUTAGENESIS else None
        found = known or self.subject.attribute(method)
        return per_base(method, found.relevance), found.completeness

    def _subject(self, model: nn.Module, onehot: np.ndarray, target: Tensor) -> Subject:
        return Subject(model, onehot, target, seed=self.setting.seed, batch_size=self.setting.batch_size)

    def _measured(self, relevance: np.ndarray) -> tuple[Values, dict[str, np.ndarray]]:
        """Everything but the checks, and the mean curves."""
        values = {RENAMED.get(name, name): found for name, found in measures.measure(relevance, self.mask).items()}
        values.pop("chance", None)
        curves: dict[str, np.ndarray] = {}
        given, setting = (self._predict, self.onehot, relevance), self.setting
        for name, replacement in self._replacements.items():
            deleted = faithfulness.deletion(*given, replacement, setting.steps, setting.seed)
            inserted = faithfulness.insertion(*given, replacement, setting.steps, setting.seed)
            values[f"aopc_{name}"] = faithfulness.aopc(deleted)
            values[f"insertion_{name}"] = faithfulness.area(inserted)
            curves |= {f"deletion_{name}": deleted.score.mean(0), f"insertion_{name}": inserted.score.mean(0)}
        if self._mutagenesis is not None:
            mutagenesis = self.relevance(MUTAGENESIS)[0]
            values["ism"] = faithfulness.rank_correlation(relevance, mutagenesis)
            values["ism_kept"] = faithfulness.rank_correlation(relevance, mutagenesis, relevance != 0)
        return values, curves

    def _controls(self, found: np.ndarray, base: np.ndarray, row: Row) -> dict[str, Values]:
        """The base cut at the input as `found` is sparse; a control that cuts nothing has the base's own values."""
        made = {
            "zeros": controls.matched_zeros(base, found, self.setting.seed),
            "gini": controls.matched_gini(base, found, self.setting.seed),
        }
        own = {name: row.values[name] for name in row.values if name not in OF_METHODS}
        return {name: own if np.array_equal(cut, base) else self._of_control(cut) for name, cut in made.items()}

    def _of_control(self, cut: np.ndarray) -> Values:
        """What a control scores, NaN for inputs that have none because their pruned relevance is all zero."""
        lost = np.isnan(cut.reshape(len(cut), -1)[:, 0])  # NaN as a whole
        values, _ = self._measured(np.where(lost.reshape(-1, *[1] * (cut.ndim - 1)), 0, cut))
        return {name: np.where(lost, np.nan, found) for name, found in values.items()}

    def _checking(self, members: list[nn.Module]) -> dict[str, Subject]:
        """What the checks explain: the first inputs in other guises."""
        n = self.setting.checks
        if not n:
            return {}
        onehot, target, model = self.onehot[:n], self.target[:n], self.subject.model
        layers = [copy.deepcopy(other) for _, other in randomised(model, seed=self.setting.seed)]
        made = {"randomised_top": (layers[0], onehot), "randomised_all": (layers[-1], onehot)}
        if not self.images:
            made["reverse_complement"] = model, np.ascontiguousarray(onehot[:, ::-1, ::-1])
        made |= {f"member {number}": (other, onehot) for number, other in enumerate(members, start=2)}
        return {name: self._subject(other, given, target) for name, (other, given) in made.items()}

    def _checked(self, method: str, relevance: np.ndarray) -> Values:
        """Stability and sanity (N,), NaN beyond the first `checks` inputs."""
        found = {name: per_base(method, subject.attribute(method).relevance) for name, subject in self._checks.items()}
        if not found:
            return {}
        own = relevance[: self.setting.checks]
        values: Values = {}
        if "reverse_complement" in found:
            turned = found["reverse_complement"][:, ::-1]
            values["reverse_complement"] = faithfulness.rank_correlation(own, turned)
        for name in ("randomised_top", "randomised_all"):
            values[name] = faithfulness.rank_correlation(np.abs(own), np.abs(found[name]))
        if members := [of for name, of in found.items() if name.startswith("member ")]:
            values["members"] = across_members([own, *members])
        rest = np.full(len(relevance) - len(own), np.nan)
        return {name: np.concatenate([value, rest]) for name, value in values.items()}


def per_base(method: str, relevance: np.ndarray) -> np.ndarray:
    """(N, L) of (N, 4, L), (N, H, W) of images: the sum over letters or colours. A gradient, which is no share of
    anything, gives the largest |value| (Simonyan, Vedaldi, Zisserman 2014)."""
    return np.abs(relevance).max(axis=1) if method == "gradient" else relevance.sum(axis=1)


def _scores(subject: Subject, batch_size: int) -> Callable[[np.ndarray], Any]:
    """From inputs (N, 4, L) or (N, C, H, W) to the explained output of each input (N,)."""
    model, target = subject.copied(), subject.outputs

    @torch.no_grad()
    def predict(onehot: np.ndarray) -> np.ndarray:
        x = torch.from_numpy(onehot).to(subject.x)
        output = torch.cat([model(part) for part in x.split(batch_size)])
        return output.gather(1, target[:, None])[:, 0].double().cpu().numpy()

    return predict
