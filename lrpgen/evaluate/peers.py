"""The methods LRP is compared with, by captum, tangermeme and autograd: gradients, DeepLIFT, in-silico mutagenesis.

Each takes a `Task`, a batch, and returns relevance of the shape of x and its completeness error (n,): `incompleteness` for
methods that promise a sum, NaN for those that do not. Hooks go on the task's model, which is a copy of the user's.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..errors import MissingFeatureError
from .faithfulness import mutagenesis

COMPLETE = 0.01  # integrated gradients: the largest completeness error that is left as it is
FIRST_STEPS, MOST_STEPS = 32, 2048


class Task(NamedTuple):
    """model : takes (n, C, ...) and gives (n, outputs); eval mode, weights without gradients. x : (n, C, ...) in its dtype
    and on its device. target : (n,) output explained. references : (n, draws, C, ...). batch_size : model inputs at a time.
    """

    model: nn.Module
    x: Tensor
    target: Tensor
    references: Tensor
    batch_size: int

    def by_target(self) -> Iterator[tuple[int, Tensor]]:
        """(output, rows that ask for it), for libraries that explain one output at a time."""
        for output in self.target.unique().tolist():
            yield output, torch.nonzero(self.target == output)[:, 0]


Found = tuple[Tensor, Tensor]


def incompleteness(relevance: Tensor, change: Tensor) -> Tensor:
    """abs(sum of relevance - change) / abs(change), (n,): change is what the relevance of each sample should sum to. NaN
    where it is exactly zero, which leaves nothing to set the error against."""
    missing = relevance.flatten(1).double().sum(1) - change
    return torch.where(change == 0, torch.nan, missing.abs() / change.double().abs())


def gradient(task: Task) -> Found:
    """Gradient of the target by the input (Simonyan, Vedaldi, Zisserman 2014)."""
    x = task.x.detach().requires_grad_()
    with torch.enable_grad():
        score = task.model(x).gather(1, task.target[:, None]).sum()
    return torch.autograd.grad(score, x)[0], _unknown(task)


def gradient_input(task: Task) -> Found:
    """Gradient times input (Shrikumar et al. 2016)."""
    return gradient(task)[0] * task.x, _unknown(task)


def integrated_gradients(task: Task) -> Found:
    """Integrated gradients (Sundararajan, Taly, Yan 2017) by captum, mean over references.

    Ours: steps double, from 32, for samples whose completeness error is above 1 %, up to 2048; what is left of the error
    is returned.
    """
    integrate = _captum("integrated_gradients").IntegratedGradients(task.model)
    relevance, change = torch.zeros_like(task.x), _change(task)
    left, steps = torch.arange(len(task.x), device=task.x.device), FIRST_STEPS
    while len(left) and steps <= MOST_STEPS:
        for rows in left.split(max(1, task.batch_size // task.references.shape[1])):
            x, reference, target = _pairs(task, rows)
            part = integrate.attribute(
                x, reference, target=target, n_steps=steps, internal_batch_size=max(task.batch_size, len(x))
            )
            relevance[rows] = _mean(part, task).to(relevance.dtype)  # captum sums half precision in float32
        left, steps = torch.nonzero(incompleteness(relevance, change) > COMPLETE)[:, 0], 2 * steps
    return relevance, incompleteness(relevance, change)


def deep_lift(task: Task) -> Found:
    """DeepLIFT's rescale rule (Shrikumar, Greenside, Kundaje 2017), mean over references: DeepSHAP where there are several
    (Lundberg, Lee 2017). DNA by tangermeme, images by captum. An operation without a rule there shows as completeness error.
    """
    multipliers = torch.zeros_like(task.references)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # of hooks on a copy, of references that are no sequence, of the error we return
        if _is_dna(task.x):
            from tangermeme.deep_lift_shap import deep_lift_shap

            for output, rows in task.by_target():
                found: Any = deep_lift_shap(
                    task.model, task.x[rows], target=output, batch_size=task.batch_size, references=task.references[rows],
                    raw_outputs=True, only_warn=True, device=str(task.x.device),
                )  # fmt: skip
                multipliers[rows] = found.to(task.x)
            relevance = ((task.x[:, None] - task.references) * multipliers).mean(1)
        else:
            x, reference, target = _pairs(task, torch.arange(len(task.x), device=task.x.device))
            relevance = _mean(_captum("deeplift").DeepLift(task.model).attribute(x, reference, target=target), task)
    return relevance.detach(), incompleteness(relevance.detach(), _change(task))


def ism(task: Task) -> Found:
    """In-silico mutagenesis (`faithfulness.mutagenesis`), placed at the base that is there."""
    relevance = torch.zeros_like(task.x)
    for output, rows in task.by_target():
        found = mutagenesis(task.model, task.x[rows].cpu().numpy(), output, task.batch_size)
        relevance[rows] = task.x[rows] * torch.from_numpy(found).to(task.x)[:, None]
    return relevance, _unknown(task)


# Name in a comparison -> how.
PEERS: dict[str, Callable[[Task], Found]] = {
    "gradient": gradient,
    "gradient*input": gradient_input,
    "integrated_gradients": integrated_gradients,
    "deeplift": deep_lift,
    "deepshap": deep_lift,
    "ism": ism,
}
WITH_CAPTUM = ("integrated_gradients",)  # and DeepLIFT of images


def check_installed(name: str, images: bool) -> None:
    """Raises `MissingFeatureError` where the method `name` needs captum and it is not there."""
    if name in WITH_CAPTUM or (images and PEERS.get(name) is deep_lift):
        _captum(name)


def _captum(method: str) -> Any:
    try:
        from captum import attr
    except ImportError as error:
        raise MissingFeatureError(
            f"method {method} needs captum, which is not installed; run: pip install 'lrpgen[compare]'"
        ) from error
    return attr


def _is_dna(x: Tensor) -> bool:
    return x.dim() == 3 and x.shape[1] == 4


def _unknown(task: Task) -> Tensor:
    return torch.full((len(task.x),), torch.nan)


def _pairs(task: Task, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """x, reference and target of each sample in `rows` with each of its references: (rows * draws, ...)."""
    draws = task.references.shape[1]
    return (
        task.x[rows].repeat_interleave(draws, 0),
        task.references[rows].flatten(0, 1),
        task.target[rows].repeat_interleave(draws, 0),
    )


def _mean(pairs: Tensor, task: Task) -> Tensor:
    return pairs.detach().unflatten(0, (-1, task.references.shape[1])).mean(1)


@torch.no_grad()
def _change(task: Task) -> Tensor:
    """(n,): the score at the target less its mean over the references."""
    score = task.model(task.x).gather(1, task.target[:, None])[:, 0]
    base = torch.cat([task.model(part) for part in task.references.flatten(0, 1).split(task.batch_size)])
    return score - base.unflatten(0, task.references.shape[:2]).mean(1).gather(1, task.target[:, None])[:, 0]
