"""Products in bfloat16, the rest in float32."""

import torch
from torch import nn

import lrpgen
from lrpgen.lrp.explain import as_graph
from lrpgen.lrp.mixed import mixed


def test_rounding_by_hand():
    """1 + 2**-9 is 1 in bfloat16: the product loses it, the input and the bias keep it."""
    model = nn.Linear(1, 1)
    with torch.no_grad():
        model.weight.fill_(2.0)
        model.bias.zero_()
    x = torch.tensor([[1 + 2**-9]])
    graph = as_graph(model, x)
    exact = lrpgen.explain(graph, x, composite="lrp0", device="cpu")
    rough = lrpgen.explain(mixed(graph, torch.bfloat16), x, composite="lrp0", device="cpu")
    assert exact.output.item() == 2 + 2**-8
    assert rough.output.item() == 2.0
    assert rough.output.dtype == rough.relevance.dtype == torch.float32
    assert rough.relevance.item() == 2 * (1 + 2**-9)


def test_a_network_is_near_and_its_graph_untouched():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv1d(4, 8, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(8 * 14, 3))
    x = torch.nn.functional.one_hot(torch.randint(4, (5, 32)), 4).transpose(1, 2).float()
    graph = as_graph(model, x)
    exact = lrpgen.explain(graph, x, target=0, composite="epsilon_plus", device="cpu").relevance
    rough = lrpgen.explain(mixed(graph, torch.bfloat16), x, target=0, composite="epsilon_plus", device="cpu").relevance
    error = (rough - exact).abs().sum() / exact.abs().sum()
    assert 0 < error < 0.1
    assert torch.equal(exact, lrpgen.explain(graph, x, target=0, composite="epsilon_plus", device="cpu").relevance)
