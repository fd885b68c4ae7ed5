"""Compiled loops and sparse products against torch's operations and sums that a person can do."""

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lrpgen.lrp import capture, sums
from lrpgen.lrp.kernel import Local
from lrpgen.lrp.prune import matrix_relevance
from lrpgen.lrp.sparse import PAYS, few_filled, sparse_pull, turned


def drawn(*shape, dtype=torch.float64, filled=1.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(shape, generator=generator, dtype=torch.float64)
    return (values * (torch.rand(shape, generator=generator) < filled)).to(dtype)


def test_a_quotient_by_hand():
    # One sample, two channels with biases 10 and 20. s = 4/2, 3/-1, 0/0, 6/3; 8/0 cannot be divided.
    R = torch.tensor([[[4.0, 3.0, 0.0], [6.0, 8.0, 0.0]]])
    d = torch.tensor([[[2.0, -1.0, 0.0], [3.0, 0.0, 1.0]]])
    found = sums.divided(R, d, 0.0, torch.tensor([[10.0], [20.0]]))
    assert found.s.tolist() == [[[2.0, -3.0, 0.0], [2.0, 0.0, 0.0]]]
    assert found.bias.tolist() == [10.0 * (2 - 3) + 20.0 * 2]
    assert [found.arrived.tolist(), found.stranded.tolist()] == [[21.0], [8.0]]
    assert found.filled.tolist() == [0.5]
    # With eps = 1 the sign of d decides, that of 0 is +: 4/3, 3/-2, 0/1, 6/4, 8/1, 0/2.
    found = sums.divided(R, d, 1.0)
    torch.testing.assert_close(found.s, torch.tensor([[[4 / 3, -1.5, 0.0], [1.5, 8.0, 0.0]]]))
    torch.testing.assert_close(found.epsilon, torch.tensor([4 / 3 + 1.5 + 1.5 + 8]).double())


@pytest.mark.parametrize("eps", [0.0, 1e-2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("bias", [None, (6, 1), (50,), (1,), (4, 6, 50)])
def test_one_pass_gives_what_torch_gives(eps, dtype, bias, monkeypatch):
    R, d = drawn(4, 6, 50, dtype=dtype, filled=0.7), drawn(4, 6, 50, dtype=dtype, filled=0.9, seed=1)
    shift = None if bias is None else drawn(*bias, dtype=dtype, seed=2)
    fast, counted = sums.divided(R, d, eps, shift), sums.tally(R)
    monkeypatch.setattr(sums, "compiled_for", lambda values: False)
    slow, expected = sums.divided(R, d, eps, shift), sums.tally(R)
    close = {"rtol": 1e-4, "atol": 1e-4} if dtype is torch.float32 else {"rtol": 1e-9, "atol": 1e-9}
    torch.testing.assert_close(fast.s, slow.s)
    for name in ("arrived", "bias", "epsilon", "stranded"):
        one, other = (torch.as_tensor(getattr(q, name), dtype=torch.float64).expand(4) for q in (fast, slow))
        torch.testing.assert_close(one, other, **close)
    torch.testing.assert_close(fast.filled, (slow.s != 0).double().flatten(1).mean(1))
    torch.testing.assert_close(counted.total, expected.total, **close)
    torch.testing.assert_close(counted.mass, expected.mass, **close)
    assert torch.equal(counted.zeros.long(), expected.zeros)


def test_only_what_may_be_spent_is_overwritten():
    R, d = drawn(3, 5, 20), drawn(3, 5, 20, seed=1)
    before, expected = d.clone(), R / d
    torch.testing.assert_close(sums.divided(R, d, 0.0).s, expected)
    assert torch.equal(d, before)
    found = sums.divided(R, d, 0.0, spend=True)
    assert found.s.data_ptr() == d.data_ptr()
    torch.testing.assert_close(found.s, expected)


def test_a_product_by_hand():
    r, found = sums.multiplied(
        torch.tensor([[1.0, -2.0, 0.0], [3.0, 1.0, 1.0]]), torch.tensor([[2.0, 3.0, 5.0], [1.0, 1.0, -4.0]])
    )
    assert r.tolist() == [[2.0, -6.0, 0.0], [3.0, 1.0, -4.0]]
    assert [found.total.tolist(), found.mass.tolist(), found.zeros.tolist()] == [[-4.0, 0.0], [8.0, 8.0], [1.0, 0.0]]


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_threads_share_all_rows(rows, monkeypatch):
    monkeypatch.setattr(sums, "SMALL", 0)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        values = drawn(rows, 1000)
        torch.testing.assert_close(sums.tally(values).total, values.sum(1))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_a_forked_process_explains_too():
    """numba ends a process that was forked after its threads had started; there torch's operations serve."""
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "False", "0"]


FORKED = """
import os, torch
from lrpgen.lrp import explain
from lrpgen.lrp.sums import compiled_for
torch.set_num_threads(1)  # or torch itself waits for threads that are not there
net, x = torch.nn.Sequential(torch.nn.Conv1d(4, 3, 5), torch.nn.Flatten(), torch.nn.Linear(18, 2)), torch.rand(2, 4, 10)
expected = explain(net, x, target=0).relevance
print(compiled_for(x), flush=True)
if (child := os.fork()) == 0:
    print(compiled_for(x), flush=True)
    torch.testing.assert_close(explain(net, x, target=0).relevance, expected)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


LAYERS = [
    {"kernel_size": 5},
    {"kernel_size": 4, "padding": 2},
    {"kernel_size": 4, "padding": "same"},
    {"kernel_size": 3, "padding": "valid"},
    {"kernel_size": 5, "stride": 3, "padding": 1},
    {"kernel_size": 1},
    {"kernel_size": 3, "dilation": 4, "padding": 4},
    {"kernel_size": 4, "dilation": 3, "padding": "same"},
    {"kernel_size": (3, 4), "stride": (2, 1), "padding": (1, 2)},
    {"kernel_size": (1, 3), "dilation": (1, 2)},
    {"kernel_size": (3, 2), "padding": "same", "dilation": (2, 1)},
    {"kernel_size": (2, 1, 3), "padding": (1, 0, 1)},
    {},
]  # fmt: skip; the last is a linear layer


def node_and_gradient(s_filled, samples=3, **kw):
    torch.manual_seed(0)
    size = kw.get("kernel_size", ())
    dimensions = len(size) if isinstance(size, tuple) else 1
    layer = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)[dimensions](4, 9, **kw).double()
    x = drawn(samples, 4, *((), (40,), (8, 9), (4, 5, 6))[dimensions]).requires_grad_()
    y = layer(x)
    s = drawn(*y.shape, filled=s_filled, seed=3)
    (node,) = capture(nn.Sequential(layer), x.detach()).nodes
    return node, s, layer.weight, x, torch.autograd.grad(y, x, s)[0]


@pytest.mark.parametrize("kw", LAYERS)
def test_a_convolution_with_turned_weights_is_the_transposed_one(kw):
    node, s, weight, _, expected = node_and_gradient(1.0, **kw)
    found = turned(node, s, weight)
    strided = kw.get("stride", 1) != 1
    assert (found is None) == (strided or not kw or isinstance(kw.get("padding"), str))
    if found is not None:
        torch.testing.assert_close(found, expected)


@pytest.fixture(params=[1, 3])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("kw", LAYERS)
@pytest.mark.parametrize("filled", [0.0, 0.02, 0.6])  # one entry at a position, or more than four
@pytest.mark.parametrize("samples", [1, 3])  # fewer than threads: they share a sample
def test_a_sparse_product_is_the_full_one(kw, filled, samples, threads):
    node, s, weight, x, expected = node_and_gradient(filled, samples, **kw)
    torch.testing.assert_close(sparse_pull(node, s, weight, x, torch.zeros(samples), full=None), expected)


@pytest.mark.parametrize(("kw", "share"), [({"groups": 1}, PAYS + 0.01), ({}, None)])
def test_what_the_sparse_product_does_not_do_is_left_to_torch(kw, share):
    node, s, weight, x, expected = node_and_gradient(0.5, kernel_size=3, **kw)
    filled = None if share is None else torch.full((3,), share)
    assert sparse_pull(node, s, weight, x, filled, lambda: expected) is expected


def test_groups_are_left_to_torch():
    layer = nn.Conv1d(4, 6, 3, groups=2).double()
    (node,) = capture(nn.Sequential(layer), drawn(3, 4, 40)).nodes
    assert not few_filled(node, torch.zeros(3, 6, 38).double(), layer.weight, torch.zeros(3), PAYS).any()


@pytest.mark.parametrize("kw", LAYERS)
@pytest.mark.parametrize("signs", [(0, 1), (-1, 1), (-1, 0)])  # of the inputs
@pytest.mark.parametrize("samples", [1, 3])
def test_redistribution_entry_by_entry_is_the_one_of_full_products(kw, signs, samples, threads):
    node, s, weight, x, _ = node_and_gradient(0.4, samples, **kw)
    a = x.detach().clamp(*signs)
    output = node.call(a, weight, None, *node.args[3:])
    local = Local(node, "linear", ["x"], [a], output, weight)
    r = a * drawn(*a.shape, seed=5)
    keep = drawn(*a.shape, seed=6) > 0.8  # so few that some windows hold none
    by_entry, pooled = matrix_relevance(local, s, torch.full((samples,), 0.2), r, keep)
    in_full, expected = matrix_relevance(local, s, None, r, keep)
    assert expected.sum() > 0
    torch.testing.assert_close(by_entry, in_full)
    torch.testing.assert_close(pooled, expected)


def test_each_sample_is_decided_on_its_own():
    """The full product is not asked for by the sample whose product is sparse, whatever it is together with."""
    node, s, weight, x, expected = node_and_gradient(0.5, kernel_size=3)
    found = sparse_pull(node, s, weight, x, torch.tensor([0.1, 0.5, 0.5]), lambda: torch.zeros_like(expected))
    torch.testing.assert_close(found[0], expected[0])
    assert not found[1:].any()


def test_pruned_relevance_is_the_same_whichever_product_is_taken(monkeypatch):
    from lrpgen.lrp import Prune, explain, sparse

    torch.manual_seed(0)
    layers = [nn.Conv1d(4, 8, 7, padding=3), nn.ReLU(), nn.MaxPool1d(4), nn.Conv1d(8, 9, 5), nn.ReLU(), nn.MaxPool1d(4)]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(27, 2)).double()
    x = F.one_hot(torch.randint(0, 4, (5, 64)), 4).transpose(1, 2)
    taken = []
    spread = sparse.on_threads
    monkeypatch.setattr(sparse, "on_threads", lambda *given: taken.append(1) or spread(*given))
    found = explain(model, x, target=0, prune=Prune(0.9)).relevance
    assert taken
    monkeypatch.setattr(sparse, "PAYS", -1.0)
    torch.testing.assert_close(found, explain(model, x, target=0, prune=Prune(0.9)).relevance)
