"""Relevance against a reference: what it conserves, and along which way."""

import pytest
import torch
import torch.nn.functional as F
from small_nets import close, cnn, dense, dna, kept
from torch import nn

import lrpgen
from lrpgen.errors import InputError
from lrpgen.lrp import Prune, targets


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


def routed(model, x, there):
    """The net at `there`, each max-pool taking the value where `x` has its winner: written out, not the engine's."""
    for layer in model:
        if isinstance(layer, nn.MaxPool1d):
            x, winners = F.max_pool1d(x, layer.kernel_size, layer.stride, return_indices=True)
            there = there.gather(2, winners)
        else:
            x, there = layer(x), layer(there)
    return there.detach()


@pytest.mark.parametrize("pool", [True, False])
@pytest.mark.parametrize("reference", ["uniform", "composition", "another sequence", 3])
@pytest.mark.parametrize("prune", [None, Prune(0.4), Prune(0.25, redistribute="matrix")])
def test_relevance_sums_to_the_difference_from_the_reference(pool, reference, prune):
    model, x = cnn(pool=pool), dna()
    tensors = {
        "uniform": torch.full_like(x, 0.25),
        "composition": x.mean(2, keepdim=True).expand_as(x),
        "another sequence": dna(seed=7),
    }
    given = tensors[reference] if reference == "another sequence" else reference
    found = lrpgen.explain(model, x, target=1, reference=given, prune=prune)
    close(found.relevance.sum((1, 2)) + kept(found), found.start)
    close(found.start, (found.output - found.base)[:, 1])
    assert (found.ledger["absorbed_bias"] == 0).all()
    if reference in tensors:
        close(found.base, routed(model, x, tensors[reference]))
        if not pool:
            close(found.base, model(tensors[reference]).detach())
    if prune is not None:
        assert (found.ledger["dropped"] > 0).any()


@pytest.mark.parametrize("seed", range(5))
def test_a_pool_does_not_blow_relevance_up(seed):
    # Winners of its own at the reference would leave small z - z' under a large difference of the pooled values.
    torch.manual_seed(seed)
    first = [nn.Conv1d(4, 16, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2)]
    second = [nn.Conv1d(16, 16, 5, padding=2), nn.ReLU(), nn.MaxPool1d(3), nn.Flatten(), nn.Linear(160, 3)]
    model, x = nn.Sequential(*first, *second).double().eval(), dna(8, 60, seed)
    plain = lrpgen.explain(model, x, target=1).relevance.abs().sum((1, 2)).max()
    for reference in ("uniform", dna(8, 60, seed + 100)):
        against = lrpgen.explain(model, x, target=1, reference=reference)
        assert against.relevance.abs().sum((1, 2)).max() < 3 * plain


@pytest.mark.parametrize("layer", ["MaxPool1d", "AdaptiveMaxPool1d", "amax", "MaxPool2d", "AdaptiveMaxPool2d", "max"])
def test_every_pool_takes_the_reference_where_the_input_wins(layer):
    # The input's winners are 5 and 7, at places where the reference holds 1 and 2 (its own winners are 9 and 8).
    x = torch.tensor([5.0, 0.0, 7.0, 1.0]).double()
    there = torch.tensor([1.0, 9.0, 2.0, 8.0]).double()
    planes = layer.endswith("2d")
    shape = (1, 1, 2, 2) if planes else (1, 1, 4)

    class Pool(nn.Module):
        def forward(self, x):
            if layer in ("amax", "max"):
                pairs = x.reshape(-1, 2, 2)
                pooled = pairs.amax(2) if layer == "amax" else pairs.max(2).values
            else:
                size = {"MaxPool1d": 2, "AdaptiveMaxPool1d": 2, "MaxPool2d": (1, 2), "AdaptiveMaxPool2d": (2, 1)}
                pooled = getattr(nn, layer)(size[layer])(x)
            return pooled.flatten(1)

    found = lrpgen.explain(
        Pool(), x.reshape(shape), target=targets.total, reference=there.reshape(shape[1:]), composite="lrp0"
    )
    close(found.base.flatten(), torch.tensor([1.0, 2.0]).double())
    close(found.relevance.flatten(), torch.tensor([4.0, 0.0, 5.0, 0.0]).double())


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


def test_shuffles_do_not_depend_on_the_batch():
    """Nor, where samples have numbers, on which others are explained with them."""
    model, x = cnn(), dna(length=24)
    how = {"target": 0, "reference": 2, "seed": 7}
    whole = lrpgen.explain(model, x, **how).relevance
    close(whole, lrpgen.explain(model, x, batch_size=1, **how).relevance)
    numbers = torch.arange(len(x)) + 100
    whole = lrpgen.explain(model, x, numbers=numbers, **how).relevance
    close(whole[-1:], lrpgen.explain(model, x[-1:], numbers=numbers[-1:], **how).relevance)
    assert not torch.equal(whole, lrpgen.explain(model, x, numbers=numbers + 1, **how).relevance)


def test_the_reference_holds_where_an_activation_comes_first():
    # f = relu(x1) + relu(x2): from (2, 0) against (0.5, 0) the difference is 1.5, all of it at x1.
    class First(nn.Module):
        def forward(self, x):
            return F.relu(x).sum(1, keepdim=True)

    found = lrpgen.explain(First(), torch.tensor([[2.0, 0.0]]), reference=torch.tensor([0.5, 0.0]))
    close(found.relevance, torch.tensor([[1.5, 0.0]]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("reference", [None, "composition"])
def test_the_order_of_the_input_in_memory_does_not_matter(reference):
    model, x = nn.Sequential(nn.Flatten(), nn.Linear(64, 2)), torch.rand(3, 16, 4).transpose(1, 2)
    here, there = (lrpgen.explain(model, y, target=0, reference=reference) for y in (x, x.contiguous()))
    assert torch.equal(here.relevance, there.relevance)


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
