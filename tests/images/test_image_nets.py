"""Networks for images: torchvision's numbers of parameters and names of layers, written down here by hand, and errors."""

import pytest
import torch
from picture_nets import CLASSES, NETS, pictures, small
from torch import nn

from lrpgen.errors import InputError
from lrpgen.images.nets import build

PARAMETERS = {  # of torchvision's documentation, for 1000 classes
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "vgg16_bn": 138_365_992,
    "vgg19_bn": 143_678_248,
    "resnet18": 11_689_512,
    "resnet50": 25_557_032,
}
SHAPES = {  # of torchvision's state dicts: one of each kind of layer, and the last of the features
    "vgg16": {"features.0.weight": (64, 3, 3, 3), "features.28.bias": (512,), "classifier.0.weight": (4096, 25088)},
    "vgg19": {"features.34.weight": (512, 512, 3, 3), "classifier.3.weight": (4096, 4096)},
    "vgg16_bn": {"features.1.running_var": (64,), "features.40.weight": (512, 512, 3, 3), "features.41.bias": (512,)},
    "vgg19_bn": {"features.49.weight": (512, 512, 3, 3), "classifier.6.weight": (1000, 4096)},
    "resnet18": {
        "conv1.weight": (64, 3, 7, 7),
        "layer1.1.conv2.weight": (64, 64, 3, 3),
        "layer2.0.downsample.0.weight": (128, 64, 1, 1),
        "layer4.1.bn2.running_mean": (512,),
        "fc.weight": (1000, 512),
    },
    "resnet50": {
        "layer1.0.conv3.weight": (256, 64, 1, 1),
        "layer1.0.downsample.1.bias": (256,),
        "layer3.5.conv2.weight": (256, 256, 3, 3),
        "layer4.2.bn3.weight": (2048,),
        "fc.bias": (1000,),
    },
}


@pytest.fixture(scope="module", params=PARAMETERS)
def blank(request):
    """(name, that network at full size, without memory)."""
    with torch.device("meta"):
        return request.param, build(request.param)


def test_parameters_and_names_are_torchvisions(blank):
    name, net = blank
    assert sum(p.numel() for p in net.parameters()) == PARAMETERS[name]
    state = net.state_dict()
    assert {key: tuple(state[key].shape) for key in SHAPES[name]} == SHAPES[name]


def test_a_bottleneck_strides_in_its_3x3():
    net = small("resnet50")
    block = net.layer2[0]
    assert (block.conv1.stride, block.conv2.stride, block.conv3.stride) == ((1, 1), (2, 2), (1, 1))


@pytest.mark.parametrize("name", NETS)
def test_output_is_one_number_for_each_class(name):
    assert small(name)(pictures(name)).shape == (2, CLASSES)


@pytest.mark.parametrize(("channels", "side"), [(1, 28), (3, 28), (1, 32), (3, 32)])
def test_simple_cnn_takes_grey_and_colour_of_both_sizes(channels, side):
    net = build("simple-cnn", classes=10, channels=channels, height=side, width=side)
    # By hand: two convolutions, then the dense layer on 64 maps of a quarter of the side, then ten outputs.
    convolutions = (9 * channels + 1) * 32 + (9 * 32 + 1) * 64
    assert sum(p.numel() for p in net.parameters()) == convolutions + (64 * (side // 4) ** 2 + 1) * 128 + 129 * 10
    assert net(torch.zeros(2, channels, side, side)).shape == (2, 10)


def test_initial_weights_are_torchvisions():
    """VGG: convolutions by He (fan out), dense layers with standard deviation 0.01, biases 0."""
    torch.manual_seed(0)
    net = build("vgg16", classes=10, filters=16, hidden=256)
    fan_out = 128 * 9
    assert net.features[26].weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.02)
    assert net.classifier[0].weight.std().item() == pytest.approx(0.01, rel=0.02)
    assert not any(layer.bias.any() for layer in net.modules() if isinstance(layer, nn.Conv2d | nn.Linear))


def test_adaptive_pools_take_other_sizes():
    for name in ("vgg16", "resnet18"):
        net = small(name)
        assert net(torch.rand(1, 3, 64, 48).double()).shape == (1, CLASSES)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("vgg11", {}, "network 'vgg11' is not known; choose one of simple-cnn, vgg16"),
        ("vgg16", {"height": 31}, "images of 31 x 224 are too small for VGG; make them 32 or more"),
        ("simple-cnn", {"width": 3}, "images of 28 x 3 are too small for simple-cnn"),
        ("resnet18", {"filters": 0}, "filters=0 must be a whole number of at least 1"),
        ("resnet18", {"hidden": 8}, "architecture resnet18"),
        ("vgg16", {"norm": True}, "norm is what makes it vgg16"),
    ],
)
def test_what_cannot_be_built_is_said_in_one_sentence(name, options, says):
    with pytest.raises(InputError, match=says):
        build(name, **options)
