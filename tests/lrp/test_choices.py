"""Which rule and which pruned share each layer gets."""

import pytest
import torch
from small_nets import close, cnn, dna
from torch import nn

import lrpgen
from lrpgen.errors import InputError
from lrpgen.lrp import Prune

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


# How the branches of a skip share


class Skip(nn.Module):
    """(3, -1, 0) and (-1, -1, 0) meet for the input (1, 1)."""

    def __init__(self):
        super().__init__()
        self.one, self.other = nn.Linear(2, 3, bias=False), nn.Linear(2, 3, bias=False)
        self.out = nn.Linear(3, 1, bias=False)
        with torch.no_grad():
            self.one.weight[:] = torch.tensor([[3.0, 0], [-1, 0], [1, -1]])
            self.other.weight[:] = torch.tensor([[-1.0, 0], [0, -1], [1, -1]])
            self.out.weight[:] = torch.tensor([[1.0, -2, 5]])

    def forward(self, x):
        return self.out(self.one(x) + self.other(x))


@pytest.mark.parametrize(
    ("rule", "one", "other"),
    [
        ("signed", [3, 2, 0], [-1, 2, 0]),
        ("magnitude", [1.5, 2, 0], [0.5, 2, 0]),
        ("half", [1, 2, 0], [1, 2, 0]),
    ],
)
def test_branches_of_a_skip_share_by_hand(rule, one, other):
    """Relevance 2, 4 and 0 arrives; the last place has branches of 0."""
    model, x = Skip().double(), torch.ones(1, 2, dtype=torch.float64)
    found = lrpgen.explain(model, x, composite=f"epsilon,op:add={rule}", layers=["one:out", "other:out"])
    close(found.layers["one:out"][0], torch.tensor(one).double(), atol=1e-5)
    close(found.layers["other:out"][0], torch.tensor(other).double(), atol=1e-5)
    assert found.ledger["sum_in"].iloc[-2] == pytest.approx(6)


@pytest.mark.parametrize("rule", ["magnitude", "half"])
@pytest.mark.parametrize("reference", [None, 0.25])
def test_a_skip_of_the_input_itself_keeps_the_sum(rule, reference):
    """A branch that is 0 at the input gets its part too, and the ledger closes."""

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.out = nn.Conv1d(4, 4, 3, padding=1, bias=False), nn.Linear(4, 2, bias=False)

        def forward(self, x):
            return self.out((x + self.conv(x)).mean(2))

    torch.manual_seed(0)
    x = dna(n=3).double()
    against = None if reference is None else torch.full_like(x, reference)
    found = lrpgen.explain(Residual().double(), x, composite=f"epsilon(1e-12),op:add={rule}", reference=against)
    close(found.relevance.sum((1, 2)), found.start, atol=1e-6)
    ledger = found.ledger
    assert (ledger["sum_in"] - ledger["sum_out"] - ledger["absorbed"] - ledger["stranded"]).abs().max() < 1e-9


def test_a_branch_counts_by_what_it_adds():
    """u + 2 v at u = 4, v = -3: shares 4/10 and 6/10 of the relevance -2."""

    class Weighted(nn.Module):
        def forward(self, x):
            return torch.add(x[:, :1], x[:, 1:], alpha=2)

    found = lrpgen.explain(Weighted(), torch.tensor([[4.0, -3.0]]), composite="epsilon,op:add=magnitude")
    close(found.relevance, torch.tensor([[-0.8, -1.2]]), atol=1e-6)


def test_rules_of_skips_are_for_skips():
    with pytest.raises(InputError, match="rule half is for additions, 0 is a conv1d; write op:add=half"):
        lrpgen.explain(cnn(), dna(), composite="half")


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
