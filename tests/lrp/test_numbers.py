"""Precision, multipliers, zeros."""

import pytest
import torch
import torch.nn.functional as F
from small_nets import close, cnn, dense, dna, kept
from torch import nn

import lrpgen
from lrpgen.errors import LrpgenError
from lrpgen.lrp import Prune


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


def test_a_callers_autocast_changes_nothing():
    model, x = cnn().float(), dna(dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        inside = lrpgen.explain(model, x, target=0)
    assert torch.equal(inside.relevance, lrpgen.explain(model, x, target=0).relevance)


@pytest.mark.parametrize("composite", ["epsilon", "relative", "relative_layer"])
def test_relevance_of_a_layer_is_that_of_its_ledger(composite):
    found = lrpgen.explain(cnn(), dna(), target=0, composite=composite, layers=["3", "6"])
    for layer, r in found.layers.items():
        expected = torch.tensor(found.ledger.query(f"layer == {layer!r}")["sum_out"].to_numpy())
        close(r.flatten(1).sum(1), expected)


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
