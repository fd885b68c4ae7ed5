"""Files of weights: recognised by names and shapes, refused in one sentence, and loaded by the one door of all models."""

import pytest
import torch
from picture_nets import NETS, pictures, small
from safetensors.torch import save_file
from typer.testing import CliRunner

import lrpgen
from lrpgen.cli.main import app
from lrpgen.errors import InputError
from lrpgen.images import weights
from lrpgen.images.nets import build
from lrpgen.models import ensemble, read_card, save_model


def saved(name, path, prefix="", **more):
    """A small network of that name, and a file with its weights in float32 at `path`."""
    net = small(name, **more).float()
    state = {prefix + key: value for key, value in net.state_dict().items()}
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return net


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_weights_say_which_network_they_are_of(tmp_path, name, ending):
    path = tmp_path / f"downloaded{ending}"
    net = saved(name, path, prefix="module.")
    x = pictures(name).float()
    found, card = weights.open_network(path)
    assert (card.architecture, card.classes) == (name, [f"class_{k}" for k in range(5)])
    torch.testing.assert_close(found(x), net(x))
    torch.testing.assert_close(lrpgen.load_model(path)(x), net(x))
    imagenet = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
    assert card.normalisation == ({} if name == "simple-cnn" else imagenet)


def test_a_network_is_named_by_its_file():
    assert weights.named("any/vgg16-397923af.pth") == "vgg16"
    assert weights.named("vgg19_bn-c79401a0.pth") == "vgg19_bn"
    assert weights.named("resnet50.safetensors") == "resnet50"
    assert weights.named("resnet34-b627a593.pth") is None


def test_shapes_say_side_channels_and_hidden_units(tmp_path):
    path = tmp_path / "grey.pth"
    saved("simple-cnn", path, channels=1, height=32, width=32, filters=6, hidden=7)
    card = weights.open_network(path)[1]
    assert card.kwargs == {"classes": 5, "channels": 1, "height": 32, "width": 32, "filters": 6, "hidden": 7}
    assert card.shape == [1, 32, 32]


@pytest.mark.parametrize(
    ("inside", "asked", "says"),
    [
        ("vgg16", "vgg19", r"lacks the weight features\.16\.weight of shape \(16, 16, 3, 3\)"),
        ("resnet50", "resnet18", r"layer1\.0\.conv1\.weight has shape \(4, 4, 1, 1\), the model needs \(4, 4, 3, 3\)"),
        ("resnet18", "vgg16", r"lacks the weight features\.0\.weight of shape \(64, 3, 3, 3\)"),
    ],
)
def test_another_network_is_named_by_its_first_weight(tmp_path, inside, asked, says):
    path = tmp_path / "x.pth"
    saved(inside, path)
    with pytest.raises(InputError, match=says):
        weights.open_network(path, asked)
    with pytest.raises(InputError, match=says):
        lrpgen.load_model(asked, weights=path)


def test_a_file_named_for_a_network_that_it_does_not_hold(tmp_path):
    path = tmp_path / "vgg16-397923af.pth"
    state = small("vgg16").state_dict()
    del state["classifier.6.bias"]
    torch.save(state, path)
    with pytest.raises(InputError, match=r"lacks the weight classifier\.6\.bias of shape \(5,\)"):
        weights.open_network(path)
    torch.save({"layer.weight": torch.zeros(2)}, tmp_path / "y.pth")
    with pytest.raises(InputError, match="weights of no network for images that lrpgen knows"):
        weights.open_network(tmp_path / "y.pth")


def test_fine_tuning_begins_with_all_but_the_output_layer(tmp_path):
    saved("resnet18", tmp_path / "five.pth")
    net = build("resnet18", classes=3, filters=4)
    before = net.fc.weight.clone()
    weights.begin_with(net, tmp_path / "five.pth")
    assert torch.equal(net.fc.weight, before)
    assert torch.equal(net.conv1.weight, torch.load(tmp_path / "five.pth", weights_only=True)["conv1.weight"])


def test_models_convert_writes_a_model_that_the_one_door_opens(tmp_path):
    path, output = tmp_path / "resnet18-5c106cde.pth", tmp_path / "model.safetensors"
    net = saved("resnet18", path)
    command = ["models", "convert", str(path), "--classes", "a,b,c,d,e", "--width", "32", "-o", str(output)]
    assert CliRunner().invoke(app, command).exit_code == 0
    card = read_card(output)
    assert (card.classes, card.shape, card.takes) == (
        list("abcde"),
        [3, 32, 32],
        "images of 32 x 32 pixels, 3 channels",
    )
    x = pictures("resnet18").float()
    torch.testing.assert_close(lrpgen.load_model(output)(x), net(x))
    shown = CliRunner().invoke(app, ["models", "inspect", str(output)]).output
    assert "images of 32 x 32 pixels, 3 channels" in shown
    assert "mean 0.485, 0.456, 0.406" in shown


def test_commands_for_dna_refuse_a_model_of_images(tmp_path):
    path = tmp_path / "m.safetensors"
    net = small("resnet18").float()
    kwargs = {"classes": 5, "channels": 3, "height": 32, "width": 32, "filters": 4}
    save_model(path, net, weights.card_of("resnet18", kwargs, list("abcde"), net, {}))
    with pytest.raises(InputError, match="takes images of 32 x 32 pixels, 3 channels, not DNA"):
        ensemble.Ensemble(path)
