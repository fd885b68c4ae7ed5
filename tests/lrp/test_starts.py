"""Where relevance starts: ways to start, targets, outputs and strands."""

import logging
import math

import pytest
import torch
from small_nets import close, cnn, dense, dna
from torch import nn

import lrpgen
from lrpgen.errors import InputError
from lrpgen.lrp import targets

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
