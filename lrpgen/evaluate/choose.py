"""Which share p to prune, chosen on held-out inputs: the largest that is no less faithful than the base rule and no worse
than the base rule's map cut at the input. Ours.

Fixed before any result was seen: the shares, the measure, both conditions and the margin. No truth mask is read.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from ..lrp.prune import Prune
from ..progress import progress
from . import bootstrap
from .controls import matched_gini
from .faithfulness import Predict, aopc, deletion, shuffles
from .methods import SHARES

if TYPE_CHECKING:
    import torch

MARGIN = 0.05  # of the base rule's mean AOPC, which a pruned map may lose
BATCH = 64
CRITERION = (
    "the largest share whose map is, by AOPC of deletion with dinucleotide shuffles on held-out inputs, (1) not less "
    f"faithful than the base rule's: the 95 % interval of the paired difference lies above -{MARGIN:.0%} of the base rule's "
    "mean AOPC; and (2) not worse than the base rule's map cut at the input to the same Gini index: the interval of "
    "that paired difference does not lie below 0; no pruning where no share passes"
)


@dataclass(frozen=True)
class Choice:
    """share : p; 0 = no pruning, where no share passed. base : `bootstrap.mean` of the base rule's AOPC.

    tried : for each share its `share`, `aopc` and `control_aopc` (means over inputs), `to_base` and `to_control`
        (`bootstrap.difference`), and `failed`, the conditions that it failed (`base`, `control`). All of it is JSON.
    """

    share: float
    base: dict[str, Any]
    tried: list[dict[str, Any]]


def choose_prune(
    model: torch.nn.Module | Sequence[torch.nn.Module],
    onehot: np.ndarray,
    target: int | np.ndarray,
    *,
    composite: str = "epsilon",
    redistribute: str = "lambda",
    negative: float | None = None,
    reference: str | int | None = None,
    shares: Sequence[float] = SHARES,
    seed: int = 1,
    batch_size: int = BATCH,
) -> Choice:
    """The share of the positive relevance mass to prune, by CRITERION.

    Parameters
    ----------
    model : takes (n, 4, L) and gives logits (n, outputs); of several, scores and relevance are means. Read, never changed,
        and stays where it is.
    onehot : (N, 4, L) that the model was not trained on. target : output, or int (N,) of outputs.
    negative : share of the negative mass; None = half of the positive one, as in `Prune`.
    seed : of the shuffles, the same ones for all maps, and of the order of ties.

    Costs (1 + 2 * shares) * 105 predictions per input. Raises `InputError` for fewer than two inputs and for what
    `lrpgen.explain` does not take.
    """
    if len(onehot) < bootstrap.FEWEST:
        raise InputError(f"p cannot be chosen on {len(onehot)} input(s); give at least {bootstrap.FEWEST}, better 100")
    prunes = {share: Prune(share, negative, redistribute) for share in sorted(shares)}
    members = list(model) if isinstance(model, Sequence) else [model]
    outputs = np.broadcast_to(np.asarray(target), len(onehot))
    relevance = _explaining(members, onehot, outputs, batch_size, composite=composite, reference=reference, seed=seed)
    score = _scoring(members, outputs, batch_size)
    replacement = shuffles(onehot, seed=seed)

    with progress("choosing p", 1 + 2 * len(prunes), "maps") as advance:

        def faithful(r: np.ndarray) -> np.ndarray:
            found = _aopc(score, onehot, r, replacement, seed)
            advance(1)
            return found

        base, tried = relevance(None), {}
        of_base = faithful(base)
        for share, prune in prunes.items():
            pruned = relevance(prune)
            tried[share] = faithful(pruned), faithful(matched_gini(base, pruned, seed))
    return decide(of_base, tried)


def decide(base: np.ndarray, tried: Mapping[float, tuple[np.ndarray, np.ndarray]]) -> Choice:
    """CRITERION on AOPCs: base (N,), and for each share those of the pruned map (N,) and of its control (N,).

    An input that is NaN in one of a pair is left out of it. A share fails where no interval can be made.
    """
    of_base = bootstrap.mean(base)
    rows = [_row(share, base, pruned, control, of_base["mean"]) for share, (pruned, control) in tried.items()]
    passed = [row["share"] for row in rows if not row["failed"]]
    return Choice(max(passed, default=0.0), of_base, rows)


def _row(
    share: float, base: np.ndarray, pruned: np.ndarray, control: np.ndarray, base_mean: float | None
) -> dict[str, Any]:
    to_base, to_control = bootstrap.difference(pruned, base), bootstrap.difference(pruned, control)
    failed = []
    if to_base["interval"] is None or base_mean is None or not to_base["interval"][0] > -MARGIN * base_mean:
        failed.append("base")
    if to_control["interval"] is None or to_control["interval"][1] < 0:
        failed.append("control")
    return {
        "share": share,
        "aopc": bootstrap.mean(pruned)["mean"],
        "control_aopc": bootstrap.mean(control)["mean"],
        "to_base": to_base,
        "to_control": to_control,
        "failed": failed,
    }


def _aopc(score: Predict, onehot: np.ndarray, r: np.ndarray, replacement: np.ndarray, seed: int) -> np.ndarray:
    """AOPC (N,); NaN where the map has a NaN, as controls of maps that are all zero do."""
    lost = np.any(np.isnan(r), axis=1)
    found = aopc(deletion(score, onehot, np.where(lost[:, None], 0.0, r), replacement, seed=seed))
    return np.where(lost, np.nan, found)


def _explaining(
    members: list[torch.nn.Module], onehot: np.ndarray, outputs: np.ndarray, batch_size: int, **how: Any
) -> Callable[[Any], np.ndarray]:
    """Function of a `Prune` or None: relevance (N, L), the mean over the members."""
    import torch

    from ..lrp.explain import as_graph, explain

    x, target = torch.from_numpy(onehot).float(), torch.tensor(outputs)
    graphs = [as_graph(member, x) for member in members]

    def run(prune: Any) -> np.ndarray:
        found = [
            explain(graph, x, target=target, prune=prune, batch_size=batch_size, device=str(_place(member)), **how)
            for graph, member in zip(graphs, members, strict=True)
        ]
        return torch.stack([one.relevance.sum(1).cpu() for one in found]).mean(0).numpy()

    return run


def _scoring(members: list[torch.nn.Module], outputs: np.ndarray, batch_size: int) -> Predict:
    """Score (N,) of one-hot (N, 4, L), each input's by its own output: the mean over the members."""
    import torch

    copies = [copy.deepcopy(member).eval() for member in members]
    target = torch.tensor(outputs)[:, None]

    def one(member: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
        parts = [member(part.to(_place(member))).cpu() for part in x.split(batch_size)]
        return torch.cat(parts).gather(1, target)[:, 0]

    def run(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return torch.stack([one(member, torch.from_numpy(x)) for member in copies]).double().mean(0).numpy()

    return run


def _place(model: torch.nn.Module) -> torch.device:
    import torch

    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
