"""Every method of the comparison on nets small enough to know the answer."""

import builtins
import copy

import numpy as np
import pytest
import torch
from torch import nn

import lrpgen
from lrpgen.errors import InputError, MissingFeatureError
from lrpgen.evaluate.attribution import Subject, attribute, costs
from lrpgen.evaluate.methods import METHODS, UNIT, compared, read_method
from lrpgen.evaluate.peers import COMPLETE, FIRST_STEPS, PEERS

WITH_SUM = ("integrated_gradients", "deeplift", "deepshap", "integrated_gradients@3", "deeplift@uniform")
WRITTEN = {
    name: f"{name}:0.25:epsilon" if name.startswith("plrp") else f"{name}:epsilon" if name == "sglrp" else name
    for name in METHODS
}


def drawn(count=3, width=16, seed=1):
    rng = np.random.default_rng(seed)
    return np.eye(4, dtype=np.int8)[rng.integers(4, size=(count, width))].transpose(0, 2, 1)


def net(width=16, seed=1):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv1d(4, 6, 5, padding=2), nn.ReLU(), nn.AvgPool1d(2), nn.Flatten(), nn.Linear(3 * width, 5), nn.ReLU(),
        nn.Linear(5, 3),
    )  # fmt: skip


def smooth():
    torch.manual_seed(3)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Sigmoid(), nn.Linear(8, 2))


def linear(width=16):
    torch.manual_seed(2)
    layer = nn.Linear(4 * width, 3, bias=False)
    return nn.Sequential(nn.Flatten(), layer), layer.weight.detach().numpy()[1].reshape(4, -1)  # output 1's


@pytest.mark.parametrize("method", [UNIT, "integrated_gradients", "deeplift", "lrp0"])
def test_a_linear_model_has_one_answer(method):
    (model, weights), onehot = linear(), drawn()
    found = attribute(method, model, onehot, 1, batch_size=2)
    np.testing.assert_allclose(found.relevance, onehot * weights, atol=1e-6)
    assert found.relevance.dtype == np.float32
    assert found.seconds > 0


def test_of_a_linear_model_gradient_is_the_weights_and_mutagenesis_the_base_less_the_mean():
    (model, weights), onehot = linear(), drawn()
    np.testing.assert_allclose(attribute("gradient", model, onehot, 1).relevance, np.stack([weights] * 3))
    by_hand = onehot * (weights - weights.mean(axis=0))
    np.testing.assert_allclose(attribute("ism", model, onehot, 1).relevance, by_hand, atol=1e-6)


@pytest.mark.parametrize("method", WITH_SUM)
@pytest.mark.parametrize("make", [net, smooth])
def test_what_promises_a_sum_keeps_it(method, make):
    found = attribute(method, make(), drawn(), torch.tensor([1, 0, 1]), batch_size=2)
    assert found.completeness.max() < (COMPLETE if method.startswith("integrated") else 1e-3)


def test_the_sum_is_that_of_the_output_less_its_mean_over_the_shuffles():
    model, onehot = net(), drawn()
    found = attribute("deepshap@4", model, onehot, 2, seed=5)
    other = lrpgen.explain(model, torch.from_numpy(onehot), target=2, reference=4, seed=5)  # the same shuffles
    np.testing.assert_allclose(found.relevance.sum((1, 2)), (other.output - other.base)[:, 2].numpy(), atol=1e-5)


def test_integrated_gradients_take_more_steps_until_they_add_up():
    from captum.attr import IntegratedGradients

    hidden, onehot = nn.Linear(64, 1), drawn()
    steep = nn.Sequential(nn.Flatten(), hidden, nn.Sigmoid(), nn.Linear(1, 1, bias=False))
    nn.init.constant_(hidden.weight, 40)  # 16 bases: from 0 to 640, the step at 300, which few points meet
    nn.init.constant_(hidden.bias, -300)
    x = torch.from_numpy(onehot).float()
    few = IntegratedGradients(steep).attribute(x, target=0, n_steps=FIRST_STEPS).flatten(1).sum(1)
    change = (steep(x) - steep(torch.zeros_like(x)))[:, 0]
    assert ((few - change) / change).abs().max() > 2 * COMPLETE
    assert attribute("integrated_gradients", steep, onehot, 0).completeness.max() <= COMPLETE


@pytest.mark.parametrize(
    ("method", "how"),
    [
        ("epsilon", {"composite": "epsilon"}),
        ("epsilon_plus@uniform", {"composite": "epsilon_plus", "reference": "uniform"}),
        ("gamma(0.1),op:linear=lrp0@3", {"composite": "gamma(0.1),op:linear=lrp0", "reference": 3}),
        ("sglrp", {"composite": "epsilon", "init": "sglrp"}),
        ("plrp-lambda:0.5:zplus", {"composite": "zplus", "prune": lrpgen.Prune(0.5)}),
        ("plrp-matrix:0.5", {"prune": lrpgen.Prune(0.5, redistribute="matrix")}),
        ("plrp-adaptive:0.2:epsilon", {"prune": lrpgen.Prune(0.9, loss=0.2)}),
    ],
)
def test_the_door_gives_what_explain_gives(method, how):
    model, onehot, target = net(), drawn(), torch.tensor([0, 2, 1])
    found = attribute(method, model, onehot, target, seed=3, batch_size=2)
    expected = lrpgen.explain(model, torch.from_numpy(onehot), target=target, seed=3, batch_size=2, **how)
    np.testing.assert_array_equal(found.relevance, expected.relevance.numpy())
    assert np.isnan(found.completeness).all() == (method == "sglrp")


@pytest.mark.parametrize("method", WRITTEN.values())
def test_every_method_leaves_the_model_as_it_was(method):
    model = net().train()
    before = copy.deepcopy(model.state_dict())
    found = attribute(method, model, drawn(), 1)
    assert found.relevance.shape == (3, 4, 16)
    assert np.isfinite(found.relevance).all()
    assert np.abs(found.relevance).max() > 0
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    for module in model.modules():
        fresh = vars(type(module)(*_arguments(module)))
        assert vars(module).keys() == fresh.keys()
        assert not any((module._forward_hooks, module._backward_hooks, module._forward_pre_hooks))
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())


def _arguments(module):
    if isinstance(module, nn.Conv1d):
        return 4, 6, 5
    return (3, 5) if isinstance(module, nn.Linear) else (2,) if isinstance(module, nn.AvgPool1d) else ()


@pytest.mark.parametrize("method", ["gradient", UNIT, "integrated_gradients@uniform", "deeplift", "epsilon_plus"])
def test_images_too(method):
    torch.manual_seed(1)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2))
    images = torch.rand(3, 3, 6, 6)
    found = attribute(method, model, images, torch.tensor([0, 1, 1]), batch_size=2)
    assert found.relevance.shape == images.shape
    if method in ("integrated_gradients@uniform", "deeplift"):
        assert found.completeness.max() < COMPLETE


@pytest.mark.parametrize("method", ["ism", "deepshap", "epsilon@5"])
def test_images_are_refused_by_name_where_the_method_is_for_dna(method):
    with pytest.raises(InputError, match=method):
        attribute(method, nn.Flatten(), torch.rand(2, 3, 4, 4), 0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lime", "not known"),
        ("", "not known"),
        ("gradient@uniform", "no reference"),
        ("ism:3", "no arguments"),
        ("epsilon@0", "not known"),
        ("deepshap@uniform", "deeplift@uniform"),
        ("plrp-lambda", "lacks its number"),
        ("plrp-lambda:1.5", "0..1"),
        ("plrp-matrix:0.5:epsilon_plus", "plrp-lambda"),
        ("sglrp:lime", "not known"),
    ],
)
def test_names_that_cannot_be_read(text, says):
    with pytest.raises(InputError, match=says):
        read_method(text)


def test_the_whole_comparison_can_be_read():
    names = compared()
    assert len(names) == len(set(names))
    assert {read_method(name).name for name in names} == METHODS.keys()


@pytest.mark.parametrize("target", [3, torch.tensor([0, 1])])
def test_targets_that_do_not_fit(target):
    with pytest.raises(InputError, match="target"):
        attribute("gradient", net(), drawn(), target)


def test_without_captum_the_message_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def refuse(name, *rest):
        if name.startswith("captum"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingFeatureError, match=r"lrpgen\[compare\]"):
        attribute("integrated_gradients", net(), drawn(), 0)
    assert attribute("deeplift", net(), drawn(), 0).relevance.any()  # tangermeme's


def test_costs_are_relative_to_gradient_times_input():
    found = costs(["ism", "epsilon"], Subject(net(), drawn(), 0), repeats=2)
    assert list(found) == [UNIT, "ism", "epsilon"]
    assert found[UNIT].ratio == 1
    assert all(cost.seconds > 0 and cost.ratio > 0 for cost in found.values())


def test_peers_are_methods():
    assert PEERS.keys() <= METHODS.keys()
