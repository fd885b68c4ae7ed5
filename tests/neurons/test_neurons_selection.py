"""Selectors and errors by hand, deconvolution against the transposed Jacobian and the switches."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lrpgen.lrp.explain import as_graph
from lrpgen.lrp.walk import forward
from lrpgen.neurons import Setting, deconvolve, study, weighted_layers
from lrpgen.neurons.batch import normalised
from lrpgen.neurons.deconvolution import strongest_units
from lrpgen.neurons.selection import error, order, sizes
from lrpgen.neurons.study import Point
from lrpgen.neurons.words import choice


def test_orders_by_hand() -> None:
    activation = torch.tensor([[0.5, 0.0, 0.3, 0.2]])
    relevance = torch.tensor([[0.1, 0.4, 0.35, -0.15]])
    assert order("top_relevance", activation, relevance).tolist() == [[1, 2, 0, 3]]
    assert order("top_product", activation, relevance).tolist() == [[2, 0, 1, 3]]  # 0.105, 0.05, 0, -0.03
    assert order("closest", activation, relevance).tolist() == [[2, 0, 1, 3]]  # 0.05, 0.4, 0.4; the last is below 0
    assert order("top_magnitude", activation, relevance).tolist() == [[1, 2, 3, 0]]
    drawn = [order("random", activation, relevance, torch.Generator().manual_seed(4)).tolist() for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert sorted(drawn[0][0]) == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="'best' is not one of top_relevance"):
        order("best", activation, relevance)


def test_sizes() -> None:
    assert [sizes(n) for n in (1, 2, 6, 8)] == [[1], [1, 2], [1, 2, 4, 6], [1, 2, 4, 8]]


def test_errors_by_hand() -> None:
    """SMAPE of 1 and 3: 2 * 2 / 4; of opposite signs: 2; of two zeros: 0; of equal ones: 0."""
    found = error(torch.tensor([[1.0, 1.0, 0.0, 2.0]]), torch.tensor([[3.0, -1.0, 0.0, 2.0]]))
    assert found.mse.tolist() == [2.0]
    assert found.share.tolist() == pytest.approx([2.0 / 1.5])
    assert found.smape.tolist() == pytest.approx([100 * (1 + 2) / 4])
    assert [value.tolist() for value in error(torch.zeros(1, 3), torch.zeros(1, 3))] == [[0.0]] * 3


def test_normalised_rows_sum_to_one_in_magnitude() -> None:
    found = normalised(torch.tensor([[1.0, 3.0], [-1.0, 3.0], [0.0, 0.0]]))
    assert found.tolist() == [[0.25, 0.75], [-0.25, 0.75], [0.0, 0.0]]


def test_choice_is_the_best_selector_beside_the_control() -> None:
    """Shares of the error at k = 1, 2, 4; the sizes that suffice are where it falls to the tolerance."""
    table = {
        "top_relevance": (0.5, 0.05, 0),
        "top_product": (0.9, 0.2, 0),
        "closest": (0.9, 0.9, 0),
        "top_magnitude": (0.9, 0.9, 0),
        "random": (0.9, 0.8, 0),
    }
    smape = {"top_relevance": 40.0, "top_product": 30.0, "closest": 90.0, "top_magnitude": 90.0, "random": 80.0}
    points = [
        Point("n", name, k, share, share, smape[name] if k < 4 else 0.0)
        for name, shares in table.items()
        for k, share in zip((1, 2, 4), shares, strict=True)
    ]
    found = choice(points, 0.1)
    assert (found["selector"], found["selector_smape"], found["k"], found["k_random"]) == (
        "top_relevance",
        "top_product",
        2,
        4,
    )
    assert found["smape"] == smape
    assert found["mse"]["top_relevance"] == pytest.approx(0.275)


def test_deconvolution_of_a_linear_stack_is_the_transposed_jacobian() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv1d(4, 3, 3), nn.AvgPool1d(2), nn.Conv1d(3, 2, 3, padding=1)).double()
    x = torch.rand(2, 4, 12, dtype=torch.float64)
    graph = as_graph(net, x)
    walk = forward(graph, x)
    layer = weighted_layers(graph, walk)[1]
    seed = torch.randn(2, 2, 5, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(net, x)  # (2, 2, 5, 2, 4, 12)
    torch.testing.assert_close(deconvolve(graph, walk, layer, seed), torch.einsum("nkp,nkpmcl->mcl", seed, jacobian))


def test_unpooling_is_nonzero_only_at_the_switches() -> None:
    """A first layer that copies its input: what comes back lies where the pool had its winners, and nothing is below 0."""
    net = nn.Sequential(nn.Conv1d(1, 1, 1), nn.ReLU(), nn.MaxPool1d(3), nn.Conv1d(1, 2, 2))
    net[0].weight.data.fill_(1)  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]
    net[0].bias.data.fill_(7)  # its bias plays no part
    net[3].weight.data = torch.tensor([[[2.0, -1.0]], [[1.0, 1.0]]])
    x = torch.tensor([[[0.1, 0.9, 0.3, 0.2, 0.1, 0.8, 0.7, 0.2, 0.1]]])
    graph = as_graph(net, x)
    walk = forward(graph, x)
    layer = weighted_layers(graph, walk)[1]
    seed = torch.zeros(1, 2, 2)
    seed[0, 0, 0], seed[0, 1, 1] = 1.0, 0.5  # 2, -1 at the first two winners, and 0.5, 0.5 at the last two
    found = deconvolve(graph, walk, layer, seed)[0, 0]
    assert found.tolist() == [0, 2.0, 0, 0, 0, 0, 0.5, 0, 0]


def test_the_strongest_unit_alone_is_kept() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False))
    net[0].weight.data = torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1)
    x = torch.tensor([[1.0, 5.0], [2.0, 3.0]]).reshape(1, 1, 2, 2).repeat(2, 1, 1, 1)
    graph = as_graph(net, x)
    walk = forward(graph, x)
    layer = weighted_layers(graph, walk)[0]
    found = strongest_units(layer, walk.output, torch.tensor([0, 1]))
    assert found[0].tolist() == [[[0, 5.0], [0, 0]], [[0, 0], [0, 0]]]
    assert not found[1].any()  # the other channel is active nowhere


def test_a_study_is_the_same_in_one_batch_and_in_several() -> None:
    """But for the draws of the control, and with one input of one group alone."""
    torch.manual_seed(1)
    net = nn.Sequential(nn.Conv2d(1, 5, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(45, 3)).eval()
    x = torch.rand(5, 1, 8, 8)
    graph, group = as_graph(net, x), torch.tensor([0, 0, 1, 0, 0])
    whole, parts = (study(graph, x, group * 2, ["a", "b"], group, Setting(shown=3, batch_size=size)) for size in (5, 2))
    assert whole.shown == parts.shown
    assert whole.counts == [4, 1]
    for node in whole.relevance:
        torch.testing.assert_close(whole.relevance[node], parts.relevance[node])
        torch.testing.assert_close(whole.heat[node], parts.heat[node])
        assert [unit[:1] for unit in whole.units[node]] == [unit[:1] for unit in parts.units[node]]
    for one, other in zip(whole.curves, parts.curves, strict=True):
        assert one[:3] == other[:3]
        if one.selector != "random":
            assert one[3:] == pytest.approx(other[3:], rel=1e-4, abs=1e-9)
        if one.k == 5:
            assert one[3:] == (0.0, 0.0, 0.0)
    assert {point.layer for point in whole.curves} == {whole.layers[0].node}  # not of the output
    for at, paths in enumerate(whole.paths):
        for path in paths:
            (upper, i), (lower, j) = path.nodes
            assert path.total == pytest.approx(float(whole.edges[upper, lower][at, i, j]))
