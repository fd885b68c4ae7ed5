"""What `explain` offers beside the rules: references, ways to start, strands, outputs, composites, pruning, gates."""

import logging
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import lrpgen
from lrpgen.errors import InputError, LrpgenError, UnsupportedOpError
from lrpgen.lrp import Prune, ops, register, targets


def dna(n=4, length=24, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return F.one_hot(torch.randint(0, 4, (n, length), generator=generator), 4).transpose(1, 2).to(dtype)


def cnn(seed=0, bias=True, outputs=3, pool=True):
    torch.manual_seed(seed)
    first = [nn.Conv1d(4, 8, 5, padding=2, bias=bias), nn.ReLU(), *([nn.MaxPool1d(2)] if pool else [nn.AvgPool1d(2)])]
    layers = [*first, nn.Conv1d(8, 6, 3, bias=bias), nn.ReLU(), nn.Flatten(), nn.Linear(60, outputs, bias=bias)]
    return nn.Sequential(*layers).double().eval()


def dense(weight, bias=None):
    layer = nn.Linear(len(weight[0]), len(weight), bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias))
    return layer.double()


def kept(found):
    table = found.ledger
    each = table["absorbed"] + table["stranded"] + table["scaled"]
    return torch.tensor(each.groupby(table["sample"]).sum().to_numpy())


def close(a, b, **kw):
    torch.testing.assert_close(a, b, **{"atol": 1e-10, "rtol": 1e-8, **kw})


# References


def test_a_reference_by_hand():
    # z = 2x1 + x2 + 1: f(3, 1) = 8, f(1, 0) = 3. The difference 5 = 2*(3 - 1) + 1*(1 - 0); the bias cancels.
    found = lrpgen.explain(
        dense([[2.0, 1.0]], [1.0]),
        torch.tensor([[3.0, 1.0]]),
        reference=torch.tensor([1.0, 0.0]),
        composite="lrp0",
    )
    close(found.relevance, torch.tensor([[4.0, 1.0]]).double())
    close(found.multipliers, torch.tensor([[2.0, 1.0]]).double())
    # What each input would get less what the reference had there: 2 - (2*1 + 1*0) and 1 - 2.
    close(found.hypothetical, torch.tensor([[0.0, -1.0]]).double())
    close(found.start, torch.tensor([5.0]).double())


@pytest.mark.parametrize("composite", ["epsilon", "epsilon_plus", "gamma"])
def test_a_reference_of_zeros_without_biases_is_the_base_rule(composite):
    model, x = cnn(bias=False), dna()
    plain = lrpgen.explain(model, x, composite=composite)
    close(lrpgen.explain(model, x, composite=composite, reference=torch.zeros(4, 24)).relevance, plain.relevance)


@pytest.mark.parametrize("pool", [True, False])
@pytest.mark.parametrize("reference", ["uniform", "composition", 3])
@pytest.mark.parametrize("prune", [None, Prune(0.4), Prune(0.25, redistribute="matrix")])
def test_relevance_sums_to_the_difference_from_the_reference(pool, reference, prune):
    model, x = cnn(pool=pool), dna()
    found = lrpgen.explain(model, x, target=1, reference=reference, prune=prune)
    close(found.relevance.sum((1, 2)) + kept(found), found.start)
    assert (found.ledger["absorbed_bias"] == 0).all()
    if reference == "uniform":
        close(found.start, (model(x) - model(torch.full_like(x, 0.25)))[:, 1].detach())
    if reference == "composition":
        close(found.start, (model(x) - model(x.mean(2, keepdim=True).expand_as(x)))[:, 1].detach())
    if prune is not None:
        assert (found.ledger["dropped"] > 0).any()


def test_the_input_as_its_own_reference_gives_zeros():
    x = dna()
    found = lrpgen.explain(cnn(), x, reference=x)
    assert not found.relevance.any()
    assert torch.isfinite(found.multipliers).all()


def test_a_reference_of_each_sample_is_used_for_it():
    model, x = cnn(), dna()
    others = dna(seed=5)
    together = lrpgen.explain(model, x, target=0, reference=others)
    by_two = lrpgen.explain(model, x, target=0, reference=others, batch_size=2)
    alone = [lrpgen.explain(model, x[i : i + 1], target=0, reference=others[i]).relevance for i in range(4)]
    close(together.relevance, torch.cat(alone))
    close(together.relevance, by_two.relevance)


def test_a_single_reference_is_that_of_a_batch_of_it():
    model, x = cnn(), dna()
    quarter = torch.full_like(x, 0.25)
    close(
        lrpgen.explain(model, x, reference="uniform").relevance, lrpgen.explain(model, x, reference=quarter).relevance
    )


def test_shuffles_are_seeded_and_averaged():
    from lrpgen.sequences.negatives import dinucleotide_shuffle

    model, x = cnn(), dna(length=24)
    first = lrpgen.explain(model, x, target=0, reference=2, seed=7)
    assert torch.equal(first.relevance, lrpgen.explain(model, x, target=0, reference=2, seed=7).relevance)
    assert not torch.equal(first.relevance, lrpgen.explain(model, x, target=0, reference=2, seed=8).relevance)
    drawn = torch.from_numpy(dinucleotide_shuffle(x.to(torch.int8).numpy(), 2, 7)).double()
    each = [lrpgen.explain(model, x, target=0, reference=drawn[:, i]).relevance for i in range(2)]
    close(first.relevance, (each[0] + each[1]) / 2)


def test_the_reference_holds_where_an_activation_comes_first():
    # f = relu(x1) + relu(x2): from (2, 0) against (0.5, 0) the difference is 1.5, all of it at x1.
    class First(nn.Module):
        def forward(self, x):
            return F.relu(x).sum(1, keepdim=True)

    found = lrpgen.explain(First(), torch.tensor([[2.0, 0.0]]), reference=torch.tensor([0.5, 0.0]))
    close(found.relevance, torch.tensor([[1.5, 0.0]]), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("reference", "words"),
    [("nonsense", "uniform"), (0, "uniform"), (torch.zeros(4, 7), "must agree"), (torch.zeros(3, 4, 24), "must agree")],
)
def test_bad_references_are_one_sentence(reference, words):
    with pytest.raises(InputError, match=words):
        lrpgen.explain(cnn(), dna(), reference=reference)


def test_shuffles_need_dna():
    with pytest.raises(InputError, match="DNA"):
        lrpgen.explain(dense([[1.0, 1.0]]), torch.ones(1, 2), reference=2)


# Ways to start


def test_sglrp_by_hand():
    # Outputs ln 1, ln 2, ln 5 have softmax 1/8, 2/8, 5/8. For target 1: y_t(1 - y_t) = 12/64 there, -y_t y_n elsewhere.
    x = torch.tensor([[1.0, 2.0, 5.0]], dtype=torch.float64).log() + 1
    model = dense([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    found = lrpgen.explain(model, x, target=1, init="sglrp", composite="lrp0")
    close(found.relevance, torch.tensor([[-2 / 64, 12 / 64, -10 / 64]]).double())
    close(found.start, torch.zeros(1).double())


def test_clrp_is_two_passes_subtracted():
    model, x = cnn(), dna()
    z = model(x).detach()[:, 2]
    for_target = lrpgen.explain(model, x, target=2).relevance
    # The other pass: z_t / 2 on each of the two others. A callable starts with its gradient * output.
    others = lrpgen.explain(
        model, x, target=lambda y: (z / 2 / y.detach()[:, 0] * y[:, 0]) + z / 2 / y.detach()[:, 1] * y[:, 1]
    )
    scale = for_target.sum((1, 2)) / others.relevance.sum((1, 2))
    found = lrpgen.explain(model, x, target=2, init="clrp")
    close(found.relevance, for_target - scale[:, None, None] * others.relevance)
    close(found.relevance.sum((1, 2)), torch.zeros(4).double(), atol=1e-8)
    close(found.relevance, x * found.multipliers)


def test_abs_and_one_scale_the_logit():
    model, x = cnn(), dna()
    z = model(x).detach()[:, 0]
    logit = lrpgen.explain(model, x, target=0).relevance
    close(lrpgen.explain(model, x, target=0, init="abs").relevance, logit * z.sign()[:, None, None])
    close(lrpgen.explain(model, x, target=0, init="one").relevance, logit / z[:, None, None])


@pytest.mark.parametrize("kw", [{"init": "nonsense"}, {"init": "sglrp", "target": targets.total}])
def test_bad_starts_are_one_sentence(kw):
    with pytest.raises(InputError, match="init"):
        lrpgen.explain(cnn(), dna(), **kw)


# Targets and outputs


def test_difference_and_total():
    model, x = dense([[1.0, 2.0], [3.0, -1.0]]), torch.tensor([[1.0, 2.0]])
    # Outputs 5 = 1 + 4 and 1 = 3 - 2: difference 4 = (1 - 3) + (4 + 2), total 6 = (1 + 3) + (4 - 2).
    close(
        lrpgen.explain(model, x, target=targets.difference(0, 1), composite="lrp0").relevance,
        torch.tensor([[-2.0, 6.0]]).double(),
    )
    close(
        lrpgen.explain(model, x, target=targets.total, composite="lrp0").relevance, torch.tensor([[4.0, 2.0]]).double()
    )


def test_profile_by_hand():
    # Logits (0, ln 3): softmax (1/4, 3/4), mean-centred (-h, h) with h = ln(3)/2: target h/2. Its slope at the logits,
    # weights held, is (1/4 - 1/2, 3/4 - 1/2) = (-1/4, 1/4), times the logits (0, 2h).
    output = torch.tensor([[[0.0, math.log(3.0)]]], dtype=torch.float64)
    close(targets.profile(output), torch.tensor([math.log(3.0) / 4], dtype=torch.float64))
    leaf = output.clone().requires_grad_()
    (slope,) = torch.autograd.grad(targets.profile(leaf).sum(), leaf)
    close(slope, torch.tensor([[[-0.25, 0.25]]], dtype=torch.float64))


def test_targets_may_differ_by_sample():
    model, x = cnn(), dna()
    wanted = torch.tensor([2, 0, 1, 0])
    found = lrpgen.explain(model, x, target=wanted, batch_size=3)
    assert torch.equal(found.target, wanted)
    for i, k in enumerate(wanted.tolist()):
        close(found.relevance[i], lrpgen.explain(model, x, target=k).relevance[i])


class Heads(nn.Module):
    def __init__(self, wrap):
        super().__init__()
        self.body, self.one, self.two, self.wrap = cnn(), nn.Linear(3, 2).double(), nn.Linear(3, 4).double(), wrap

    def forward(self, x):
        x = self.body(x)
        return self.wrap(self.one(x), self.two(x))


@pytest.mark.parametrize(
    ("wrap", "path", "pick"),
    [
        (lambda a, b: (a, b), "1", lambda y: y[1]),
        (lambda a, b: {"a": a, "b": b}, "b", lambda y: y["b"]),
        (lambda a, b: {"heads": [a, b]}, "heads.1", lambda y: y["heads"][1]),
    ],
)
def test_one_output_of_several(wrap, path, pick):
    model, x = Heads(wrap).eval(), dna()
    found = lrpgen.explain(model, x, output=path, target=3)
    close(found.output, pick(model(x)).detach())
    assert "one" not in {row[0] for row in found.rules}
    with pytest.raises(InputError, match="choose one with output="):
        lrpgen.explain(model, x)
    with pytest.raises(InputError, match="no output 'nowhere'"):
        lrpgen.explain(model, x, output="nowhere")


@pytest.mark.parametrize("last", [nn.Softmax(1), nn.LogSoftmax(1), nn.Sigmoid()])
def test_the_logit_is_explained_when_the_model_ends_in_probabilities(last, caplog):
    model, x = cnn(), dna()
    with caplog.at_level(logging.INFO, "lrpgen"):
        found = lrpgen.explain(nn.Sequential(model, last), x, target=0)
    close(found.output, model(x).detach())
    close(found.relevance, lrpgen.explain(model, x, target=0).relevance)
    assert "logit" in caplog.text


# Strands


class Symmetric(nn.Module):
    """The same scores for a sequence and its reverse complement: the mean of both."""

    def __init__(self):
        super().__init__()
        self.net = cnn()

    def forward(self, x):
        return (self.net(x) + self.net(x.flip(1, 2))) / 2


def test_both_strands_of_a_symmetric_model_say_the_same():
    model, x = Symmetric().eval(), dna()
    one, both = (lrpgen.explain(model, x, target=1, strands=strands) for strands in ("one", "both"))
    close(one.relevance, both.relevance)
    close(one.multipliers, both.multipliers)


@pytest.mark.parametrize("reference", [None, "uniform", dna(seed=9)])
def test_both_strands_are_the_mean_of_each(reference):
    model, x = cnn(), dna()
    other = reference.flip(1, 2) if isinstance(reference, torch.Tensor) else reference
    forward = lrpgen.explain(model, x, target=1, reference=reference)
    reverse = lrpgen.explain(model, x.flip(1, 2), target=1, reference=other)
    found = lrpgen.explain(model, x, target=1, reference=reference, strands="both")
    close(found.relevance, (forward.relevance + reverse.relevance.flip(1, 2)) / 2)
    close(found.hypothetical, (forward.hypothetical + reverse.hypothetical.flip(1, 2)) / 2)


def test_the_other_strand_is_explained_for_the_same_output():
    model, x = cnn(), dna(n=16)
    top = model(x).argmax(1)
    assert (top != model(x.flip(1, 2)).argmax(1)).any()  # else this shows nothing
    found = lrpgen.explain(model, x, strands="both")
    assert torch.equal(found.target, top)
    close(found.relevance, lrpgen.explain(model, x, target=top, strands="both").relevance)


@pytest.mark.parametrize("kw", [{"strands": "minus"}, {"strands": "both", "composite": "relative"}])
def test_bad_strands_are_one_sentence(kw):
    with pytest.raises(InputError, match="strands"):
        lrpgen.explain(cnn(), dna(), **kw)


# Composites


def chosen(composite, model=None):
    found = lrpgen.explain(model or cnn(), dna(n=1), composite=composite)
    return {layer: rule for layer, op, rule, _ in found.rules if op in ("conv1d", "linear")}


@pytest.mark.parametrize(
    ("composite", "rules"),
    [
        ("epsilon", ["epsilon", "epsilon", "epsilon"]),
        ("epsilon_plus", ["zplus", "zplus", "epsilon"]),
        ("epsilon_plus_flat", ["flat", "zplus", "epsilon"]),
        ("epsilon_gamma_box", ["zbox", "gamma", "epsilon"]),
        ("alpha2_beta1", ["alpha_beta(2,1)", "alpha_beta(2,1)", "epsilon"]),
        ("alpha2_beta1_flat", ["flat", "alpha_beta(2,1)", "epsilon"]),
        ("gamma(0.1)", ["gamma(0.1)", "gamma(0.1)", "gamma(0.1)"]),
        ("epsilon,3=zplus", ["epsilon", "zplus", "epsilon"]),
        ("epsilon,[03]=gamma(0.5)", ["gamma(0.5)", "gamma(0.5)", "epsilon"]),
        ("epsilon,op:linear=alpha_beta(2,1)", ["epsilon", "epsilon", "alpha_beta(2,1)"]),
        ("epsilon,depth:0=zbox(0,1), depth:2 = lrp0", ["zbox(0,1)", "epsilon", "lrp0"]),
        ("zplus,first=flat,any=epsilon", ["flat", "epsilon", "epsilon"]),
        ("epsilon,conv=zplus,first=flat", ["zplus", "zplus", "epsilon"]),  # the first that matches wins
    ],
)
def test_rules_that_a_composite_chooses(composite, rules):
    assert list(chosen(composite).values()) == rules


def test_the_first_layer_is_found_behind_what_only_moves_the_input():
    model = nn.Sequential(nn.ZeroPad1d(2), nn.MaxPool1d(1), cnn()).eval()
    found = lrpgen.explain(model, dna(n=1, length=20), composite="epsilon_plus_flat")
    assert [rule for _, op, rule, _ in found.rules if op in ("conv1d", "linear")] == ["flat", "zplus", "epsilon"]


def test_describe_has_a_line_for_every_node():
    model, x = cnn(), dna()
    text = lrpgen.explain(model, x, composite="epsilon_plus", prune=Prune(0.25)).describe()
    lines = [line.split() for line in text.splitlines()]
    assert lines[0] == ["layer", "op", "rule", "pruned"]
    assert [line[0] for line in lines[1:]] == [str(i) for i in range(7)]
    assert lines[1] == ["0", "conv1d", "zplus"]  # the input is not pruned
    assert lines[4] == ["3", "conv1d", "zplus", "0.25", "/", "0.125"]
    assert lines[2] == ["1", "relu", "pass"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "choose one of"),
        ("epsilon,conv1", "LAYER=RULE"),
        ("epsilon,0=nonsense", "choose one of"),
        ("epsilon,0=gamma(x)", "numbers"),
        ("epsilon,0=gamma(1,2,3)", "numbers"),
        ("epsilon,0=alpha_beta(3,1)", "alpha - beta"),
        ("zbox(2,1)", "lower bound"),
    ],
)
def test_bad_composites_are_one_sentence(text, words):
    with pytest.raises(InputError, match=words):
        lrpgen.explain(cnn(), dna(), composite=text)


# Pruning over depth


def pruned_shares(prune):
    model = nn.Sequential(*[part for _ in range(4) for part in (nn.Linear(6, 6), nn.ReLU())][:-1]).double()
    found = lrpgen.explain(model, torch.rand(2, 6), prune=prune)
    return [row[3] for row in found.rules if row[1] == "linear"]


def test_schedules_over_depth():
    assert pruned_shares(Prune(0.3, 0.15)) == ["", "0.3 / 0.15", "0.3 / 0.15", "0.3 / 0.15"]
    assert pruned_shares(Prune(0.3, 0.15, schedule="linear")) == ["", "0.1 / 0.05", "0.2 / 0.1", "0.3 / 0.15"]
    assert pruned_shares(Prune(0.4, 0.2, schedule=[1, 0.5, 2])) == ["", "0.4 / 0.2", "0.2 / 0.1", "0.8 / 0.4"]
    assert pruned_shares(Prune(0.4, 0.2, schedule=[1, 1, 1, 1], prune_input=True))[0] == "0.4 / 0.2"


@pytest.mark.parametrize(
    ("kw", "words"),
    [
        ({"schedule": [1.0, 1.0]}, "2 factors, 3 layers"),
        ({"schedule": [1.0, 5.0, 1.0]}, "outside 0..1"),
        ({"schedule": "quadratic"}, "schedule"),
        ({"loss": -1.0}, "negative"),
    ],
)
def test_bad_schedules_are_one_sentence(kw, words):
    with pytest.raises(InputError, match=words):
        pruned_shares(Prune(0.3, 0.15, **kw))


@pytest.mark.parametrize("loss", [0.0, 0.05, 0.3])
def test_adaptive_pruning_stays_within_its_loss(loss):
    from lrpgen.lrp.prune import prune_factors

    r = torch.randn(20, 50, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    factors, dropped = prune_factors(r, 0.6, 0.6, loss)
    for part in (r.clamp(min=0), r.clamp(max=0)):
        change = (part * factors - part).norm(dim=1) / part.norm(dim=1)
        assert (change <= loss + 1e-12).all()
    free = prune_factors(r, 0.6, 0.6)[1]
    assert (dropped <= free).all()
    assert bool((dropped > 0).any()) == (loss > 0)
    # Not less than it may: one entry more would exceed the loss or the share.
    if loss:
        row = r[0].clamp(min=0)
        order = [j for j in row.argsort().tolist() if row[j] > 0]
        gone = sum(float(factors[0, j]) == 0 for j in order) + 1
        more = row.clone()
        more[order[:gone]] = 0
        more *= row.sum() / more.sum()
        assert (more - row).norm() / row.norm() > loss or row[order[:gone]].sum() > 0.6 * row.sum()


def test_no_loss_allowed_is_the_base_rule():
    model, x = cnn(), dna()
    plain, adaptive = (lrpgen.explain(model, x, prune=prune) for prune in (None, Prune(0.5, loss=0.0)))
    close(plain.relevance, adaptive.relevance)
    assert (adaptive.ledger["dropped"] == 0).all()


# Operations of one's own, gates, constants


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


def test_an_activation_at_an_input_of_zero_is_in_the_ledger():
    # sigmoid(0) = 1/2 cannot be a multiple of its input: that half is stranded, sigmoid(2) stays with its input.
    class First(nn.Module):
        def forward(self, x):
            return torch.sigmoid(x).sum(1, keepdim=True)

    found = lrpgen.explain(First(), torch.tensor([[0.0, 2.0]], dtype=torch.float64), composite="lrp0")
    close(found.relevance, torch.tensor([[0.0, 2.0]]).double().sigmoid() * torch.tensor([[0.0, 1.0]]).double())
    assert found.ledger["stranded"].sum() == pytest.approx(0.5)


# Numbers


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("composite", ["epsilon", "epsilon_plus", "alpha2_beta1", "epsilon_plus_flat", "relative"])
def test_half_precision_is_finite(dtype, composite):
    model, x = cnn().to(dtype), dna(dtype=dtype)
    found = lrpgen.explain(model, x, composite=composite)
    assert found.relevance.dtype == dtype
    assert torch.isfinite(found.relevance).all()
    assert torch.isfinite(found.multipliers).all()


def test_half_precision_that_overflows_is_refused_with_a_sentence():
    model = dense([[300.0, 300.0], [300.0, 300.0]]).half()
    chain = nn.Sequential(model, nn.ReLU(), model, nn.ReLU(), model)
    with pytest.raises(LrpgenError, match="float32"):
        lrpgen.explain(chain, torch.ones(1, 2))


def test_double_precision_is_kept():
    found = lrpgen.explain(cnn(), dna(dtype=torch.float32))
    assert found.relevance.dtype == found.multipliers.dtype == torch.float64


def test_half_precision_explains_what_full_precision_does():
    # The type tells 1 from 1 + 1/128 at best, and the stabiliser is not below that. Weights rounded alike in both.
    model, x = cnn().bfloat16(), dna()
    half = lrpgen.explain(model, x, target=0).relevance.double()
    full = lrpgen.explain(model.double(), x, target=0, composite="epsilon(0.0078125)").relevance
    similar = F.cosine_similarity(full.flatten(1), half.flatten(1))
    assert (similar > 0.98).all()


@pytest.mark.parametrize("composite", ["lrp0", "epsilon", "gamma", "zplus", "alpha_beta", "relative", "relative_layer"])
@pytest.mark.parametrize("kw", [{}, {"reference": "uniform"}, {"prune": Prune(0.5, prune_input=True)}])
def test_relevance_is_input_times_multiplier(composite, kw):
    x = dna()
    x[:, :, 5] = 0.0  # an ambiguous base
    found = lrpgen.explain(cnn(), x, composite=composite, **kw)
    change = x - 0.25 if "reference" in kw else x
    close(found.relevance, change * found.multipliers)
    assert torch.isfinite(found.multipliers).all()
    assert (found.multipliers[x == 0] != 0).any()  # bases that are absent have their hypothetical contribution


@pytest.mark.parametrize("rule", ["flat", "wsquare", "zbox"])
def test_input_rules_are_finite_where_the_input_is_zero(rule):
    x = dna()
    x[:, :, 5] = 0.0
    found = lrpgen.explain(cnn(), x, composite=f"epsilon,first={rule}")
    assert torch.isfinite(found.relevance).all()
    assert torch.isfinite(found.multipliers).all()
    close(found.relevance.sum((1, 2)) + kept(found), found.start)


@pytest.mark.parametrize("rule", ["lrp0", "epsilon", "gamma", "zplus", "alpha_beta", "wsquare", "flat", "relative"])
def test_an_input_of_zeros_gives_no_nan(rule):
    found = lrpgen.explain(cnn(), torch.zeros(2, 4, 24), composite=rule)
    assert torch.isfinite(found.relevance).all()
    assert torch.isfinite(found.multipliers).all()


@pytest.mark.parametrize(
    "before",
    [
        lambda x: x.flip(1, 2),
        lambda x: F.pad(x, (1, 0))[..., 1:],
        lambda x: F.dropout(x.transpose(1, 2).contiguous(), training=False).transpose(1, 2).clone(),
        lambda x: torch.cat([x, x.flip(1, 2)], 2)[..., :24],
    ],
)
@pytest.mark.parametrize(
    "composite", ["gamma", "epsilon,first=flat", "epsilon,first=zbox(0,1)", "epsilon,first=wsquare"]
)
def test_what_only_moves_the_input_moves_its_explanation(before, composite):
    class Moved(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = cnn()

        def forward(self, x):
            return self.net(before(x))

    x = dna()
    inner = lrpgen.explain(cnn(), before(x), target=1, composite=composite)
    found = lrpgen.explain(Moved().eval(), x, target=1, composite=composite)
    close(before(found.relevance)[..., :24], inner.relevance)
    close(before(found.multipliers)[..., :24], inner.multipliers)


def test_a_filled_padding_of_the_input_keeps_its_share():
    # The padding's two values of 2 with weights 1 and 4, the inputs 1 and 3 with weights 2 and 3: 10 and 11 of 21.
    class Padded(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = dense([[1.0, 2.0, 3.0, 4.0]])

        def forward(self, x):
            return self.layer(F.pad(x, (1, 1), value=2.0))

    found = lrpgen.explain(Padded(), torch.tensor([[1.0, 3.0]]), composite="lrp0")
    close(found.relevance, torch.tensor([[2.0, 9.0]]).double())
    close(kept(found), torch.tensor([10.0]).double())
