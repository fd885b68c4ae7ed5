"""Operations of one's own, gates, constants beside the signal."""

import pytest
import torch
import torch.nn.functional as F
from small_nets import close, dense, kept
from torch import nn

import lrpgen
from lrpgen.errors import UnsupportedOpError
from lrpgen.lrp import ops, register


@pytest.fixture
def kinds():
    """What the tests teach the engine is forgotten after them."""
    before = dict(ops.KINDS)
    yield
    ops.KINDS.clear()
    ops.KINDS.update(before)


class Own(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function, self.layer = function, dense([[1.0, 2.0], [3.0, -1.0]])
        self.head = dense([[1.0, 1.0]])

    def forward(self, x):
        return self.head(self.function(F.relu(self.layer(x))))


@pytest.mark.parametrize(
    ("function", "op", "kind"),
    [
        (torch.log1p, "log1p", "pass"),
        (lambda x: x**2, "pow", lambda inputs, output, R: [R]),
    ],
)
def test_an_operation_can_be_taught(kinds, function, op, kind):
    model, x = Own(function).eval(), torch.tensor([[1.0, 2.0]])
    with pytest.raises(UnsupportedOpError, match=rf"register\('{op}'"):
        lrpgen.explain(model, x)
    register(op, kind)
    found = lrpgen.explain(model, x, composite="lrp0")
    # Hidden (5, 1); whatever the function makes of them, g1 and g2, passes through: x1 gets g1/5 + 3 g2, x2 the rest.
    g1, g2 = function(torch.tensor([5.0, 1.0])).tolist()
    close(found.relevance, torch.tensor([[g1 / 5 + 3 * g2, g1 * 4 / 5 - 2 * g2]]).double(), atol=1e-6)


def test_a_kind_that_is_none_is_refused(kinds):
    with pytest.raises(ValueError, match="linear, route, pass"):
        register("log1p", "nonsense")


class Gated(nn.Module):
    def __init__(self, order):
        super().__init__()
        self.signal, self.gate, self.order = dense([[1.0, 2.0]]), dense([[5.0, -3.0]]), order

    def forward(self, x):
        signal, gate = self.signal(x), torch.sigmoid(self.gate(x))
        return signal * gate if self.order else gate * signal


@pytest.mark.parametrize("order", [True, False])
def test_all_relevance_of_a_gated_signal_goes_to_the_signal(order):
    # Signal 1 + 4 = 5, gate sigmoid(5 - 6): the output splits 1 : 4 as the signal does.
    model, x = Gated(order).eval(), torch.tensor([[1.0, 2.0]])
    found = lrpgen.explain(model, x, composite="lrp0")
    close(found.relevance, found.output * torch.tensor([[0.2, 0.8]], dtype=torch.float64))


def test_a_signal_that_is_spread_over_its_gate_gets_the_sum():
    class Spread(nn.Module):
        def forward(self, x):  # (N, 2): the mean, gated in two places
            return (x.mean(1, keepdim=True) * torch.sigmoid(x)).sum(1, keepdim=True)

    x = torch.tensor([[1.0, 3.0]], dtype=torch.float64)
    found = lrpgen.explain(Spread(), x, composite="lrp0")
    close(found.relevance, found.output * torch.tensor([[0.25, 0.75]]).double())


@pytest.mark.parametrize(
    "forward",
    [
        lambda x: F.pad(x, (1, 1), value=2.0).sum(1, keepdim=True),
        lambda x: torch.cat([x, torch.full((1, 2), 2.0).expand(x.shape[0], 2)], 1).sum(1, keepdim=True),
    ],
)
def test_constants_that_join_the_signal_keep_their_share(forward):
    # 1 + 3 from the input, 4 from the constants: the ledger says so.
    class Joined(nn.Module):
        def forward(self, x):
            return forward(x * 1.0)

    found = lrpgen.explain(Joined(), torch.tensor([[1.0, 3.0]]), composite="lrp0")
    close(found.relevance, torch.tensor([[1.0, 3.0]]))
    close(kept(found), torch.tensor([4.0]).double())


def test_relevance_passes_an_activation_unchanged_even_where_the_input_is_zero():
    # sigmoid(0) = 1/2 is no multiple of its input: relevance arrives, a multiplier there is not defined.
    class First(nn.Module):
        def forward(self, x):
            return torch.sigmoid(x).sum(1, keepdim=True)

    found = lrpgen.explain(First(), torch.tensor([[0.0, 2.0]], dtype=torch.float64), composite="lrp0")
    close(found.relevance, torch.tensor([[0.0, 2.0]]).double().sigmoid())
    close(found.multipliers[0, 1] * 2, found.relevance[0, 1])
    assert found.multipliers[0, 0] == 0
    assert not kept(found).any()
