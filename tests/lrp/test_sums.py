"""Compiled loops and sparse products against torch's operations and sums that a person can do."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lrpgen.lrp import capture, sums
from lrpgen.lrp.sparse import PAYS, sparse_pull


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
    assert found.stranded.tolist() == [8.0]
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
    for name in ("bias", "epsilon", "stranded"):
        one, other = (torch.as_tensor(getattr(q, name), dtype=torch.float64).expand(4) for q in (fast, slow))
        torch.testing.assert_close(one, other, **close)
    torch.testing.assert_close(fast.filled, (slow.s != 0).double().flatten(1).mean(1))
    torch.testing.assert_close(counted.total, expected.total, **close)
    torch.testing.assert_close(counted.mass, expected.mass, **close)
    assert torch.equal(counted.zeros.long(), expected.zeros)


def test_a_product_by_hand():
    r, found = sums.multiplied(
        torch.tensor([[1.0, -2.0, 0.0], [3.0, 1.0, 1.0]]), torch.tensor([[2.0, 3.0, 5.0], [1.0, 1.0, -4.0]])
    )
    assert r.tolist() == [[2.0, -6.0, 0.0], [3.0, 1.0, -4.0]]
    assert [found.total.tolist(), found.mass.tolist(), found.zeros.tolist()] == [[-4.0, 0.0], [8.0, 8.0], [1.0, 0.0]]


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_threads_share_all_rows(rows, monkeypatch):
    monkeypatch.setattr(sums, "SMALL", 0)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    values = drawn(rows, 1000)
    torch.testing.assert_close(sums.tally(values).total, values.sum(1))


LAYERS = [
    {"kernel_size": 5}, {"kernel_size": 4, "padding": 2}, {"kernel_size": 4, "padding": "same"},
    {"kernel_size": 3, "padding": "valid"}, {"kernel_size": 5, "stride": 3, "padding": 1}, {"kernel_size": 1},
]  # fmt: skip


def node_and_gradient(s_filled, **kw):
    torch.manual_seed(0)
    layer = nn.Conv1d(4, 9, **kw).double()
    x = drawn(3, 4, 40).requires_grad_()
    y = layer(x)
    s = drawn(*y.shape, filled=s_filled, seed=3)
    (node,) = capture(nn.Sequential(layer), x.detach()).nodes
    return node, s, layer.weight, x, torch.autograd.grad(y, x, s)[0]


@pytest.mark.parametrize("kw", LAYERS)
@pytest.mark.parametrize("filled", [0.0, 0.02, 0.6])  # one entry at a position, or more than four
def test_a_sparse_product_is_the_full_one(kw, filled):
    node, s, weight, x, expected = node_and_gradient(filled, **kw)
    torch.testing.assert_close(sparse_pull(node, s, weight, x, torch.zeros(3), full=None), expected)


@pytest.mark.parametrize(("kw", "share"), [({"dilation": 2}, 0.0), ({"groups": 1}, PAYS + 0.01), ({}, None)])
def test_what_the_sparse_product_does_not_do_is_left_to_torch(kw, share):
    node, s, weight, x, expected = node_and_gradient(0.5, kernel_size=3, **kw)
    filled = None if share is None else torch.full((3,), share)
    assert sparse_pull(node, s, weight, x, filled, lambda: expected) is expected


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
    spread = sparse.by_rows
    monkeypatch.setattr(sparse, "by_rows", lambda *given: taken.append(1) or spread(*given))
    found = explain(model, x, target=0, prune=Prune(0.9)).relevance
    assert taken
    monkeypatch.setattr(sparse, "PAYS", -1.0)
    torch.testing.assert_close(found, explain(model, x, target=0, prune=Prune(0.9)).relevance)
