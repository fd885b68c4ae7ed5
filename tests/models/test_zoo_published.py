"""The published networks in detail: the order of their layers, their initial weights, DeePaC's two strands layer by layer."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from zoo_nets import dna, small

from lrpgen.models.zoo import build
from lrpgen.models.zoo.stages import Stage, block, length_after, shortest


def layers(name):
    """Its layers in order, as short text."""
    with torch.device("meta"):
        net = build(name)
    return [text(layer) for layer in net.modules() if not list(layer.children())]


def text(layer):
    if isinstance(layer, nn.Conv1d):
        return f"conv {layer.in_channels} {layer.out_channels} {layer.kernel_size[0]} {layer.padding}"
    if isinstance(layer, nn.Linear):
        return f"dense {layer.in_features} {layer.out_features}"
    if isinstance(layer, nn.BatchNorm1d):
        return f"norm {layer.eps:g}"
    extra = {nn.MaxPool1d: "kernel_size", nn.AvgPool1d: "kernel_size", nn.Dropout: "p"}.get(type(layer))
    value = getattr(layer, extra) if extra else ""
    return f"{type(layer).__name__} {value[0] if isinstance(value, tuple) else value}".strip()


PUBLISHED = {
    "basset": """
        conv 4 300 19 (0,); norm 1e-05; ReLU; MaxPool1d 3; conv 300 200 11 (0,); norm 1e-05; ReLU; MaxPool1d 4;
        conv 200 200 7 (0,); norm 1e-05; ReLU; MaxPool1d 4; dense 2000 1000; norm 1e-05; ReLU; Dropout 0.3;
        dense 1000 1000; norm 1e-05; ReLU; Dropout 0.3; dense 1000 164""",
    "deepsea": """
        conv 4 320 8 (0,); ReLU; MaxPool1d 4; Dropout 0.2; conv 320 480 8 (0,); ReLU; MaxPool1d 4; Dropout 0.2;
        conv 480 960 8 (0,); ReLU; Dropout 0.5; dense 50880 925; ReLU; dense 925 919""",
    "deepstarr": """
        conv 4 256 7 same; norm 0.001; ReLU; MaxPool1d 2; conv 256 60 3 same; norm 0.001; ReLU; MaxPool1d 2;
        conv 60 60 5 same; norm 0.001; ReLU; MaxPool1d 2; conv 60 120 3 same; norm 0.001; ReLU; MaxPool1d 2;
        dense 1800 256; norm 0.001; ReLU; Dropout 0.4; dense 256 256; norm 0.001; ReLU; Dropout 0.4; dense 256 2""",
    "deepac-rapid": """
        Dropout 0.2; conv 4 512 15 same; ReLU; AvgPool1d 2; conv 1024 512 15 same; ReLU; dense 512 256; ReLU; Dropout 0.5;
        dense 256 256; ReLU; Dropout 0.5; dense 256 1""",
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_layers_and_their_order(name):
    assert layers(name) == [layer.strip() for layer in PUBLISHED[name].split(";")]


def fans(layer):
    receptive = math.prod(layer.weight.shape[2:])
    return layer.weight.shape[1] * receptive, layer.weight.shape[0] * receptive


LIMITS = {  # of the uniform distribution the weights are drawn from, given what goes in and out
    "basset": lambda there, out: 1 / math.sqrt(there),  # Torch7
    "deepstarr": lambda there, out: math.sqrt(6 / (there + out)),  # Glorot
    "deepac-rapid": lambda there, out: math.sqrt(6 / there),  # He
}


@pytest.mark.parametrize("name", LIMITS)
def test_initial_weights_are_drawn_as_the_authors_drew_them(name):
    torch.manual_seed(3)
    for layer in build(name).modules():
        if not isinstance(layer, nn.Conv1d | nn.Linear):
            continue
        limit = LIMITS[name](*fans(layer))
        assert layer.weight.abs().max() <= limit
        assert layer.weight.abs().max() > 0.95 * limit
        assert float(layer.weight.detach().std()) == pytest.approx(limit / math.sqrt(3), rel=0.1)
        assert (layer.bias == 0).all() == (name != "basset")


def test_deepac_layer_by_layer():
    """As its public code has it: every layer's output is both strands' channels, the other strand's turned round."""
    net, x = small("deepac-rapid"), dna("deepac-rapid")

    def conv(x, layer):
        other = F.conv1d(x.flip(1, 2), layer.weight, layer.bias, padding="same").flip(1, 2)
        return torch.cat([F.conv1d(x, layer.weight, layer.bias, padding="same"), other], 1).relu()

    x = conv(x, net.conv1)
    half = x.shape[1] // 2
    x = torch.cat([F.avg_pool1d(x[:, :half], 2), F.avg_pool1d(x[:, half:].flip(1, 2), 2).flip(1, 2)], 1)
    x = conv(x, net.conv2).mean(2)
    half = x.shape[1] // 2
    x = (net.merge(x[:, :half]) + net.merge(x[:, half:].flip(1))).relu()
    x = net.head(net.dense[2](x).relu())
    torch.testing.assert_close(net(dna("deepac-rapid")), x)


STAGES = st.lists(
    st.builds(Stage, st.just(2), st.sampled_from((1, 3, 5, 7)), st.integers(1, 4), st.booleans()),
    min_size=1,
    max_size=4,
)


@settings(deadline=None, max_examples=60)
@given(STAGES, st.integers(0, 20))
def test_lengths_are_those_of_the_layers(stages, more):
    """The shortest window leaves one position or more, one bp less leaves none, and any length is what the layers leave."""
    width = shortest(stages)
    assert length_after(stages, width) >= 1
    assert length_after(stages, width - 1) < 1
    x = torch.zeros(1, 4, width + more)
    for number, stage in enumerate(stages):
        x = block(2 if number else 4, stage)(x)
    assert x.shape == (1, 2, length_after(stages, width + more))
