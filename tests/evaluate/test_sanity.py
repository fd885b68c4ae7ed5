"""Sanity checks on models whose relevance is known."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from lrpgen.errors import InputError
from lrpgen.evaluate.attribution import attribute
from lrpgen.evaluate.sanity import across_members, randomised, randomised_weights, under_reverse_complement


def drawn(count=4, width=24, seed=1):
    rng = np.random.default_rng(seed)
    return np.eye(4, dtype=np.int8)[rng.integers(4, size=(count, width))].transpose(0, 2, 1)


def net():
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv1d(4, 8, 5, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(192, 2))


@pytest.mark.parametrize("how", ["permute", "redraw"])
def test_layers_are_randomised_from_the_top_down(how):
    model = net()
    before = copy.deepcopy(model.state_dict())
    seen = [(name, copy.deepcopy(other.state_dict())) for name, other in randomised(model, how)]
    assert [name for name, _ in seen] == ["3", "0"]
    changed = [{key for key in before if not torch.equal(before[key], state[key])} for _, state in seen]
    assert changed[0] >= {"3.weight"}
    assert not any(key.startswith("0.") for key in changed[0])
    assert {"0.weight", "3.weight"} <= changed[1]
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    weight = seen[1][1]["0.weight"]
    if how == "permute":
        assert torch.equal(weight.flatten().sort().values, before["0.weight"].flatten().sort().values)
    else:
        assert float(weight.std()) == pytest.approx(float(before["0.weight"].std()), rel=0.25)


def test_randomised_weights_change_the_map_of_the_model_but_not_one_of_the_input():
    onehot, model = drawn(count=30), net()
    ramp = np.tile(np.arange(24.0), (30, 1))
    explained = dict(randomised_weights(model, lambda m: attribute("epsilon", m, onehot, 0).relevance.sum(axis=1)))
    blind = dict(randomised_weights(model, lambda _: ramp))
    assert list(explained) == ["3", "0"]
    assert abs(explained["0"].mean()) < 0.2  # 30 inputs of 24 positions: a standard error of about 0.04
    assert all(np.allclose(found, 1) for found in blind.values())


def test_a_single_module_and_one_without_weights():
    assert [name for name, _ in randomised(nn.Linear(2, 2))] == ["model"]
    with pytest.raises(InputError, match="no weights"):
        list(randomised(nn.ReLU()))
    with pytest.raises(InputError, match="permute"):
        list(randomised(net(), "zero"))


def test_members_by_hand():
    a, b, c = np.array([[1.0, 2, 3]]), np.array([[1.0, 2, 3]]), np.array([[3.0, 2, 1]])
    assert across_members([a, b]).item() == pytest.approx(1)
    assert across_members([a, b, c]).item() == pytest.approx((1 - 1 - 1) / 3)
    assert np.isnan(across_members([a, np.zeros((1, 3))])).all()
    with pytest.raises(InputError, match="at least two"):
        across_members([a])


def test_reverse_complement_by_hand():
    onehot = drawn()
    at_least = np.arange(4.0)[:, None]
    alike = np.array([1.0, 2, 2, 1])[:, None] + np.abs(np.arange(24) - 11.5)  # the same read from either strand
    assert np.allclose(under_reverse_complement(lambda x: (x * alike).sum(axis=1), onehot), 1)
    place = np.arange(24.0) + 0 * at_least  # position alone: the last comes first on the other strand
    assert np.allclose(under_reverse_complement(lambda x: (x * place).sum(axis=1), onehot), -1)
    with pytest.raises(InputError, match="DNA"):
        under_reverse_complement(lambda x: x, np.zeros((2, 3, 4)))
