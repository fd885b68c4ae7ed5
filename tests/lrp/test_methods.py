"""What METHODS promises of pruning by matrix and of the relative rules: by hand first, then as properties."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import lrpgen
from lrpgen.errors import InputError
from lrpgen.lrp import capture

RELATIVE = ["relative", "relative_layer"]
seeds = st.integers(0, 10**6)
shares = st.floats(0.01, 1.0)


def linear(weight, bias=None):
    """nn.Linear in float64 from its matrix (outputs, inputs)."""
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None).double()
    with torch.no_grad():
        layer.weight.copy_(weight)
        if bias is not None:
            layer.bias.copy_(bias)
    return layer


def graph_of(weight, bias=None):
    return capture(linear(weight, bias), torch.zeros(1, weight.shape[1], dtype=torch.float64))


@cache
def template(outputs):
    return graph_of(torch.ones(outputs, 6), torch.ones(outputs))


def with_weights(weight, bias):
    """The same as `graph_of` without a capture of its own for every example."""
    captured = template(len(weight))
    constants = {name: weight if value.dim() == 2 else bias for name, value in captured.constants.items()}
    return replace(captured, constants=constants)


def random_layer(seed, outputs=4, sparse=0.3):
    """Signed inputs (3 samples), weights with zeros among them, biases, and the relevance that arrives."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    weight = normal(outputs, 6) * (torch.rand(outputs, 6, generator=generator) > sparse)
    return normal(3, 6), weight, normal(outputs), normal(3, outputs)


def arriving(R, z):
    """A target that makes relevance R enter at an output of values z (none of them 0)."""
    return lambda y: (y * (R / z)).sum(1)


def true(found):
    return found.relevance * found.log_scale.exp().reshape(-1, *[1] * (found.relevance.dim() - 1))


# PLRP-M


def test_matrix_by_hand():
    # Contributions of x = (1, 1, 1) to two outputs: (1, 3, 2) sums to 6, (0.5, 0, 1.5) to 2; r = (1.5, 3, 3.5).
    # A quarter of 8 is 2: only the first goes. Output 1 spreads its 6 over 3 + 2, output 2 its 2 over 1.5 alone.
    graph = graph_of(torch.tensor([[1.0, 3.0, 2.0], [0.5, 0.0, 1.5]]))
    x = torch.ones(1, 3, dtype=torch.float64)
    prune = lrpgen.Prune(0.25, redistribute="matrix", prune_input=True)
    found = lrpgen.explain(graph, x, target=lrpgen.lrp.targets.total, composite="lrp0", prune=prune)
    torch.testing.assert_close(found.relevance, torch.tensor([[0.0, 3.6, 4.4]], dtype=torch.float64))
    assert found.ledger["pooled"].item() == 0


def test_a_dead_column_hands_its_relevance_to_the_kept_of_its_sign():
    # Output 2 hears only the input of 1, which goes (1 <= 0.25 * 11): its 1 joins the kept, in proportion 4 : 6.
    graph = graph_of(torch.tensor([[0.0, 4.0, 6.0], [1.0, 0.0, 0.0]]))
    x = torch.ones(1, 3, dtype=torch.float64)
    prune = lrpgen.Prune(0.25, redistribute="matrix", prune_input=True)
    found = lrpgen.explain(graph, x, target=lrpgen.lrp.targets.total, composite="lrp0", prune=prune)
    torch.testing.assert_close(found.relevance, torch.tensor([[0.0, 4.4, 6.6]], dtype=torch.float64))
    assert found.ledger["pooled"].item() == 1


def test_dead_column_parts_of_either_sign_are_pooled_apart():
    # Output 2 = 3 - 2 hears inputs 1 and 2 alone, output 1 = 10 - 8 inputs 3 and 4. R = z: r = (3, -2, 10, -8); at a share
    # of 0.3 both of output 2 go (3 <= 3.9, 2 <= 3). Its +3 joins the +10 and its -2 the -8: (0, 0, 13, -10).
    graph = graph_of(torch.tensor([[0.0, 0.0, 10.0, -8.0], [3.0, -2.0, 0.0, 0.0]]))
    x = torch.ones(1, 4, dtype=torch.float64)
    prune = lrpgen.Prune(0.3, 0.3, redistribute="matrix", prune_input=True)
    found = lrpgen.explain(graph, x, target=lrpgen.lrp.targets.total, composite="lrp0", prune=prune)
    torch.testing.assert_close(found.relevance, torch.tensor([[0.0, 0.0, 13.0, -10.0]], dtype=torch.float64))
    assert found.ledger["pooled"].item() == 5


@settings(max_examples=60, deadline=None)
@given(seeds, shares)
def test_matrix_is_lambda_for_one_output_and_contributions_of_one_sign(seed, share):
    x, weight, bias, _ = random_layer(seed, outputs=1)
    graph = with_weights(weight.abs(), bias.abs())
    both = [
        lrpgen.explain(graph, x.abs(), prune=lrpgen.Prune(share, share, redistribute=way, prune_input=True)).relevance
        for way in ("lambda", "matrix")
    ]
    torch.testing.assert_close(both[0], both[1], rtol=1e-10, atol=1e-13)


@settings(max_examples=60, deadline=None)
@given(seeds, shares, st.sampled_from(["lrp0", "epsilon"]))
def test_the_sum_is_the_base_rules(seed, share, composite):
    x, weight, bias, R = random_layer(seed)
    graph, target = with_weights(weight, bias), arriving(R, x @ weight.T + bias)
    base = lrpgen.explain(graph, x, target=target, composite=composite)
    prune = lrpgen.Prune(share, redistribute="matrix", prune_input=True)
    found = lrpgen.explain(graph, x, target=target, composite=composite, prune=prune)
    size = float(base.relevance.abs().sum())
    torch.testing.assert_close(found.relevance.sum(1), base.relevance.sum(1), rtol=1e-9, atol=1e-10 * size)
    for kept in ("absorbed_bias", "absorbed_epsilon", "stranded"):  # nothing is added to what bias and epsilon take
        np.testing.assert_array_equal(found.ledger[kept], base.ledger[kept])


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_the_largest_relevance_does_not_explode(seed):
    """Signs renormalised together took it from 7 to 367 in one toy layer; apart, the worst of 400 layers was 3.3 times."""
    x, weight, bias, R = random_layer(seed, outputs=8, sparse=0.0)
    graph, target = with_weights(weight, bias), arriving(R, x @ weight.T + bias)
    base = lrpgen.explain(graph, x, target=target).relevance
    prune = lrpgen.Prune(0.25, redistribute="matrix", prune_input=True)
    found = lrpgen.explain(graph, x, target=target, prune=prune).relevance
    assert (found.abs().amax(1) <= 10 * base.abs().amax(1)).all()


def test_a_batch_is_its_samples():
    torch.manual_seed(2)
    model = nn.Sequential(nn.Conv1d(4, 6, 3), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(6, 5, 3), nn.ReLU(), nn.Flatten())
    graph = capture(model.append(nn.Linear(35, 3)).double().eval(), torch.zeros(1, 4, 20, dtype=torch.float64))
    x = torch.randn(5, 4, 20, dtype=torch.float64)
    x[2] = 0
    settings = {"target": 1, "prune": lrpgen.Prune(0.5, redistribute="matrix")}
    alone = torch.cat([lrpgen.explain(graph, one, **settings).relevance for one in x.split(1)])
    torch.testing.assert_close(lrpgen.explain(graph, x, **settings).relevance, alone, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("rule", ["zplus", "gamma", "alpha_beta(2,1)", "relative", "zbox"])
def test_matrix_with_another_rule_is_refused(rule):
    graph = graph_of(torch.ones(2, 3))
    with pytest.raises(InputError, match="lrp0 and epsilon"):
        lrpgen.explain(graph, torch.ones(1, 3), composite=rule, prune=lrpgen.Prune(redistribute="matrix"))


# Relative LRP


def test_relative_by_hand():
    # x = (1, 2), z = 3 - 2 + 1 = 2, d = 3 + 2 + 1 = 6; R = 2: r = (3 * 2/6, -2 * 2/6). The layer's maximum is 2: r = (3, -2).
    graph = graph_of(torch.tensor([[3.0, -1.0]]), torch.tensor([1.0]))
    x = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    for rule, expected in (("relative", [[1.0, -2 / 3]]), ("relative_layer", [[3.0, -2.0]])):
        found = lrpgen.explain(graph, x, composite=rule)
        torch.testing.assert_close(true(found), torch.tensor(expected, dtype=torch.float64))


class Skip(nn.Module):
    """h + b(h), summed; h is the input, or what a first layer without effect makes of it."""

    def __init__(self, first):
        super().__init__()
        self.first = linear(torch.eye(2)) if first else nn.Identity()
        self.b, self.total = linear(torch.tensor([[2.0, -1.0], [1.0, 1.0]])), linear(torch.ones(1, 2))

    def forward(self, x):
        h = self.first(x)
        return self.total(h + self.b(h))


@pytest.mark.parametrize("first", [False, True])
def test_the_branches_of_a_skip_keep_their_shares(first):
    # h = (1, 1), b = (1, 2), their sum (2, 3), y = 5. The skip gets (1, 1), the layer (1, 2), which it hands down as
    # (2 - 1)/3 * 1 and (1 + 1)/2 * 2 by input: (5/3, 2/3), a sum of 7/3 for its 3. Restored: (15/7, 6/7) + (1, 1).
    found = lrpgen.explain(Skip(first), torch.ones(1, 2), composite="relative")
    torch.testing.assert_close(true(found), torch.tensor([[22 / 7, 13 / 7]], dtype=torch.float64))


def test_branches_that_meet_at_moved_values_of_the_input():
    # The first layer reads (x, reversed x) side by side: y = 1*1 - 1*2 + 3*2 + 1*1 = 6, d = 10, R = 6.
    # r = 0.6 * (1, -2) and, reversed back, 0.6 * (1, 6): sums -0.6 and 4.2, in the shares -1 and 7 of what was due, 6.
    # Both branches carry the same factor, so the shares stand and only it goes: 1/0.6 * (1.2, 2.4).
    class Sides(nn.Module):
        def __init__(self):
            super().__init__()
            self.b = linear(torch.tensor([[1.0, -1.0, 3.0, 1.0]]))

        def forward(self, x):
            return self.b(torch.cat([x, x.flip(1)], 1))

    found = lrpgen.explain(Sides(), torch.tensor([[1.0, 2.0]]), composite="relative")
    torch.testing.assert_close(true(found), torch.tensor([[2.0, 4.0]], dtype=torch.float64))


def test_bounded_where_z_is_near_zero():
    # z = 1 - (1 - 1e-9): lrp0 sends a relevance of 1 down as 1e9 and -1e9, relative as a half each.
    graph = graph_of(torch.tensor([[1.0, -1.0 + 1e-9]], dtype=torch.float64))
    x = torch.ones(1, 2, dtype=torch.float64)
    assert lrpgen.explain(graph, x, composite="lrp0", init="one").relevance.abs().max() > 9e8
    found = true(lrpgen.explain(graph, x, composite="relative", init="one"))
    torch.testing.assert_close(found, torch.tensor([[0.5, -0.5]], dtype=torch.float64), rtol=0, atol=1e-8)


@settings(max_examples=60, deadline=None)
@given(seeds, st.sampled_from(RELATIVE))
def test_the_sum_is_that_of_the_kept_shares(seed, rule):
    """sum_j r_j = sum_k (z_k - b_k) / d_k * R_k."""
    x, weight, bias, R = random_layer(seed)
    z = x @ weight.T + bias
    d = x.abs() @ weight.abs().T + bias.abs() if rule == "relative" else z.abs().amax(1, keepdim=True)
    found = true(lrpgen.explain(with_weights(weight, bias), x, target=arriving(R, z), composite=rule))
    torch.testing.assert_close(found.sum(1), ((z - bias) / d * R).sum(1), rtol=1e-9, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_the_l1_norm_never_grows_under_relative(seed):
    x, weight, bias, R = random_layer(seed)
    target = arriving(R, x @ weight.T + bias)
    found = true(lrpgen.explain(with_weights(weight, bias), x, target=target, composite="relative"))
    assert (found.abs().sum(1) <= R.abs().sum(1) * (1 + 1e-12)).all()


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_relative_is_lrp0_where_nothing_is_negative_and_no_bias(seed):
    x, weight, _, R = random_layer(seed)
    x, weight = x.abs() + 0.1, weight.abs() + 0.1
    graph, target = with_weights(weight, torch.zeros(4, dtype=torch.float64)), arriving(R, x @ weight.T)
    found = true(lrpgen.explain(graph, x, target=target, composite="relative"))
    expected = lrpgen.explain(graph, x, target=target, composite="lrp0").relevance
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-13)


@settings(max_examples=60, deadline=None)
@given(seeds, st.sampled_from(RELATIVE), st.sampled_from([1e-6, 0.3, 7.0, 1e6]))
def test_a_scaled_layer_sends_the_same_relevance(seed, rule, k):
    x, weight, bias, R = random_layer(seed)
    z = x @ weight.T + bias

    def scaled(c):
        graph = with_weights(c * weight, c * bias)
        return true(lrpgen.explain(graph, x, target=arriving(R, c * z), composite=rule))

    one, other = scaled(1.0), scaled(k)
    torch.testing.assert_close(other, one, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rule", RELATIVE)
def test_a_patch_of_zeros_gets_zeros(rule):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv1d(4, 6, 3, bias=False), nn.ReLU(), nn.Conv1d(6, 4, 3, bias=False), nn.ReLU(), nn.Flatten()
    )
    model = model.append(nn.Linear(64, 2, bias=False)).double().eval()
    x = torch.randn(3, 4, 20, dtype=torch.float64)
    x[0, :, 5:15], x[1] = 0, 0
    found = lrpgen.explain(model, x, target=0, composite=rule)
    assert torch.isfinite(found.multipliers).all()
    assert (found.relevance[0, :, 5:15] == 0).all()
    assert (found.relevance[1] == 0).all()
    assert (found.relevance[2] != 0).any()
    assert torch.isfinite(found.log_scale).all()


@pytest.mark.parametrize("rule", RELATIVE)
def test_sixty_layers_deep(rule):
    """Relevance is there, finite, and exp(log_scale) brings it to what a plain float64 product of the layers gives."""
    torch.manual_seed(1)
    layers = [nn.Linear(320, 320) for _ in range(60)]
    model = nn.Sequential(*(part for layer in layers for part in (layer, nn.ReLU())), nn.Linear(320, 2)).eval()
    with torch.no_grad():
        for layer in layers:
            layer.weight.mul_(2.4)  # keeps the activations alive
    x = torch.randn(4, 320)
    found = lrpgen.explain(model, x, target=0, composite=rule)
    assert torch.isfinite(found.log_scale).all()
    assert torch.isfinite(found.relevance).all()
    assert (found.relevance.abs().amax(1) > 0).all()

    values = [x.double()]
    for layer in layers:
        w, b = layer.weight.detach().double(), layer.bias.detach().double()
        values.append((values[-1] @ w.T + b).clamp(min=0))
    R = model[-1](values[-1].float()).detach().double() * torch.tensor([1.0, 0.0])
    for layer, a in zip([*layers, model[-1]][::-1], values[::-1], strict=True):
        w, b = layer.weight.detach().double(), layer.bias.detach().double()
        z = a @ w.T + b
        d = a.abs() @ w.abs().T + b.abs() if rule == "relative" else z.abs().amax(1, keepdim=True)
        R = a * ((R / d) @ w)
    size = R.abs().amax(1, keepdim=True)
    got = found.relevance.double() * (found.log_scale[:, None] - size.log()).exp()
    torch.testing.assert_close(got, R / size, rtol=0, atol=1e-3)
    if rule == "relative":  # here a plain product in float32 would have run out of exponents
        assert (found.log_scale < np.log(torch.finfo(torch.float32).tiny)).all()
