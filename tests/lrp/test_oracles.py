"""Against independent libraries: zennit 0.5.1 (rules, composites) and captum (LRP epsilon and alpha1-beta0, DeepLift).

Where the definitions coincide, and what is set here to make them:

- zennit, Epsilon, ZPlus, AlphaBeta, Gamma, ZBox: the same with biases of either sign and inputs of either sign. Its positive
  terms carry b+, its negative ones b-; its gamma boosts the bias like a weight; its box has b - b+ - b- = 0, so no bias. The
  stabiliser adds sign(d) * eps with sign(0) = 1, as ours does, and 1e-6 is the default of both.
- zennit, Flat: the bias is zeroed, as ours has none. WSquare: the squared bias stays in its denominator, where ours has
  none, so that rule is compared on nets without biases.
- zennit starts from what it is given as relevance of the output: here the logit of one class, as ours does.
- captum LRP starts from 1 (its last division makes sure of it) and multiplies by the output at the end: the same thing. Its
  default stabiliser is 1e-9, and it divides max-pools too; given here as 1e-9 for both. Its alpha1-beta0 and gamma clamp or
  boost weights only and know no negative inputs, and keep a negative bias where ours takes b+: non-negative inputs, no
  biases, and an explained output above zero.
- captum DeepLift (rescale) has a rule of its own for max-pools, so chains of linear layers and activations are compared;
  below a difference of 1e-10 it takes the gradient, which random inputs do not meet.

zennit imports torchvision for canonizers that are not used here; a stub stands in while it is imported.
"""

import contextlib
import sys
from types import ModuleType

import pytest
import torch
from captum.attr import LRP, DeepLift
from captum.attr._utils.lrp_rules import Alpha1_Beta0_Rule, EpsilonRule, GammaRule
from torch import nn

import lrpgen


@contextlib.contextmanager
def stub_of_torchvision():
    names = ("torchvision", "torchvision.models", "torchvision.models.resnet")
    before = {name: sys.modules.get(name) for name in names}
    sys.modules.update({name: ModuleType(name) for name in names})
    for block in ("Bottleneck", "BasicBlock"):
        setattr(sys.modules[names[-1]], block, type(block, (nn.Module,), {}))
    try:
        yield
    finally:
        for name, module in before.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module


with stub_of_torchvision():
    from zennit import composites, rules
    from zennit.attribution import Gradient
    from zennit.types import Activation, Linear


def net(dims, bias=True, seed=0):
    """conv, ReLU, max-pool, conv, ReLU, flatten, two linear layers, on signed inputs, float64."""
    torch.manual_seed(seed)
    conv, pool, size = ((nn.Conv1d, nn.MaxPool1d, 12), (nn.Conv2d, nn.MaxPool2d, 8))[dims - 1]
    features = [conv(3, 4, 3, padding=1, bias=bias), nn.ReLU(), pool(2), conv(4, 5, 2, stride=2, bias=bias), nn.ReLU()]
    dense = [nn.Linear(5 * (size // 4) ** dims, 7, bias=bias), nn.ReLU(), nn.Linear(7, 3, bias=bias)]
    return nn.Sequential(*features, nn.Flatten(), *dense).double().eval(), torch.randn(5, 3, *[size] * dims).double()


def by_zennit(model, x, composite, target=1):
    hot = torch.zeros(len(x), 3, dtype=x.dtype)
    hot[:, target] = 1
    with Gradient(model=model, composite=composite) as attributor:
        return attributor(x.clone(), lambda output: output.detach() * hot)[1].detach()


def everywhere(rule):
    return composites.LayerMapComposite([(Activation, rules.Pass()), (Linear, rule)])


# zennit's rule, ours, and whether biases may be there
SHARED = {
    "lrp0": (lambda: rules.Epsilon(epsilon=0.0), "lrp0", True),
    "epsilon": (rules.Epsilon, "epsilon", True),
    "large epsilon": (lambda: rules.Epsilon(epsilon=0.25), "epsilon(0.25)", True),
    "zplus": (rules.ZPlus, "zplus", True),
    "alpha2 beta1": (rules.AlphaBeta, "alpha_beta(2,1)", True),
    "alpha1.5 beta0.5": (lambda: rules.AlphaBeta(alpha=1.5, beta=0.5), "alpha_beta(1.5,0.5)", True),
    "gamma": (rules.Gamma, "gamma", True),
    "large gamma": (lambda: rules.Gamma(gamma=2.0), "gamma(2)", True),
    "flat": (rules.Flat, "flat", True),
    "zbox": (lambda: rules.ZBox(-3.0, 3.0), "zbox(-3,3)", True),
    "wsquare": (rules.WSquare, "wsquare", False),
}
COMPOSITES = {
    "epsilon_plus": composites.EpsilonPlus,
    "epsilon_plus_flat": composites.EpsilonPlusFlat,
    "epsilon_gamma_box,first=zbox(-3,3)": lambda: composites.EpsilonGammaBox(low=-3.0, high=3.0),
    "alpha2_beta1": composites.EpsilonAlpha2Beta1,
    "alpha2_beta1_flat": composites.EpsilonAlpha2Beta1Flat,
}


@pytest.mark.parametrize("dims", [1, 2])
@pytest.mark.parametrize("name", SHARED)
def test_rules_equal_zennits(name, dims):
    """The rule in every layer with weights, from the output to signed inputs."""
    rule, ours, bias = SHARED[name]
    model, x = net(dims, bias)
    expected = by_zennit(model, x, everywhere(rule()))
    assert expected.abs().max() > 1e-6
    found = lrpgen.explain(model, x, target=1, composite=ours)
    torch.testing.assert_close(found.relevance, expected, rtol=1e-9, atol=1e-12 * float(expected.abs().max()))


@pytest.mark.parametrize("dims", [1, 2])
@pytest.mark.parametrize("ours", COMPOSITES)
def test_composites_equal_zennits(ours, dims):
    model, x = net(dims, seed=3)
    expected = by_zennit(model, x, COMPOSITES[ours]())
    assert expected.abs().max() > 1e-6
    found = lrpgen.explain(model, x, target=1, composite=ours)
    torch.testing.assert_close(found.relevance, expected, rtol=1e-9, atol=1e-12 * float(expected.abs().max()))


class Flattened(nn.Module):
    """captum's LRP knows no flatten module and no reuse: the net's parts, each once, and a functional flatten."""

    def __init__(self, sequence):
        super().__init__()
        parts = [part for part in sequence if not isinstance(part, nn.Flatten)]
        self.features, self.dense = nn.Sequential(*parts[:5]), nn.Sequential(*parts[5:])

    def forward(self, x):
        return self.dense(self.features(x).flatten(1))


def by_captum(model, x, rule, target=1):
    model = Flattened(model)
    for part in model.modules():
        if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Linear):
            part.rule = rule()
        elif isinstance(part, nn.MaxPool1d | nn.MaxPool2d):
            part.rule = EpsilonRule(1e-9)
    return LRP(model).attribute(x.clone().requires_grad_(), target=target).detach()


@pytest.mark.parametrize("dims", [1, 2])
def test_epsilon_equals_captums(dims):
    """With biases and signed inputs; max-pools lose a billionth to captum's stabiliser."""
    model, x = net(dims)
    expected = by_captum(model, x, lambda: EpsilonRule(1e-9))
    found = lrpgen.explain(model, x, target=1, composite="epsilon(1e-9)")
    torch.testing.assert_close(found.relevance, expected, rtol=1e-6, atol=1e-7 * float(expected.abs().max()))


@pytest.mark.parametrize("dims", [1, 2])
@pytest.mark.parametrize(
    ("rule", "ours"), [(Alpha1_Beta0_Rule, "zplus(1e-9)"), (lambda: GammaRule(0.25), "gamma(0.25,1e-9)")]
)
def test_rules_for_positive_inputs_equal_captums(rule, ours, dims):
    """Bias-free, non-negative inputs, and only samples whose explained output is above zero."""
    model, x = net(dims, bias=False, seed=1)
    x = torch.rand(40, *x.shape[1:], dtype=x.dtype)
    model[-1].weight.data += 0.2  # outputs of both signs, most of them above zero
    x = x[model(x)[:, 1] > 0]
    assert len(x) > 5
    expected = by_captum(model, x, rule)
    found = lrpgen.explain(model, x, target=1, composite=ours)
    torch.testing.assert_close(found.relevance, expected, rtol=1e-6, atol=1e-7 * float(expected.abs().max()))


@pytest.mark.filterwarnings("ignore:Setting forward, backward hooks")  # captum says so each time
@pytest.mark.parametrize("activation", [nn.ReLU, nn.Softplus, nn.Tanh, nn.Sigmoid])
@pytest.mark.parametrize("kind", ["uniform", "tensor"])
def test_a_reference_equals_deeplift_rescale(activation, kind):
    """Chains of convolutions, linear layers and activations: r = difference times captum's rescaled multipliers."""
    torch.manual_seed(4)
    parts = [nn.Conv1d(4, 6, 5, padding=2), activation(), nn.Conv1d(6, 5, 3, stride=2), activation(), nn.Flatten()]
    model = nn.Sequential(*parts, nn.Linear(45, 8), activation(), nn.Linear(8, 3)).double().eval()
    x = nn.functional.one_hot(torch.randint(0, 4, (6, 20)), 4).transpose(1, 2).double()
    baseline = torch.full_like(x, 0.25) if kind == "uniform" else torch.rand_like(x)
    expected = DeepLift(model).attribute(x.clone().requires_grad_(), baselines=baseline, target=2).detach()
    reference = "uniform" if kind == "uniform" else baseline
    found = lrpgen.explain(model, x, target=2, composite="lrp0", reference=reference)
    torch.testing.assert_close(found.relevance, expected, rtol=1e-8, atol=1e-10)
    change = (model(x) - model(baseline))[:, 2].detach()
    torch.testing.assert_close(found.relevance.flatten(1).sum(1), change, rtol=1e-8, atol=1e-10)
