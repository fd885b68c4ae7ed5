"""PLRP: what is dropped, what is kept, what is conserved."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import lrpgen
from lrpgen.errors import InputError
from lrpgen.lrp.prune import prune_factors, pruned

values = st.lists(
    st.sampled_from([0.0, 1.0, 1.0, -1.0, -1.0, 2.0, 0.5, -0.25]) | st.floats(-1e3, 1e3, width=32),
    min_size=1,
    max_size=40,
)
shares = st.sampled_from([0.05, 0.25, 0.5, 0.9, 1.0])


def reference(row, positive, negative):
    """The definition, entry by entry: drop the smallest of each sign while their mass stays within the share."""
    result = list(row)
    for sign, share in ((1, positive), (-1, negative)):
        index = [j for j, v in enumerate(row) if v * sign > 0]
        index.sort(key=lambda j: abs(row[j]))  # Python's sort is stable
        mass = sum(abs(row[j]) for j in index)
        gone, running = [], 0.0
        for j in index[:-1]:
            running += abs(row[j])
            if running > share * mass:
                break
            gone.append(j)
        left = mass - sum(abs(row[j]) for j in gone)
        for j in index:
            result[j] = 0.0 if j in gone else row[j] * mass / left
    return result


def test_by_hand():
    # positive mass 10, a quarter is 2.5: 1 goes (1 <= 2.5), 2 would make 3; lambda = 10/9.
    # Negative: -1 and -7, an eighth of 8 is 1: -1 goes, lambda = 8/7.
    r = torch.tensor([[1.0, 7.0, -1.0, 2.0, 0.0, -7.0]])
    expected = torch.tensor([[0.0, 70 / 9, 0.0, 20 / 9, 0.0, -8.0]])
    factors, mass = prune_factors(r, 0.25, 0.125)
    torch.testing.assert_close(r * factors, expected)
    found, sums, dropped = pruned(r, 0.25, 0.125)
    torch.testing.assert_close(found, expected)
    assert [sums.total.item(), sums.mass.item()] == pytest.approx([2.0, 18.0])
    assert [sums.zeros.tolist(), mass.tolist(), dropped.tolist()] == [[3], [2.0], [2.0]]


def test_ties_are_broken_by_rank_not_by_value():
    # Four equal entries, half the mass may go: the first two by position, not all and not none.
    found, _, dropped = pruned(torch.ones(1, 4), 0.5, 0.0)
    assert found.tolist() == [[0.0, 0.0, 2.0, 2.0]]
    assert dropped.tolist() == [2.0]


@pytest.mark.parametrize("row", [[0.0, 0.0, 0.0], [3.0], [-3.0], [0.0, 5.0], [-1.0, -1.0]])
def test_degenerate_rows_keep_their_sum(row):
    r = torch.tensor([row])
    found, *_ = pruned(r.clone(), 1.0, 1.0)
    torch.testing.assert_close(found.sum(), r.sum())
    assert torch.isfinite(found).all()


@settings(max_examples=200, deadline=None)
@given(values, shares, shares)
def test_equals_the_definition(row, positive, negative):
    r = torch.tensor([row], dtype=torch.float64)
    found, *_ = pruned(r, positive, negative)
    torch.testing.assert_close(found, torch.tensor([reference(row, positive, negative)], dtype=torch.float64))


def rows_of(kind, dtype):
    generator = torch.Generator().manual_seed(3)
    r = torch.randn(5, 3000, generator=generator)
    spread = torch.exp(2 * torch.randn(5, 3000, generator=generator))
    few = torch.rand(5, 3000, generator=generator) < 0.05
    kinds = {"dense": r, "ties": r.round(), "wide": r * spread, "signs only": r.sign(), "mostly zero": r * few}
    return kinds[kind].to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("kind", ["dense", "ties", "wide", "signs only", "mostly zero"])
def test_digits_drop_what_a_full_sort_drops(dtype, kind):
    """In torch, as on a GPU, and where there is one in a compiled loop."""
    r = rows_of(kind, dtype)
    for positive, negative in ((0.05, 0.0), (0.25, 0.125), (0.9, 0.5), (1.0, 1.0)):
        slow, expected = prune_factors(r, positive, negative, loss=float("inf"))  # the adaptive mode sorts
        fast, dropped = prune_factors(r, positive, negative)
        assert torch.equal(fast == 0, slow == 0)
        torch.testing.assert_close(fast, slow)
        torch.testing.assert_close(dropped, expected)
        found, sums, dropped = pruned(r.clone(), positive, negative)
        assert torch.equal(found == 0, r * slow == 0)
        torch.testing.assert_close(found, r * slow)
        torch.testing.assert_close(dropped, expected)
        torch.testing.assert_close(sums.zeros.long(), (r * slow == 0).sum(1))
        torch.testing.assert_close(sums.total, found.double().sum(1), rtol=1e-3, atol=1e-3)


@settings(max_examples=100, deadline=None)
@given(values, shares)
def test_each_sign_keeps_its_mass_and_no_more_is_dropped_than_allowed(row, share):
    r = torch.tensor([row], dtype=torch.float64)
    kept, _, dropped = pruned(r.clone(), share, share / 2)
    for before, after in ((r.clamp(min=0), kept.clamp(min=0)), (r.clamp(max=0), kept.clamp(max=0))):
        torch.testing.assert_close(after.sum(), before.sum(), rtol=1e-9, atol=1e-12)
    assert dropped.item() <= share * r.clamp(min=0).sum().item() + share / 2 * -r.clamp(max=0).sum().item() + 1e-9
    assert (kept[kept != 0].abs() >= r[kept != 0].abs()).all()


@settings(max_examples=50, deadline=None)
@given(values, shares, st.sampled_from([0.25, 2.0, 8.0]))
def test_scaling_the_relevance_scales_the_result(row, share, scale):
    r = torch.tensor([row], dtype=torch.float64)
    expected = scale * pruned(r.clone(), share, share)[0]
    torch.testing.assert_close(pruned(scale * r, share, share)[0], expected)


def net(seed=0):
    torch.manual_seed(seed)
    convolutions = (nn.Conv1d(4, 6, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(6, 5, 3), nn.ReLU())
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(40, 3)).eval()


def onehot(n=5, length=20, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return nn.functional.one_hot(torch.randint(0, 4, (n, length), generator=generator), 4).transpose(1, 2)


def test_nothing_pruned_is_the_base_rule_bit_for_bit():
    model, x = net(), onehot()
    plain = lrpgen.explain(model, x)
    assert torch.equal(plain.relevance, lrpgen.explain(model, x, prune=lrpgen.Prune(0.0)).relevance)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_sums_per_layer_are_those_of_the_base_rule_at_its_input(share):
    model, x = net().double(), onehot()
    pruned = lrpgen.explain(model, x, prune=lrpgen.Prune(share)).ledger
    torch.testing.assert_close(
        torch.tensor((pruned["sum_in"] - pruned["sum_out"] - pruned["absorbed"] - pruned["stranded"]).to_numpy()),
        torch.zeros(len(pruned), dtype=torch.float64), atol=1e-10, rtol=0,
    )  # fmt: skip
    # The last layer is walked back first: nothing has been pruned above it, so it hands down the base rule's sum.
    last = lrpgen.explain(model, x).ledger.query("layer == '6'")["sum_out"].to_numpy()
    torch.testing.assert_close(
        torch.tensor(pruned.query("layer == '6'")["sum_out"].to_numpy()), torch.tensor(last), atol=1e-12, rtol=1e-10
    )
    assert (pruned["dropped_share"] <= share + 1e-12).all()


def test_a_batch_is_its_samples():
    model, x = net(), onehot()
    together = lrpgen.explain(model, x, target=0, prune=lrpgen.Prune())
    alone = torch.cat([lrpgen.explain(model, x[i : i + 1], target=0, prune=lrpgen.Prune()).relevance for i in range(5)])
    torch.testing.assert_close(together.relevance, alone, atol=1e-6, rtol=1e-4)
    by_two = lrpgen.explain(model, x, target=0, prune=lrpgen.Prune(), batch_size=2)
    torch.testing.assert_close(together.relevance, by_two.relevance, atol=1e-6, rtol=1e-4)
    assert len(by_two.ledger) == len(together.ledger)


def test_pruning_leaves_the_input_alone_unless_asked():
    model, x = net(), onehot()
    inside = lrpgen.explain(model, x, prune=lrpgen.Prune(0.5)).ledger.query("layer == '0'")
    assert (inside["dropped"] == 0).all()
    found = lrpgen.explain(model, x, prune=lrpgen.Prune(0.5, prune_input=True))
    assert (found.ledger.query("layer == '0'")["dropped"] > 0).all()
    torch.testing.assert_close(found.relevance, x * found.multipliers)


def test_layers_may_be_chosen_by_pattern():
    ledger = lrpgen.explain(net(), onehot(), prune=lrpgen.Prune(0.5, layers=["6"])).ledger
    assert set(ledger.loc[ledger["dropped"] > 0, "layer"]) == {"6"}


@pytest.mark.parametrize("kw", [{"positive": 1.5}, {"positive": 0.2, "negative": -0.1}, {"redistribute": "nothing"}])
def test_wrong_shares_are_refused(kw):
    with pytest.raises(InputError, match="prune"):
        lrpgen.Prune(**kw)
