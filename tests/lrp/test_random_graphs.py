"""Random nets: what the engine explains is right, element by element or to the last unit of its ledger.

Twenty nets share one capture (`Forest`), and sample 2i and 2i+1 explain net i, so that a failure names its net.
`RANDOM_NETS=1000 pytest tests/lrp/test_random_graphs.py` looks at more of them than every run does.
"""

import functools
import os

import pytest
import torch
from random_nets import OUTPUTS, Forest

import lrpgen
from lrpgen.lrp import capture

TOGETHER = 20
SHAPES = {1: (4, 16), 2: (3, 7, 7)}
FAST, ALL = 120, int(os.environ.get("RANDOM_NETS", "320"))  # nets, half of them exact
NEEDED = {
    "conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d", "linear", "matmul", "mm", "cat", "stack", "slice", "select",
    "flip", "roll", "pad", "transpose", "view", "max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d", "amax", "mean", "sum",
    "adaptive_avg_pool1d", "relu", "batch_norm", "layer_norm", "group_norm", "sigmoid", "add", "sub",
    "mul", "div", "cumsum", "split", "unbind", "repeat", "clamp", "leaky_relu", "rsub", "max",
}  # fmt: skip

DEAD = 1e-13  # what a net whose activations all died says against a reference: rounding, nothing to account for

# Sample 2i explains an output of net i, sample 2i + 1 the other one.
TARGETS = torch.arange(TOGETHER * OUTPUTS)


def blocks(first, last):
    """(first seed, dims, exact): blocks of TOGETHER nets that take turns."""
    starts = range(first, last, TOGETHER)
    return [
        (start, 1 + i // 2 % 2, i % 2 == 0) for i, start in zip(range(first // TOGETHER, ALL), starts, strict=False)
    ]


@functools.cache
def forest(start, dims, exact):
    nets = Forest(range(start, start + TOGETHER), SHAPES[dims], exact).double().eval()
    generator = torch.Generator().manual_seed(start)
    x = torch.randn(len(TARGETS), *SHAPES[dims], generator=generator, dtype=torch.float64)
    graph = capture(nets, x)
    with torch.no_grad():
        expected = nets(x)
    found = lrpgen.explain(graph, x, target=TARGETS, composite="lrp0" if exact else "epsilon")
    torch.testing.assert_close(found.output, expected, atol=1e-10, rtol=1e-10)
    return nets, graph, x, found


def check_exact(start, dims):
    """Bias-free, no gates: relevance is gradient * input."""
    nets, _, x, found = forest(start, dims, True)
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(nets(leaf).gather(1, TARGETS[:, None]).sum(), leaf)
    expected = gradient * x
    size = expected.abs().flatten(1).amax(1).reshape(-1, *[1] * (x.dim() - 1))
    assert (size > 0).double().mean() > 0.7  # few nets are dead, or this would show nothing
    gap = (found.relevance - expected).abs().flatten(1).amax(1) / size.flatten().clamp(min=1e-12)
    wrong = [start + i // 2 for i in (gap > 1e-8).nonzero().flatten().tolist()]
    assert not wrong, f"nets {sorted(set(wrong))}: relevance is not gradient * input"


def check_ledger(start, found, explained):
    """Every layer's account closes, and so does the whole net's: nothing is lost between two layers."""
    ledger = found.ledger
    kept = ledger["absorbed"] + ledger["stranded"] + ledger["scaled"]
    gap = (ledger["sum_in"] - ledger["sum_out"] - kept).abs()
    scale = ledger[["sum_in", "mass"]].abs().max(axis=1)
    closes = (gap <= 1e-10 * scale) | (scale < DEAD)
    assert closes.all(), ledger[~closes].to_string()
    by_sample = ledger["sample"]
    lost = explained - found.relevance.flatten(1).sum(1).numpy() - kept.groupby(by_sample).sum().to_numpy()
    largest = scale.groupby(by_sample).max().to_numpy()
    wrong = [start + int(i) // 2 for i in (abs(lost) > 1e-9 * largest + DEAD).nonzero()[0]]
    assert not wrong, f"nets {sorted(set(wrong))} lose {lost[abs(lost) > 1e-9 * largest]} between two layers"
    assert torch.isfinite(found.multipliers).all()


def check_conservation(start, dims):
    """Biases, gates and norms: epsilon, pruned, zplus and against a reference, all to the last unit."""
    _, graph, x, found = forest(start, dims, False)
    explained = found.output.gather(1, TARGETS[:, None])[:, 0]
    check_ledger(start, found, explained.numpy())
    for kw in (
        {"prune": lrpgen.Prune(0.5)},
        {"prune": lrpgen.Prune(0.3, redistribute="matrix")},
        {"composite": "epsilon_plus_flat"},
    ):
        check_ledger(start, lrpgen.explain(graph, x, target=TARGETS, **kw), explained.numpy())
    against = lrpgen.explain(graph, x, target=TARGETS, reference=torch.full_like(x[:1], 0.25))
    change = (against.output - against.base).gather(1, TARGETS[:, None])[:, 0]
    check_ledger(start, against, change.numpy())


@pytest.mark.parametrize(("start", "dims", "exact"), blocks(0, FAST))
def test_random_nets(start, dims, exact):
    check_exact(start, dims) if exact else check_conservation(start, dims)


def test_the_nets_hold_what_they_should():
    ops = {node.op for block in blocks(0, FAST) for node in forest(*block)[1].nodes}
    assert sorted(NEEDED - ops) == []


@pytest.mark.slow
@pytest.mark.parametrize(("start", "dims", "exact"), blocks(FAST, ALL))
def test_more_random_nets(start, dims, exact):
    check_exact(start, dims) if exact else check_conservation(start, dims)
