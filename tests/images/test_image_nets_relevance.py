"""The engine explains every network for images: names of layers, and a ledger that closes to float64 precision."""

import pytest
import torch
from picture_nets import NETS, pictures, small

import lrpgen

WAYS = {
    "epsilon_gamma_box": {"composite": "epsilon_gamma_box,first=zbox(-2,2)"},
    "alpha2_beta1_flat": {"composite": "alpha2_beta1_flat"},
    "epsilon_plus_flat": {"composite": "epsilon_plus_flat"},
    "relative": {"composite": "relative"},
    "plrp": {"composite": "epsilon_plus", "prune": lrpgen.Prune(0.25)},
    "plrp matrix": {"prune": lrpgen.Prune(0.25, redistribute="matrix")},
}
LAYERS = {
    "simple-cnn": {"conv1", "conv2", "fc1", "fc2"},
    "vgg16": {"features.0", "features.28", "classifier.0", "classifier.6"},
    "vgg19": {"features.34", "classifier.3"},
    "vgg16_bn": {"features.0", "features.40"},
    "vgg19_bn": {"features.49"},
    "resnet18": {"conv1", "layer1.0.conv1", "layer2.0.downsample.0", "fc"},
    "resnet50": {"layer1.0.conv3", "layer4.2.conv2", "fc"},
}


@pytest.fixture(scope="module", params=NETS)
def captured(request):
    """(name, its network, the network captured, two images)."""
    name = request.param
    net, x = small(name), pictures(name)
    return name, net, lrpgen.lrp.capture(net, x), x


@pytest.mark.parametrize("way", WAYS)
def test_the_ledger_closes_on_images(captured, way):
    name, net, graph, x = captured
    found = lrpgen.explain(graph, x, target=1, **WAYS[way])
    torch.testing.assert_close(found.output, net(x).detach())
    assert (found.relevance.abs().sum((1, 2, 3)) > 1e-3).all()
    ledger = found.ledger
    gap = (ledger["sum_in"] - ledger["sum_out"] - ledger["absorbed"] - ledger["stranded"] - ledger["scaled"]).abs()
    scale = ledger[["sum_in", "sum_out", "mass", "absorbed_bias"]].abs().max(axis=1).clip(lower=1)
    assert (gap <= 1e-10 * scale).all(), ledger[gap > 1e-10 * scale].to_string()
    assert set(ledger["layer"]) >= LAYERS[name]


@pytest.mark.parametrize("name", ["simple-cnn", "vgg16_bn", "resnet50"])  # one of each kind
def test_relevance_is_what_the_output_says(name):
    """Without biases, epsilon hands all of the output to the pixels, through skips, pools and pruning alike."""
    net, x = small(name), pictures(name)
    for key, value in net.state_dict().items():
        if key.endswith(("bias", "running_mean")):
            value.zero_()
    graph = lrpgen.lrp.capture(net, x)
    for prune in (None, lrpgen.Prune(0.25)):
        found = lrpgen.explain(graph, x, target=2, composite="epsilon(1e-12)", prune=prune)
        torch.testing.assert_close(found.relevance.sum((1, 2, 3)), found.output[:, 2], rtol=1e-6, atol=1e-9)
