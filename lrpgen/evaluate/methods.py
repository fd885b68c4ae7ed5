"""Every method of a comparison behind one door: `attribute("epsilon_plus@uniform", model, onehot, target)`.

A method is written NAME, NAME:ARGUMENTS, and either with @REFERENCE:

    gradient   gradient*input   integrated_gradients   deeplift   deepshap   ism
    epsilon   gamma(0.1)   epsilon_plus,conv1*=flat           any composite (`lrp.composites`)
    sglrp   sglrp:epsilon_plus                                epsilon unless a composite is given
    plrp-lambda:0.25:epsilon_plus   plrp-matrix:0.5           share of the mass dropped, composite
    plrp-adaptive:0.1:epsilon                                 largest relative change per layer, composite
    ...@uniform   ...@composition   ...@10                    reference; a number is that of dinucleotide shuffles

Without @ the reference is zeros, and twenty shuffles for deepshap. Shuffles depend on the seed and on a sequence's place
alone, so that all methods see the same ones.
"""

from __future__ import annotations

import copy
import re
import time
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import InputError
from ..lrp.composites import COMPOSITES
from ..lrp.composites import composite as read_composite
from ..lrp.explain import as_graph, explain
from ..lrp.explain import references as engine_references
from ..lrp.graph import Graph
from ..lrp.prune import Prune
from ..lrp.targets import check_target, index_of
from .peers import PEERS, Found, Task, check_installed, incompleteness

UNIT = "gradient*input"  # whose time is the unit of cost
SHUFFLES = 20  # of deepshap, as is usual for it
MOST = 0.9  # share that adaptive pruning may reach: the largest of the comparison
SHARES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9)
REFERENCES = ("", "@uniform", "@composition", "@10")
COMPARED_RULES = ("lrp0", "epsilon", "gamma", "zplus", "alpha2_beta1", "epsilon_plus", "relative", "relative_layer")
WITHOUT_REFERENCE = ("gradient", UNIT, "ism")

# Name -> how. Any other composite of the engine is a method too.
METHODS: dict[str, str] = {
    "gradient": "gradient of the output by the input",
    "gradient*input": "gradient times input",
    "integrated_gradients": "captum, steps doubled until the completeness error is below 1 %",
    "deeplift": "rescale rule, one reference (DNA tangermeme, images captum)",
    "deepshap": "DeepLIFT, mean over dinucleotide shuffles (DNA only)",
    "ism": "in-silico mutagenesis by tangermeme (DNA only)",
    **{rule: f"LRP, composite {rule}" for rule in COMPARED_RULES},
    "sglrp": "LRP from the softmax gradient, SGLRP[:COMPOSITE]",
    "plrp-lambda": "pruned LRP, what is kept scaled, :SHARE[:COMPOSITE]",
    "plrp-matrix": "pruned LRP, propagated anew, :SHARE[:lrp0 or epsilon]",
    "plrp-adaptive": "pruned LRP, shares by layer and input, :CHANGE[:COMPOSITE]",
}


class Attribution(NamedTuple):
    """relevance : float32, shape of the input. seconds : of the method, without copying or capturing the model.
    completeness : (N,) abs(sum of relevance - what it should sum to) / abs(that), NaN where a method promises no sum."""

    relevance: np.ndarray
    seconds: float
    completeness: np.ndarray


class Cost(NamedTuple):
    """seconds : median over rounds. ratio : median over rounds of the time relative to gradient*input in that round."""

    seconds: float
    ratio: float


class Method(NamedTuple):
    """A method as read. composite is empty for those that are not LRP; reference None = zeros."""

    text: str
    name: str
    composite: str = ""
    prune: Prune | None = None
    reference: str | int | None = None


def compared(rules: Sequence[str] = ("epsilon", "epsilon_plus"), shares: Sequence[float] = SHARES) -> list[str]:
    """The methods of the whole comparison, written out: PLRP with each of `rules` and `shares`, LRP with each reference."""
    lrp = [*COMPARED_RULES, "sglrp"]
    lrp += [f"plrp-lambda:{share:g}:{rule}" for rule in rules for share in shares]
    lrp += [f"plrp-matrix:{share:g}:epsilon" for share in shares]
    lrp += [f"plrp-adaptive:0.1:{rule}" for rule in rules]
    return [*PEERS, *(method + reference for method in lrp for reference in REFERENCES)]


def read_method(text: str) -> Method:
    """Read a method's name. Raises `InputError` with the names there are."""
    body, at, after = text.strip().partition("@")
    name, _, rest = body.partition(":")
    if name not in PEERS and name not in METHODS:
        name = re.split(r"\W", body)[0]
    reference = _read_reference(text, after) if at else SHUFFLES if name == "deepshap" else None
    if name in PEERS:
        if rest:
            raise InputError(f"method {text!r}: {name} takes no arguments; write {name}")
        if at and name in WITHOUT_REFERENCE:
            raise InputError(f"method {text!r}: {name} has no reference; write {name}")
        if name == "deepshap" and not isinstance(reference, int):
            raise InputError(
                f"method {text!r}: deepshap averages over shuffles; write deepshap@20, or deeplift@{after}"
            )
        return Method(text, name, reference=reference)
    prune, rule = None, body
    if name.startswith("plrp-"):
        number, _, rule = rest.partition(":")
        prune = _read_prune(text, name, number)
    elif name == "sglrp":
        rule = rest
    elif name not in COMPOSITES:
        raise InputError(f"method {text!r} is not known; choose one of {', '.join(METHODS)}")
    rules = read_composite(rule or "epsilon").rules
    if name == "plrp-matrix" and not all(found.plain for found in rules.values()):
        raise InputError(f"method {text!r}: plrp-matrix is defined for lrp0 and epsilon; use plrp-lambda with {rule}")
    return Method(text, name, rule or "epsilon", prune, reference)


def attribute(
    method: str, model: nn.Module, onehot: Any, target: int | Tensor, *, seed: int = 1, batch_size: int = 64
) -> Attribution:
    """Relevance of onehot (N, 4, L), or images (N, C, H, W), for one output of the model, by any method.

    Parameters
    ----------
    model : takes (n, 4, L) and gives logits (n, outputs): LRP starts before a last softmax or sigmoid, the gradients would
        not. It is read, never changed, and stays where it is.
    onehot : array or tensor. target : output, or LongTensor (N,) of outputs.
    batch_size : samples at a time, and model inputs at a time within a method that asks for many.

    Raises
    ------
    InputError : a method that is not known, or is for DNA only; arrays that do not fit. MissingFeatureError : captum is
    not installed. UnsupportedOpError : LRP meets a node without a rule.
    """
    return _ready(read_method(method), model, onehot, target, seed, batch_size)()


def costs(
    methods: Iterable[str],
    model: nn.Module,
    onehot: Any,
    target: int | Tensor,
    *,
    seed: int = 1,
    batch_size: int = 64,
    repeats: int = 5,
) -> dict[str, Cost]:
    """Time of each method relative to gradient*input: rounds in which every method runs once, after one not timed."""
    runs = {
        name: _ready(read_method(name), model, onehot, target, seed, batch_size)
        for name in dict.fromkeys([UNIT, *methods])
    }
    for run in runs.values():
        run()
    rounds = [{name: run().seconds for name, run in runs.items()} for _ in range(repeats)]
    return {
        name: Cost(median(took[name] for took in rounds), median(took[name] / took[UNIT] for took in rounds))
        for name in runs
    }


def _read_reference(text: str, reference: str) -> str | int:
    if reference in ("uniform", "composition"):
        return reference
    if reference.isdecimal() and int(reference) > 0:
        return int(reference)
    raise InputError(f"method {text!r}: reference {reference!r} is not known; write @uniform, @composition or a number")


def _read_prune(text: str, name: str, number: str) -> Prune:
    try:
        value = float(number)
    except ValueError:
        raise InputError(f"method {text!r} lacks its number; write it as in {name}:0.25:epsilon") from None
    if name == "plrp-adaptive":
        return Prune(positive=MOST, loss=value)
    return Prune(positive=value, redistribute=name.removeprefix("plrp-"))


def _ready(
    method: Method, model: nn.Module, onehot: Any, target: int | Tensor, seed: int, batch_size: int
) -> Callable[[], Attribution]:
    """All that is done once: checks, a copy of the model, for LRP its graph. What comes back runs the method."""
    weight = next((p for p in model.parameters() if p.is_floating_point()), torch.zeros(()))
    x = torch.as_tensor(onehot).to(weight.device, weight.dtype).contiguous()
    images = x.dim() != 3 or x.shape[1] != 4
    if images and (method.name in ("ism", "deepshap") or isinstance(method.reference, int)):
        raise InputError(f"method {method.text!r} is for DNA of shape (N, 4, L) only, the input has {tuple(x.shape)}")
    if x.dim() < 3 or not len(x) or batch_size < 1:
        raise InputError(f"input {tuple(x.shape)} in batches of {batch_size}: give (N, 4, L) or (N, C, H, W), N > 0")
    check_installed(method.name, images)
    copied = copy.deepcopy(model).eval().requires_grad_(False)
    with torch.no_grad():
        output = copied(x[:1])
    if not isinstance(output, Tensor) or output.dim() != 2:
        raise InputError("the model does not give one tensor (n, outputs); wrap it so that methods can be compared")
    outputs = index_of(output.expand(len(x), -1), check_target(target, len(x)))  # type: ignore[arg-type]
    if method.composite:
        graph = as_graph(copied, x)

        def run() -> Found:
            return _lrp(method, graph, x, outputs, seed, batch_size)
    else:

        def run() -> Found:
            parts = []
            for rows in torch.arange(len(x)).split(batch_size):
                references = _references(method.reference, x, rows, seed)
                parts.append(PEERS[method.name](Task(copied, x[rows], outputs[rows], references, batch_size)))
            relevance, error = (torch.cat(part) for part in zip(*parts, strict=True))
            return relevance, error

    return lambda: _timed(run)


def _lrp(method: Method, graph: Graph, x: Tensor, target: Tensor, seed: int, batch_size: int) -> Found:
    found = explain(
        graph,
        x,
        target=target,
        composite=method.composite,
        prune=method.prune,
        reference=method.reference,
        init="sglrp" if method.name == "sglrp" else "logit",
        device=str(x.device),
        batch_size=batch_size,
        seed=seed,
    )
    error = incompleteness(found.relevance, found.start)
    no_sum = method.name == "sglrp" or read_composite(method.composite).relative
    return found.relevance, torch.full_like(error, torch.nan) if no_sum else error


def _references(reference: str | int | None, x: Tensor, rows: Tensor, seed: int) -> Tensor:
    """(n, draws, C, ...) for x[rows]: those that LRP has for the same input, seed and reference."""
    part = x[rows]
    made = engine_references(reference, x, rows, part, seed, None)
    return torch.stack([torch.zeros_like(part) if one is None else one.expand_as(part) for one in made], dim=1)


def _timed(run: Callable[[], Found]) -> Attribution:
    begun = time.perf_counter()
    relevance, error = run()
    relevance = relevance.detach().float().cpu()  # on a GPU this waits for the result
    return Attribution(relevance.numpy(), time.perf_counter() - begun, error.double().cpu().numpy())
