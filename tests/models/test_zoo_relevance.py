"""The engine explains every architecture: the ledger closes to float64 precision, and lrp0 is gradient * input where it must."""

import pytest
import torch
from torch import nn
from zoo_nets import OUTPUT, SMALL, counts, dna, small

import lrpgen
from lrpgen.lrp import targets

WAYS = {
    "lrp0": {"composite": "lrp0"},
    "epsilon": {"composite": "epsilon"},
    "epsilon_plus": {"composite": "epsilon_plus"},
    "plrp": {"prune": lrpgen.Prune(0.25)},
}
NETS = [(name, options) for name in SMALL for options in ({}, {"rc": "share"}, {"first_activation": "exp"})]


def label(value):
    return value if isinstance(value, str) else "-".join(value.values()) or "plain"


@pytest.fixture(scope="module", params=NETS, ids=lambda net: f"{net[0]}-{label(net[1])}")
def net(request):
    """(name, its network, the network captured, input)."""
    name, options = request.param
    model, x = small(name, **options), dna(name)
    return name, model, lrpgen.lrp.capture(model, x, output=OUTPUT.get(name)), x


@pytest.mark.parametrize("way", WAYS)
def test_the_ledger_closes(net, way):
    name, model, graph, x = net
    found = lrpgen.explain(graph, x, target=1, **WAYS[way])
    torch.testing.assert_close(found.output, counts(model(x)).detach())
    assert (found.relevance != 0).any()
    ledger = found.ledger
    gap = (ledger["sum_in"] - ledger["sum_out"] - ledger["absorbed"] - ledger["stranded"] - ledger["scaled"]).abs()
    scale = ledger[["sum_in", "sum_out", "mass", "absorbed_bias"]].abs().max(axis=1).clip(lower=1)
    assert (gap <= 1e-10 * scale).all(), ledger[gap > 1e-10 * scale].to_string()
    kept = (ledger["absorbed"] + ledger["stranded"]).groupby(ledger["sample"]).sum().to_numpy()
    total = found.relevance.sum((1, 2)) + torch.tensor(kept)
    largest = torch.tensor(scale.groupby(ledger["sample"]).max().to_numpy())
    assert ((total - found.output[:, 1]).abs() <= 1e-10 * largest).all(), (name, total, found.output[:, 1])


def without_biases(model):
    """Every map homogeneous: biases, running means and shifts are zero."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv1d | nn.Linear) and layer.bias is not None:
            layer.bias.data.zero_()
        if isinstance(layer, nn.BatchNorm1d):
            layer.bias.data.zero_()
            layer.running_mean.zero_()
    return model


@pytest.mark.parametrize("options", [{}, {"rc": "share"}], ids=label)
@pytest.mark.parametrize("name", SMALL)
def test_without_biases_lrp0_is_gradient_times_input(name, options):
    model, x = without_biases(small(name, **options)), dna(name).requires_grad_()
    (gradient,) = torch.autograd.grad(counts(model(x))[:, 1].sum(), x)
    found = lrpgen.explain(model, x.detach(), target=1, composite="lrp0", output=OUTPUT.get(name))
    expected = (gradient * x).detach()
    torch.testing.assert_close(found.relevance, expected, rtol=1e-8, atol=1e-10 * float(expected.abs().max()))


@pytest.mark.parametrize("name", SMALL)
def test_relevance_of_the_other_strand_is_the_same_turned_round(name):
    model, x = small(name, rc="share"), dna(name)
    here = lrpgen.explain(model, x, target=0, output=OUTPUT.get(name))
    there = lrpgen.explain(model, x.flip(1, 2), target=0, output=OUTPUT.get(name))
    largest = float(here.relevance.abs().max())
    torch.testing.assert_close(there.relevance.flip(1, 2), here.relevance, rtol=0, atol=1e-9 * largest)


@pytest.mark.parametrize("options", [{}, {"rc": "share"}], ids=label)
def test_the_profile_of_bpnet(options):
    model, x = small("bpnet", **options), dna("bpnet")
    found = lrpgen.explain(model, x, output="profile", target=targets.profile, composite="lrp0")
    kept = found.ledger[["absorbed", "stranded"]].sum(axis=1).groupby(found.ledger["sample"]).sum()
    total = found.relevance.sum((1, 2)) + torch.tensor(kept.to_numpy())
    torch.testing.assert_close(total, found.start, atol=1e-10, rtol=1e-10)
