"""Numbers that a person can work out on paper."""

import torch
from torch import nn

import lrpgen


def dense(weight, bias=None):
    layer = nn.Linear(len(weight[0]), len(weight), bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias))
    return layer


# x = (1, 2); hidden z = (1*1 + 2*2, 1*3 - 2*1) = (5, 1), both positive; y = 2*5 + 4*1 = 14.
# Down from y: R_hidden = (10, 4). Down from hidden: (10*1/5 + 4*3/1, 10*4/5 + 4*-2/1) = (2 + 12, 8 - 8) = (14, 0).
NET = nn.Sequential(dense([[1.0, 2.0], [3.0, -1.0]]), nn.ReLU(), dense([[2.0, 4.0]]))
X = torch.tensor([[1.0, 2.0]])


def test_lrp0_by_hand():
    found = lrpgen.explain(NET, X, target=0, composite="lrp0", layers=["2"])
    torch.testing.assert_close(found.layers["2"], torch.tensor([[10.0, 4.0]]))
    torch.testing.assert_close(found.relevance, torch.tensor([[14.0, 0.0]]))
    torch.testing.assert_close(found.output, torch.tensor([[14.0]]))


def test_pruned_by_hand():
    # Hidden relevance (10, 4): 4 <= 0.3 * 14 goes, 10 becomes 14; x gets 14 * 1/5 and 14 * 4/5.
    found = lrpgen.explain(NET, X, target=0, composite="lrp0", prune=lrpgen.Prune(0.3))
    torch.testing.assert_close(found.relevance, torch.tensor([[2.8, 11.2]]))


def test_multipliers_are_relevance_per_unit_of_input():
    # 10/5*1 + 4/1*3 = 14 and 10/5*2 + 4/1*-1 = 0, also where the input itself is zero.
    found = lrpgen.explain(NET, X, target=0, composite="lrp0")
    torch.testing.assert_close(found.multipliers, torch.tensor([[14.0, 0.0]]))


def test_epsilon_divides_by_z_plus_epsilon_and_says_what_it_took():
    # One unit: z = 3, so R = 3 * 3/(3 + 1e-6), and 3 * 1e-6/(3 + 1e-6) stays in the stabiliser.
    net = dense([[1.0, 1.0]]).double()
    found = lrpgen.explain(net, torch.tensor([[1.0, 2.0]], dtype=torch.float64), target=0)
    torch.testing.assert_close(found.relevance.sum().item(), 9 / (3 + 1e-6), rtol=1e-14, atol=0)
    torch.testing.assert_close(found.ledger["absorbed_epsilon"].item(), 3e-6 / (3 + 1e-6), rtol=1e-9, atol=0)


def test_bias_takes_its_share():
    # z = 1*1 + 2*1 + 3 = 6; relevance 6 splits into 1, 2 and 3 for the bias.
    found = lrpgen.explain(dense([[1.0, 1.0]], [3.0]), X, target=0, composite="lrp0")
    torch.testing.assert_close(found.relevance, torch.tensor([[1.0, 2.0]]))
    row = found.ledger.iloc[0]
    assert (row["sum_in"], row["sum_out"], row["absorbed_bias"]) == (6.0, 3.0, 3.0)


def test_lrp0_strands_what_meets_a_zero():
    # Hidden z = (0, 3): nothing can be divided by the zero unit; its relevance is 0 here, so nothing is lost either.
    net = nn.Sequential(dense([[2.0, -1.0], [1.0, 1.0]]), dense([[1.0, 1.0]], [0.0]))
    found = lrpgen.explain(net, X, target=0, composite="lrp0")
    torch.testing.assert_close(found.relevance, torch.tensor([[1.0, 2.0]]))
    assert torch.isfinite(found.multipliers).all()


def test_add_splits_by_contribution():
    class Skip(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = dense([[2.0, 0.0], [0.0, 3.0]])

        def forward(self, x):
            return x + self.layer(x)

    # output 1 = 2 + 6 = 8: the skip branch gets 2, the layer 6; all of it ends at x_1.
    found = lrpgen.explain(Skip(), X, target=1, composite="lrp0")
    torch.testing.assert_close(found.relevance, torch.tensor([[0.0, 8.0]]))


def test_max_pool_gives_all_to_the_first_winner():
    net = nn.Sequential(nn.MaxPool1d(2), nn.Flatten(), dense([[1.0, 1.0]]))
    found = lrpgen.explain(net, torch.tensor([[[5.0, 5.0, 1.0, 2.0]]]), target=0, composite="lrp0")
    torch.testing.assert_close(found.relevance, torch.tensor([[[5.0, 0.0, 0.0, 2.0]]]))


def test_target_is_the_top_output_unless_said():
    net = dense([[1.0, 0.0], [0.0, 1.0]])
    found = lrpgen.explain(net, X)
    assert found.target.tolist() == [1]
    torch.testing.assert_close(found.relevance, torch.tensor([[0.0, 2.0]]))


def test_target_may_be_a_difference_of_two_outputs():
    net = dense([[1.0, 1.0], [2.0, 0.0]])  # outputs 3 and 2; their difference 1 = -1*1 + 1*2
    found = lrpgen.explain(net, X, target=lambda y: y[:, 0] - y[:, 1], composite="lrp0")
    torch.testing.assert_close(found.relevance, torch.tensor([[-1.0, 2.0]]))
    assert found.target.tolist() == [-1]
