"""The engine on whole nets: against gradient * input, the ledger, batch norm, what is refused, what is left behind."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import lrpgen
from lrpgen.errors import InputError, UnsupportedOpError
from lrpgen.lrp import capture


def onehot(n=4, length=32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return F.one_hot(torch.randint(0, 4, (n, length), generator=generator), 4).transpose(1, 2).double()


class Everything(nn.Module):
    """Bias-free ReLU net with what breaks hooks: skips, reuse, functional calls, in-place, cat, groups."""

    def __init__(self, bias=False):
        super().__init__()
        self.stem = nn.Conv1d(4, 8, 5, padding="same", bias=bias)
        self.act = nn.ReLU(inplace=True)
        self.grouped = nn.Conv1d(8, 8, 3, padding=2, dilation=2, groups=4, bias=bias)
        self.pool = nn.MaxPool1d(2)
        self.mean = nn.AvgPool1d(2)
        self.head = nn.Linear(16 * 8, 3, bias=bias)

    def forward(self, x):
        x = self.act(self.stem(x))
        x = x + self.act(self.grouped(x))
        x = F.relu(self.grouped(x) - 0.5 * x)
        x = torch.cat([self.pool(x), F.max_pool1d(x, 2)], dim=1)
        return self.head(self.mean(x)[:, :, :8].flatten(1))


class SkipBN(nn.Module):
    """conv + BN (folded), ReLU, then a BN that follows no convolution (diagonal linear)."""

    def __init__(self):
        super().__init__()
        self.conv, self.fold, self.alone = nn.Conv1d(4, 6, 3), nn.BatchNorm1d(6), nn.BatchNorm1d(6)
        self.dense, self.norm = nn.Linear(6, 3), nn.BatchNorm1d(3, affine=False)
        for norm in (self.fold, self.alone, self.norm):
            norm.running_mean.uniform_(-1, 1)
            norm.running_var.uniform_(0.5, 2)
            if norm.affine:
                nn.init.uniform_(norm.weight, 0.5, 2)
                nn.init.uniform_(norm.bias, -1, 1)

    def forward(self, x):
        return self.norm(self.dense(self.alone(F.relu(self.fold(self.conv(x)))).mean(-1)))


@pytest.mark.parametrize("seed", range(5))
def test_lrp0_is_gradient_times_input_on_bias_free_nets(seed):
    torch.manual_seed(seed)
    model, x = Everything().double().eval(), onehot(seed=seed)
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(leaf)[:, 1].sum(), leaf)
    found = lrpgen.explain(model, x, target=1, composite="lrp0")
    torch.testing.assert_close(found.relevance, gradient * x, atol=1e-10, rtol=1e-8)
    torch.testing.assert_close(found.multipliers, gradient, atol=1e-10, rtol=1e-8)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
@pytest.mark.parametrize("composite", ["lrp0", "epsilon"])
@pytest.mark.parametrize("prune", [None, lrpgen.Prune(), lrpgen.Prune(0.9)])
def test_the_ledger_closes(dtype, tolerance, composite, prune):
    torch.manual_seed(3)
    for model in (Everything(bias=True), SkipBN()):
        found = lrpgen.explain(model.to(dtype).eval(), onehot(), composite=composite, prune=prune)
        ledger = found.ledger
        gap = ledger["sum_in"] - ledger["sum_out"] - ledger["absorbed"] - ledger["stranded"]
        scale = ledger[["sum_in", "mass"]].abs().max(axis=1)
        assert (gap.abs() <= tolerance * scale).all()
        # All that entered at the output is at the input or was kept on the way.
        kept = (ledger["absorbed"] + ledger["stranded"]).groupby(ledger["sample"]).sum().to_numpy()
        start = found.output.gather(1, found.target[:, None])[:, 0]
        total = found.relevance.flatten(1).sum(1) + torch.tensor(kept, dtype=dtype)
        torch.testing.assert_close(total, start, atol=tolerance * float(scale.max()), rtol=tolerance)


def test_batch_norm_is_folded_exactly():
    torch.manual_seed(0)
    model, x = SkipBN().double().eval(), onehot()
    graph = capture(model, x)
    assert [node.op for node in graph.nodes].count("batch_norm") == 1
    torch.testing.assert_close(lrpgen.explain(graph, x).output, model(x).detach())
    assert [node.op for node in capture(model, x, fold=False).nodes].count("batch_norm") == 3


def test_batch_norm_is_not_folded_into_a_convolution_that_others_read():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv1d(4, 4, 1), nn.BatchNorm1d(4)
            self.norm.running_var.fill_(4.0)

        def forward(self, x):
            y = self.conv(x)
            return (y + self.norm(y)).mean(-1)

    model, x = Shared().double().eval(), onehot()
    torch.testing.assert_close(lrpgen.explain(model, x).output, model(x).detach())


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_the_model_comes_back_untouched(training, fails):
    model = SkipBN().train(training)
    model.conv.weight.requires_grad_(False)
    model.dense.weight.grad = torch.ones_like(model.dense.weight)
    before = copy.deepcopy(model)
    if fails:
        with pytest.raises(InputError):
            lrpgen.explain(model, onehot(), target=7)
    else:
        lrpgen.explain(model, onehot(), prune=lrpgen.Prune())
    assert [m.training for m in model.modules()] == [m.training for m in before.modules()]
    for (name, old), (_, new) in zip(before.state_dict().items(), model.state_dict().items(), strict=True):
        assert torch.equal(old, new), name
        assert old.dtype == new.dtype
        assert old.device == new.device
    for old, new in zip(before.parameters(), model.parameters(), strict=True):
        assert old.requires_grad == new.requires_grad
    assert torch.equal(model.dense.weight.grad, torch.ones_like(model.dense.weight))
    assert model.conv.weight.grad is None
    assert all(not m._forward_hooks and not m._backward_hooks for m in model.modules())
    assert vars(model).keys() == vars(before).keys()


def test_reuse_of_one_module_gets_two_names():
    names = [node.layer for node in capture(Everything().eval(), onehot().float()).nodes]
    assert {"grouped", "grouped:2"} <= set(names)


@pytest.mark.parametrize(
    ("forward", "op"),
    [
        (lambda x: torch.sort(x, 2).values.mean(-1), "sort"),
        (lambda x: (x * x.mean()).mean(-1), "mul"),
        (lambda x: F.conv1d(x, x[:1]).mean(-1), "conv1d"),
    ],
)
def test_ops_without_a_rule_are_named(forward, op):
    class Odd(nn.Module):
        def forward(self, x):
            return forward(x)

    with pytest.raises(UnsupportedOpError, match=op):
        lrpgen.explain(Odd(), onehot())


def test_control_flow_on_values_is_refused_with_a_sentence():
    class Branch(nn.Module):
        def forward(self, x):
            return x.mean(-1) if x.sum() > 0 else -x.mean(-1)

    with pytest.raises(UnsupportedOpError, match="control flow"):
        lrpgen.explain(Branch(), onehot())


@pytest.mark.parametrize(
    ("kw", "words"),
    [
        ({"composite": "nonsense"}, "choose one of"),
        ({"target": 3}, "3 outputs"),
        ({"target": torch.tensor([0])}, "one index for each sample"),
        ({"layers": ["nowhere"]}, "its layers are"),
        ({"device": "tpu9"}, "choose auto"),
    ],
)
def test_bad_arguments_are_one_sentence(kw, words):
    with pytest.raises(InputError, match=words):
        lrpgen.explain(SkipBN().double().eval(), onehot(), **kw)


def test_bad_inputs_are_one_sentence():
    graph = capture(SkipBN().double().eval(), onehot())
    with pytest.raises(InputError, match="shape"):
        lrpgen.explain(graph, onehot(length=30))
    with pytest.raises(InputError, match="no samples"):
        lrpgen.explain(graph, onehot()[:0])
    with pytest.raises(InputError, match="NaN"):
        lrpgen.explain(graph, onehot() * float("nan"))


def test_to_npz(tmp_path):
    import numpy as np

    found = lrpgen.explain(SkipBN().double().eval(), onehot())
    found.to_npz(tmp_path / "e.npz")
    with np.load(tmp_path / "e.npz") as arrays:
        assert arrays["relevance"].shape == (4, 4, 32)
        np.testing.assert_array_equal(arrays["output"], found.output.numpy())
    assert [p.name for p in tmp_path.iterdir()] == ["e.npz"]


def test_an_output_where_branches_meet():
    """The addition is the last node: what it is given is written over, what the explanation says of it is not."""

    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.other = nn.Linear(6, 3), nn.Linear(6, 3)

        def forward(self, x):
            return self.one(x).relu() + self.other(x).relu()

    torch.manual_seed(0)
    model, x = Sum().double(), torch.randn(4, 6, dtype=torch.float64)
    found = lrpgen.explain(model, x, target=1)
    expected = model(x)
    torch.testing.assert_close(found.output, expected.detach())
    torch.testing.assert_close(found.start, expected[:, 1].detach())
    assert found.ledger.query("op == 'add'")["sum_in"].tolist() == pytest.approx(expected[:, 1].tolist())
