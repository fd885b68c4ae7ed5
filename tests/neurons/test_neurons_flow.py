"""Parts of a layer's relevance, from channel to channel and down to the input, against autograd and brute force."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor, nn

from lrpgen.errors import InputError
from lrpgen.lrp import Prune
from lrpgen.lrp.composites import composite
from lrpgen.lrp.explain import as_graph, explain
from lrpgen.neurons import Batch, critical_paths
from lrpgen.neurons.flow import flow


class Skip(nn.Module):
    """Two convolutions beside a skip, then a head."""

    def __init__(self, dims: int = 1) -> None:
        super().__init__()
        conv, self.pool = (nn.Conv1d, nn.MaxPool1d(2)) if dims == 1 else (nn.Conv2d, nn.MaxPool2d(2))
        self.first, self.second = (conv(a, 5, 3, padding=1, bias=False) for a in (4, 5))
        self.head = nn.Linear(5, 3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        low = self.first(x).relu()
        both = self.pool((low + self.second(low).relu()).relu())
        return self.head(both.flatten(2).mean(2))


def chain(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    first = [nn.Conv1d(4, 6, 5, bias=False), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(6, 4, 3, bias=False), nn.ReLU()]
    return nn.Sequential(*first, nn.Flatten(), nn.Linear(32, 2, bias=False)).double().eval()


def made(net: nn.Module, x: Tensor, rules: str, prune: Prune | None = None) -> Batch:
    target = torch.zeros(len(x), dtype=torch.int64)
    return Batch(as_graph(net.double().eval(), x), x, target, composite(rules), prune)


@pytest.fixture
def x() -> Tensor:
    return torch.rand(3, 4, 24, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_a_part_of_the_relevance_is_input_times_the_gradient_through_it(x: Tensor) -> None:
    """Without biases lrp0 is gradient * input, also of what some channels contribute."""
    net = chain()
    batch = made(net, x, "lrp0")
    leaf = x.clone().requires_grad_()
    middle = net[:4](leaf)
    slope = torch.autograd.grad(net[4:](middle)[:, 0].sum(), middle, retain_graph=True)[0]
    mask = torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=torch.float64)
    part = (middle * slope * mask[:, None]).sum()
    expected = (x * torch.autograd.grad(part, leaf)[0]).sum(1)
    layer = batch.layers[1]
    torch.testing.assert_close(batch.kept(layer, mask), expected)
    torch.testing.assert_close(batch.through(layer, mask)[1], expected)
    torch.testing.assert_close(batch.relevance[layer.node], (middle * slope).sum(2).detach())
    torch.testing.assert_close(batch.activation[layer.node], middle.relu().sum(2).detach())


@pytest.mark.parametrize("prune", [None, Prune(0.3)])
@pytest.mark.parametrize("net", [chain(), Skip()])
def test_all_channels_leave_the_heat_map_as_it_is(net: nn.Module, x: Tensor, prune: Prune | None) -> None:
    batch = made(net, x, "epsilon", prune)
    found = explain(net, x, target=0, composite="epsilon", prune=prune, device="cpu")
    torch.testing.assert_close(batch.heat, found.relevance.sum(1))
    for layer in batch.layers:
        assert torch.equal(batch.kept(layer, torch.ones(layer.channels)), batch.heat)


def test_what_a_selection_leaves_out_is_what_comes_through_the_rest(x: Tensor) -> None:
    """At a skip too, where relevance also goes past the layer."""
    batch = made(Skip(), x, "epsilon")
    assert [layer.name for layer in batch.layers] == ["first", "second", "head"]
    for layer in batch.layers:
        mask = torch.rand(len(x), layer.channels, generator=torch.Generator().manual_seed(2)).round()
        gone = batch.through(layer, 1 - mask)[1]
        torch.testing.assert_close(batch.kept(layer, mask), batch.heat - gone)


@pytest.mark.parametrize("dims", [1, 2])
def test_edges_out_of_a_channel_sum_to_its_relevance(dims: int) -> None:
    """zplus, no bias, inputs above 0; at a skip they go to the layers of both branches."""
    torch.manual_seed(3)
    net = Skip(dims)
    for weights in net.parameters():
        weights.data.abs_()
    batch = made(net, torch.rand(2, 4, *[8] * dims, dtype=torch.float64), "zplus")
    shown = {layer.node: [0, 2] for layer in batch.layers}
    going = flow(batch, shown)
    first, second, head = batch.layers
    assert set(going.edges) == {(second.node, first.node), (head.node, first.node), (head.node, second.node)}
    for layer in (second, head):
        own = batch.relevance[layer.node]
        rest = own.sum(1) - own[:, [0, 2]].sum(1)
        expected = torch.cat([own[:, [0, 2]], rest[:, None]], 1)
        out = torch.stack([going.edges[layer.node, name].sum(2) for name in layer.below]).sum(0)
        torch.testing.assert_close(out, expected, rtol=1e-5, atol=0)  # the stabiliser, 1e-6, keeps its share
    arriving = sum(going.edges[layer.node, first.node].sum(1) for layer in (second, head))
    torch.testing.assert_close(arriving[:, :2], batch.relevance[first.node][:, [0, 2]])


def test_heat_maps_of_channels_add_up(x: Tensor) -> None:
    batch = made(chain(), x, "epsilon")
    going = flow(batch, {layer.node: [1, 0] for layer in batch.layers})
    for layer in batch.layers:
        torch.testing.assert_close(going.heat[layer.node].sum(1), batch.heat)


def test_a_dense_layer_over_positions_has_its_channels_last(x: Tensor) -> None:
    class Positions(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.each, self.head = nn.Linear(4, 5, bias=False), nn.Linear(5, 2, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.each(x.transpose(1, 2)).relu().mean(1))

    batch = made(Positions(), x, "lrp0")
    assert [(layer.axis, layer.channels) for layer in batch.layers] == [(2, 5), (1, 2)]
    torch.testing.assert_close(batch.relevance[batch.layers[0].node].sum(1), batch.walk.output[:, 0])


def test_relative_rules_are_refused(x: Tensor) -> None:
    with pytest.raises(InputError, match="composite 'relative' gives relevance up to a factor"):
        made(chain(), x, "relative")


@pytest.mark.parametrize("seed", range(5))
def test_critical_paths_are_those_of_brute_force(seed: int) -> None:
    """Three layers of four channels, and edges past the middle one; some weights are negative."""
    random = torch.Generator().manual_seed(seed)
    layers = [[(level, i) for i in range(4)] for level in range(3)]
    pairs = [(1, 0), (2, 1), (2, 0)]
    edges = {
        (a, b): torch.randn(1, generator=random).item() for up, low in pairs for a in layers[up] for b in layers[low]
    }
    found = critical_paths([*layers[0], *layers[1], *layers[2]], edges, layers[2], set(layers[0]), count=4)
    every = [(top, low) for top, low in itertools.product(layers[2], layers[0])]
    every += [(top, mid, low) for top, mid, low in itertools.product(layers[2], layers[1], layers[0])]
    sums = {path: sum(edges[step] for step in itertools.pairwise(path)) for path in every}
    best = sorted(sums, key=lambda path: -sums[path])[:4]
    assert [path.nodes for path in found] == best
    assert [path.total for path in found] == pytest.approx([sums[path] for path in best])
