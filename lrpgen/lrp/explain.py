"""`explain(model, x)`: the door of the engine."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn

from ..device import choose_device
from ..errors import InputError, LrpgenError
from .composites import composite as read_composite
from .explanation import Explanation, averaged, joined
from .graph import Graph
from .ops import WEIGHTED, WINNERS
from .propagate import OUT, Plan, Result, backward
from .prune import Prune
from .reuse import captured
from .targets import INITS, Target, check_target, starting_relevance
from .walk import Walk, attach_reference, forward

logger = logging.getLogger("lrpgen")
SHUFFLED_REFERENCES = 3  # their stream of seeds
PIECE = 24 << 20  # above 32 MB glibc maps memory anew each time, and touching it costs more than the work on it
WARN_ABSORBED = (
    10.0  # a layer keeping more than this many times the relevance that entered at the output is worth a line
)


@torch.autocast("cpu", enabled=False)  # products rounded to bf16 by a caller's autocast would leave the ledger open
@torch.autocast("cuda", enabled=False)
def explain(
    model: nn.Module | Graph | str | os.PathLike[str],
    x: Tensor,
    *,
    target: Target = None,
    composite: str = "epsilon",
    prune: Prune | None = None,
    reference: str | int | Tensor | None = None,
    init: str = "logit",
    strands: str = "one",
    output: str | None = None,
    layers: Iterable[str] = (),
    device: str = "auto",
    batch_size: int | None = None,
    seed: int = 1,
    numbers: Tensor | None = None,
) -> Explanation:
    """Layer-wise relevance of the inputs for one output of the model, optionally pruned (PLRP).

    Parameters
    ----------
    model : a module, a captured `Graph`, or the path of a saved model. The module is read, never changed.
    x : (N, C, ...) float or integer one-hot.
    target : None = the top output of each sample; int; LongTensor (N,); or a callable from the output to one scalar per
        sample, whose gradient * output is then where relevance starts (`lrp.targets`: difference, total, profile).
    composite : rules by name, with overrides: `epsilon`, `epsilon_plus,conv1*=flat` (see `lrp.composites`).
    prune : None = the plain rule.
    reference : None = zeros, which are no sequence; `uniform` (1/C everywhere), `composition` (mean of each sample), a
        number of dinucleotide shuffles, whose explanations are averaged, or a tensor that broadcasts to x. Ours.
    init : how relevance starts: `logit`, `abs`, `one`, `sglrp`, `clrp` (see `lrp.targets`).
    strands : `both` averages a DNA input (N, 4, L) with its reverse complement, turned back.
    output : which tensor of a model with several (see `capture`).
    layers : names of layers whose input relevance is kept in `Explanation.layers`; `NAME:out` keeps that of a layer's output.
    device : `auto` (a GPU if torch sees one), `cpu`, `cuda`, `cuda:N`.
    batch_size : samples at a time, at most; None = as many as serve: on a CPU in pieces whose values fit into memory that
        can be used again, on a GPU all.
    seed : of the shuffles.
    numbers : (N,) of the samples; with `seed` they seed each one's shuffles, whatever it is explained together with.
        None = by their place in x.

    Raises
    ------
    InputError : an argument does not fit. UnsupportedOpError : relevance arrives at a node without a rule.
    """
    place = choose_device(device)
    plan = Plan(read_composite(composite), prune, frozenset(layers))
    if init not in INITS:
        raise InputError(f"init {init!r} is not known; choose one of {', '.join(INITS)}")
    if strands not in ("one", "both"):
        raise InputError(f"strands {strands!r} is not known; choose one or both")
    graph = as_graph(model, x, output).to(place)
    _check(x, graph, plan, strands)
    target = check_target(target, len(x))
    parts = []
    for rows in torch.arange(len(x)).split(min(batch_size or len(x), samples_at_once(graph, len(x), place))):
        part = x[rows].to(place, graph.dtype).contiguous()  # exported graphs hold views, which strides can refuse
        there = target[rows] if isinstance(target, Tensor) else target
        made = references(reference, x, rows, part, seed, numbers)
        against = [None if ref is None else ref.contiguous() for ref in made]
        runs = [_one(graph, part, there, plan, ref, init) for ref in against]
        if strands == "both":
            flipped = part.flip(1, 2)
            fixed = there if callable(there) else runs[0].target  # the same output on the other strand
            other = [None if ref is None else ref.flip(1, 2) for ref in against]
            runs += [_turned(_one(graph, flipped, fixed, plan, ref, init)) for ref in other]
        parts.append(averaged(runs))
    found = joined(parts)
    if init != "sglrp":  # whose start sums to 0: nothing to compare with
        _warn(found)
    return found


def samples_at_once(graph: Graph, samples: int, place: torch.device) -> int:
    """Samples at a time: pieces of about one size, whose largest value takes at most `PIECE` bytes."""
    if place.type != "cpu" or any(node.op == "batch_statistics_norm" for node in graph.nodes):
        return samples
    bytes_each = max((node.size for node in graph.nodes), default=1) * graph.dtype.itemsize
    pieces = math.ceil(samples / max(PIECE // max(bytes_each, 1), 1))
    return math.ceil(samples / pieces)


def as_graph(model: nn.Module | Graph | str | os.PathLike[str], x: Tensor, output: str | None = None) -> Graph:
    """Capture a module, once while it stays the same (or load and capture a saved one); a graph is returned as it is."""
    if isinstance(model, Graph):
        return model
    if not isinstance(model, nn.Module):
        from ..models import load_model

        model = load_model(model)
    weight = next((p for p in model.parameters() if p.is_floating_point()), None)
    dtype = torch.float32 if weight is None else weight.dtype
    if weight is None and x.is_floating_point():
        dtype = x.dtype
    where = "cpu" if weight is None else weight.device
    return captured(model, x[:1].to(where, dtype), output)


def _one(graph: Graph, x: Tensor, target: Target, plan: Plan, reference: Tensor | None, init: str) -> Explanation:
    """One batch against one reference."""
    walk, base = forward(graph, x), None
    if reference is not None:
        base = attach_reference(graph, walk, reference)
    output = (
        walk.output.unsqueeze(1) if walk.output.dim() == 1 else walk.output
    ).clone()  # the way back spends the walk
    base = None if base is None else base.reshape(-1, *output.shape[1:]).expand_as(output)
    index, starts = starting_relevance(output, base, target, init)
    change = x if reference is None else x - reference
    rules = _described(walk, plan)
    results, relevances = [], []
    for number, R in enumerate(starts):
        last = number == len(starts) - 1
        result = backward(graph, walk if last else _copy(walk), R.reshape(walk.output.shape).clone(), plan, spend=last)
        results.append(result)
        relevances.append(change * result.multipliers + result.direct)
    relevance, multipliers = relevances[0], _multipliers(results[0], change)
    if init == "clrp":
        scale = _ratio(relevances[0].flatten(1).sum(1), relevances[1].flatten(1).sum(1))
        scale = scale.reshape(-1, *[1] * (x.dim() - 1))
        relevance = relevances[0] - scale * relevances[1]
        multipliers = multipliers - scale * _multipliers(results[1], change)
    _check_finite(relevance, graph)
    there = 0.0 if reference is None else (reference * multipliers).sum(1, keepdim=True)
    return Explanation(
        relevance=relevance,
        multipliers=multipliers,
        hypothetical=multipliers - there,
        start=starts[0].flatten(1).sum(1),
        output=output.detach(),
        base=torch.zeros_like(output) if base is None else base,
        target=index,
        entries=results[0].ledger,
        layers=results[0].layers,
        log_scale=results[0].log_scale,
        rules=rules,
    )


def _copy(walk: Walk) -> Walk:
    """The way back frees what it has used; a second pass needs the same evaluations."""
    return replace(walk, locals=[replace(local) for local in walk.locals])


def _multipliers(result: Result, change: Tensor) -> Tensor:
    if isinstance(result.direct, float):
        return result.multipliers
    return result.multipliers + torch.where(change == 0, 0.0, result.direct / torch.where(change == 0, 1.0, change))


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    return torch.where(b == 0, 0.0, a / torch.where(b == 0, 1.0, b))


def references(
    reference: str | int | Tensor | None, x: Tensor, rows: Tensor, part: Tensor, seed: int, numbers: Tensor | None
) -> Iterator[Tensor | None]:
    """Reference batches that broadcast over `part`: one, or one for each shuffle."""
    if reference is None:
        yield None
    elif isinstance(reference, Tensor):
        whole = reference.unsqueeze(0) if reference.dim() == x.dim() - 1 else reference
        if whole.shape[1:] != x.shape[1:] or len(whole) not in (1, len(x)):
            raise InputError(
                f"reference has shape {tuple(reference.shape)}, the input {tuple(x.shape)}; they must agree"
            )
        yield (whole if len(whole) == 1 else whole[rows]).to(part.device, part.dtype)
    elif reference == "uniform":
        yield torch.full_like(part[:1], 1 / part.shape[1])
    elif reference == "composition":
        spatial = tuple(range(2, part.dim()))
        yield part.mean(spatial, keepdim=True).expand_as(part) if spatial else part
    elif isinstance(reference, int) and not isinstance(reference, bool) and reference > 0:
        if part.dim() != 3 or part.shape[1] != 4:
            raise InputError(f"reference={reference} asks for dinucleotide shuffles; those need DNA of shape (N, 4, L)")
        from ..sequences.negatives import seeds_by_number, seeds_in_order, shuffle_seeded

        onehot = part.cpu().to(torch.int8).numpy()
        if numbers is None:
            seeds = seeds_in_order(len(x), reference, seed)[:, rows.numpy()]
        else:
            seeds = seeds_by_number(numbers[rows].numpy(), reference, seed, SHUFFLED_REFERENCES)
        shuffled = torch.from_numpy(shuffle_seeded(onehot, seeds))
        for i in range(reference):
            yield shuffled[:, i].to(part.device, part.dtype)
    else:
        raise InputError(f"reference {reference!r} is not known; choose uniform, composition, a number or a tensor")


def _turned(found: Explanation) -> Explanation:
    """An explanation of the reverse complement, back on the strand asked for."""
    for name in ("relevance", "multipliers", "hypothetical"):
        setattr(found, name, getattr(found, name).flip(1, 2))
    return found


def _described(walk: Walk, plan: Plan) -> list[tuple[str, str, str, str]]:
    rules, shares = plan.rules(walk), plan.shares(walk)
    rows = []
    for local in walk.locals:
        name = local.node.name
        rule = rules[name][0] if name in rules else local.kind if isinstance(local.kind, str) else "own rule"
        if name in rules and local.node.op not in WEIGHTED:
            rule = "by contribution"
        elif local.node.op in WINNERS:
            rule = "winner of the input"  # at a reference too
        pruned = f"{shares[name][0]:g} / {shares[name][1]:g}" if name in shares else ""
        rows.append((local.node.layer, local.node.op, rule, pruned))
    return rows


def _check(x: Tensor, graph: Graph, plan: Plan, strands: str) -> None:
    if tuple(x.shape[1:]) != graph.input_shape:
        raise InputError(
            f"input has shape {tuple(x.shape)}, the model was captured for {('N', *graph.input_shape)}; "
            "give windows of that width"
        )
    if len(x) == 0:
        raise InputError("input holds no samples; give at least one")
    if x.is_floating_point() and not torch.isfinite(x).all():
        raise InputError("input holds NaN or infinite values; remove them")
    if strands == "both" and (x.dim() != 3 or x.shape[1] != 4):
        raise InputError(f"strands='both' needs DNA of shape (N, 4, L), the input has {tuple(x.shape)}")
    known = {node.layer for node in graph.nodes}
    if missing := sorted(plan.wanted - known - {layer + OUT for layer in known}):
        raise InputError(f"layer {missing[0]!r} is not in the model; its layers are {', '.join(sorted(known))}")
    if (
        plan.prune
        and plan.prune.redistribute == "matrix"
        and not all(rule.plain for rule in plan.composite.rules.values())
    ):
        raise InputError("matrix redistribution is defined for the rules lrp0 and epsilon; use lambda with the others")
    if strands == "both" and plan.composite.relative:
        raise InputError("relative rules give relevance up to a factor, which cannot be averaged over strands")


def _check_finite(relevance: Tensor, graph: Graph) -> None:
    if not torch.isfinite(relevance).all():
        cure = "use the model in float32" if graph.dtype.itemsize < 4 else "check the model's weights for NaN and Inf"
        raise LrpgenError(f"relevance is not finite (dtype {str(graph.dtype).removeprefix('torch.')}); {cure}")


def _warn(found: Explanation) -> None:
    """Name the layer that kept far more than entered at the output, and the likely cause."""
    if not found.entries:
        return
    start = found.entries[-1].sum_in.abs().mean().clamp(min=1e-12)
    for entry in found.entries:
        for what, kept in (("biases", entry.absorbed_bias), ("stabiliser", entry.absorbed_epsilon)):
            if (share := float(kept.abs().mean() / start)) > WARN_ABSORBED:
                cause = (
                    "its biases are large against what the inputs contribute; a reference lets them cancel"
                    if what == "biases"
                    else "its outputs are small against epsilon; a smaller epsilon or another rule helps"
                )
                logger.warning(
                    "layer %s: its %s kept %.1f times the explained output: %s", entry.layer, what, share, cause
                )
