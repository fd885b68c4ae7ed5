"""Every measure of a comparison on a model whose relevance a person can write down.

The model adds 4, 3, 2 and 1 for an A at the first four of eight places, and the same for a T at the last four, so that it
sees both strands alike. The sequence is AAAACCCC: relevance 4, 3, 2, 1, 0, 0, 0, 0 by every method that multiplies by the
input.
"""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from lrpgen.errors import InputError
from lrpgen.evaluate.comparison import MEASURES, OF_METHODS, RANDOM, REPLACEMENTS, Comparison, Setting, per_base
from lrpgen.evaluate.summary import summarise

A, C, G, T = range(4)
MASK = [1, 1, 1, 1, 0, 0, 0, 0]
PRUNED = "plrp-input:0.25:epsilon"
SETTING = Setting(draws=2, steps=8, checks=2)


class Additive(nn.Module):
    """Output 0 as above with other values for the places; output 1 its negative. No bias."""

    def __init__(self, values=(4, 3, 2, 1)):
        super().__init__()
        weight = torch.zeros(4, 8)
        weight[A, :4], weight[T, 4:] = torch.tensor(values).float(), torch.tensor(values[::-1]).float()
        self.head = nn.Linear(32, 2, bias=False)
        self.head.weight.data = torch.stack([weight.flatten(), -weight.flatten()])

    def forward(self, x):
        return self.head(x.flatten(1))


class Silent(nn.Module):
    """A unit that only an A at the first place wakes: relevance is all zero without one."""

    def __init__(self):
        super().__init__()
        self.hidden, self.head = nn.Linear(32, 1), nn.Linear(1, 2, bias=False)
        self.hidden.weight.data.zero_()[0, 0] = 2.0
        self.hidden.bias.data.fill_(-1.0)

    def forward(self, x):
        return self.head(self.hidden(x.flatten(1)).relu())


def encode(*texts):
    return np.stack([np.eye(4, dtype=np.int8)[["ACGT".index(base) for base in text]].T for text in texts])


def compare(model, texts, methods, members=(), mask=None, setting=SETTING):
    """{method: row}, in the order in which they come."""
    targets = torch.zeros(len(texts), dtype=torch.long)
    mask = None if mask is None else np.array([mask] * len(texts), dtype=np.int8)
    comparison = Comparison(model, encode(*texts), targets, mask, members, setting)
    return {row.method.text: row for row in comparison.rows(methods)}


@pytest.fixture(scope="module")
def rows():
    return compare(Additive(), ["AAAACCCC"] * 3, [PRUNED, "plrp-lambda:0.5:epsilon", "gradient*input"], mask=MASK)


def test_the_order_of_rows(rows):
    assert list(rows) == [RANDOM, "epsilon", PRUNED, "plrp-lambda:0.5:epsilon", "gradient*input"]
    again = compare(Additive(), ["AAAACCCC"], ["epsilon", PRUNED, "epsilon"], setting=Setting(1, 1, checks=0))
    assert list(again) == [RANDOM, "epsilon", PRUNED]


def test_every_value_by_hand(rows):
    values = {name: found[0] for name, found in rows["epsilon"].values.items()}
    share = np.array([0.4, 0.3, 0.2, 0.1])
    expected = {
        "rma": 1, "rra": 1, "pointing": 1, "zeros": 0.5,
        "gini": 0.625,  # 1 - 2 (.1 * 3.5 + .2 * 2.5 + .3 * 1.5 + .4 * .5) / 8
        "entropy": -(share * np.log(share)).sum() / np.log(8),
        "aopc_zeros": 70 / 9,  # scores 10, 6, 3, 1, 0, 0, 0, 0, 0
        "insertion_zeros": 65 / 8,  # 0, 4, 7, 9, 10, 10, 10, 10, 10
        "ism": 37 / np.sqrt(37 * 42),  # mutagenesis is 3, 2.25, 1.5, .75, -.25, -.5, -.75, -1
        "ism_kept": 1,
        "completeness": 0,
        "reverse_complement": 1,
    }  # fmt: skip
    assert {name: values[name] for name in expected} == pytest.approx(expected, abs=1e-5)
    of_images = {name for name in MEASURES if name.endswith(("_mean", "_blur"))}
    assert set(values) == set(MEASURES) - {"members"} - of_images
    assert rows["epsilon"].curves["deletion_zeros"] == pytest.approx([10, 6, 3, 1, 0, 0, 0, 0, 0])
    assert rows["epsilon"].curves["insertion_zeros"] == pytest.approx([0, 4, 7, 9, 10, 10, 10, 10, 10])


def test_a_linear_model_has_one_map(rows):
    for name in set(rows["epsilon"].values) - set(OF_METHODS):
        np.testing.assert_allclose(rows["gradient*input"].values[name], rows["epsilon"].values[name], rtol=1e-5)
    assert np.isnan(rows["gradient*input"].values["completeness"]).all()  # it promises no sum


def test_random_has_the_values_of_a_map_at_other_places(rows):
    random = rows[RANDOM].values
    assert not set(OF_METHODS) & set(random)
    assert random["gini"] == pytest.approx([1 - 2 * 24.75 / 10 / 8] * 3)  # that of mutagenesis: see "ism" above
    assert random["aopc_zeros"].mean() < 70 / 9
    assert len(set(random["rma"])) > 1  # each input has an order of its own


def test_pruning_and_its_controls_by_hand(rows):
    """The smallest value is a tenth of the mass, the two smallest are 0.3: a quarter drops the smallest alone. The base
    cut to as many zeros, or to the same Gini index, is then the same map but for its scale."""
    pruned = rows[PRUNED]
    assert pruned.values["zeros"] == pytest.approx([5 / 8] * 3)
    assert pruned.values["completeness"] == pytest.approx([0] * 3, abs=1e-5)  # what is kept is scaled up
    assert set(pruned.controls) == {"zeros", "gini"}
    for control in pruned.controls.values():
        assert set(control) == set(pruned.values) - set(OF_METHODS)
        for name, found in control.items():
            np.testing.assert_allclose(found, pruned.values[name], rtol=1e-5)


def test_where_pruning_changes_nothing_controls_are_the_base(rows):
    """The one layer reads the input, which plrp-lambda does not prune."""
    same, base = rows["plrp-lambda:0.5:epsilon"], rows["epsilon"].values
    for values in (same.values, *same.controls.values()):
        assert set(values) >= set(base) - set(OF_METHODS)
        for name, found in values.items():
            np.testing.assert_array_equal(found, base[name])


def test_checks_are_of_the_first_inputs(rows):
    for row in list(rows.values())[1:]:
        for name in ("reverse_complement", "randomised_top", "randomised_all"):
            assert np.isnan(row.values[name]).tolist() == [False, False, True]
        assert (row.values["randomised_top"][:2] == row.values["randomised_all"][:2]).all()  # there is one layer
        assert (np.abs(row.values["randomised_top"][:2]) < 0.999).all()
    none = compare(Additive(), ["AAAACCCC"], ["epsilon"], setting=Setting(1, 1, checks=0))["epsilon"].values
    assert set(none) & set(OF_METHODS) == {"completeness"}


def test_members_by_hand():
    """Of 4, 3, 2, 1, 0 ... and 1, 2, 3, 4, 0 ...: ranks less their mean are 3.5, 2.5, 1.5, .5 and four times -2."""
    found = compare(Additive(), ["AAAACCCC"] * 2, ["epsilon"], [Additive((1, 2, 3, 4))])["epsilon"]
    assert found.values["members"] == pytest.approx([27 / 37] * 2)
    same = compare(Additive(), ["AAAACCCC"], ["epsilon"], [Additive(), Additive((1, 2, 3, 4))])["epsilon"]
    assert same.values["members"] == pytest.approx([(1 + 27 / 37 + 27 / 37) / 3])


def test_the_model_stays_as_it_is():
    model = Additive().train()
    before = copy.deepcopy(model.state_dict())
    compare(model, ["AAAACCCC"] * 2, ["epsilon", "deeplift"])
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_an_input_without_relevance_is_left_out_of_the_controls_alone():
    found = compare(Silent(), ["ACGTACGT", "CCGTACGT", "AAGTACGT"], [PRUNED])
    assert found["epsilon"].values["zeros"][1] == 1
    lost = {name: np.isnan(control["aopc_zeros"]).tolist() for name, control in found[PRUNED].controls.items()}
    assert lost == {"zeros": [False, False, False], "gini": [False, True, False]}  # all zero has no Gini index
    np.testing.assert_allclose(
        found[PRUNED].controls["gini"]["aopc_zeros"][[0, 2]], found[PRUNED].values["aopc_zeros"][[0, 2]], rtol=1e-5
    )


def test_the_seed_decides_and_nothing_else():
    def values(seed):
        methods = ["epsilon", "deepshap@2"]
        setting = Setting(draws=1, steps=3, seed=seed, checks=1)
        return compare(Additive(), ["AAAACCTT", "CATTAGAC"], methods, setting=setting)

    first, again, other = values(1), values(1), values(2)
    for method, row in first.items():
        for name, found in row.values.items():
            np.testing.assert_array_equal(found, again[method].values[name])
    assert any((row.curves["deletion_shuffles"] != other[method].curves["deletion_shuffles"]).any()
               for method, row in first.items())  # fmt: skip


def test_a_gradient_is_no_share_of_anything():
    relevance = np.array([[[1.0, 0], [-3, 0], [0, 2], [1, 0]]])
    assert per_base("gradient", relevance).tolist() == [[3, 2]]
    assert per_base("gradient*input", relevance).tolist() == [[-1, 2]]


def test_a_method_that_is_not_known():
    with pytest.raises(InputError, match="method 'best' is not known"):
        compare(Additive(), ["AAAACCCC"], ["best"])


def test_a_summary_says_differences_to_the_base_the_controls_and_the_references(rows):
    found = summarise(list(rows.values()), {"seed": 1}, {}, SETTING.steps)
    by_name = {row["method"]: row for row in found["rows"]}
    assert (found["format"], found["version"], found["setting"]) == ("lrpgen-evaluation", 1, {"seed": 1})
    of_images = {f"{curve}_{way}" for curve in ("aopc", "insertion") for way in REPLACEMENTS["images"]}
    assert set(found["measures"]) == set(MEASURES) - {"members"} - of_images
    assert found["curves"]["share"] == pytest.approx(np.arange(9) / 8)
    pruned = by_name[PRUNED]
    assert (pruned["name"], pruned["composite"], pruned["share"], pruned["base"]) == (
        "plrp-input",
        "epsilon",
        0.25,
        "epsilon",
    )
    assert list(pruned["differences"]) == ["base", "zeros", "gini", "gradient*input"]
    assert list(by_name["epsilon"]["differences"]) == ["gradient*input"]
    assert by_name["gradient*input"]["differences"] == {}
    of = {"base": by_name["epsilon"]["values"]} | pruned["controls"]
    for other, differences in list(pruned["differences"].items())[:3]:
        for name, one in differences.items():
            whole, part = pruned["values"][name], of[other][name]
            assert one["mean"] == pytest.approx(whole["mean"] - part["mean"], abs=1e-6), (other, name)
    assert pruned["differences"]["base"]["reverse_complement"]["nan"] == 1
    assert pruned["values"]["zeros"]["inputs"] == 3
