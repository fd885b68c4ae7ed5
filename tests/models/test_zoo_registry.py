"""Names, sizes and limits of the architectures, and what docs/models.md says of them."""

import inspect
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from zoo_nets import CLASSES, SMALL, counts, dna, small

import lrpgen
from lrpgen.errors import InputError
from lrpgen.models import Card, save_model
from lrpgen.models.zoo import ARCHITECTURES, MotifCNN, build, is_known


def conv(channels, filters, kernel, bias=True):
    return channels * filters * kernel + (filters if bias else 0)


def dense(units, size):
    return units * size + size


# Layer by layer from the publications' and the authors' own layer tables (see each builder's docstring); 2 per unit is a
# batch norm's weight and bias.
PUBLISHED = {
    # 600 -> 582 / 3 = 194 -> 184 / 4 = 46 -> 40 / 4 = 10 positions of 200 filters
    "basset": conv(4, 300, 19)
    + conv(300, 200, 11)
    + conv(200, 200, 7)
    + 2 * (300 + 200 + 200 + 1000 + 1000)
    + dense(2000, 1000)
    + dense(1000, 1000)
    + dense(1000, 164),
    # 1000 -> 993 / 4 = 248 -> 241 / 4 = 60 -> 53 positions of 960 filters: 50880 inputs, as in the released network
    "deepsea": conv(4, 320, 8) + conv(320, 480, 8) + conv(480, 960, 8) + dense(50880, 925) + dense(925, 919),
    # 249 / 2 / 2 / 2 / 2 = 15 positions of 120 filters
    "deepstarr": conv(4, 256, 7)
    + conv(256, 60, 3)
    + conv(60, 60, 5)
    + conv(60, 120, 3)
    + 2 * (256 + 60 + 60 + 120 + 256 + 256)
    + dense(1800, 256)
    + dense(256, 256)
    + 2 * dense(256, 1),
    # both strands' 512 channels enter the second convolution
    "deepac-rapid": conv(4, 512, 15) + conv(1024, 512, 15) + dense(512, 256) + dense(256, 256) + dense(256, 1),
    "bpnet": conv(4, 64, 21) + 8 * conv(64, 64, 3) + conv(64, 2, 75) + dense(64, 1),
}


def published(name, **kwargs):
    """The architecture at its published size, without memory for weights."""
    with torch.device("meta"):
        return build(name, **kwargs)


def size(net):
    return sum(p.numel() for p in net.parameters())


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_sizes(name):
    assert size(published(name)) == PUBLISHED[name]


def test_deepstarr_counts_what_keras_counts():
    """Keras' summary counts the running mean and variance of every batch norm too."""
    running = [b.numel() for key, b in published("deepstarr").named_buffers() if "running" in key]
    assert size(published("deepstarr")) + sum(running) == PUBLISHED["deepstarr"] + 2 * (256 + 60 + 60 + 120 + 512)


def test_bpnet_profile_is_a_thousand_positions_of_two_strands():
    out = published("bpnet")(torch.zeros(3, 4, 2114, device="meta"))
    assert (out["profile"].shape, out["counts"].shape) == ((3, 2, 1000), (3, 1))


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("options", [{}, {"rc": "share"}, {"rc": "none"}, {"first_activation": "exp"}])
def test_outputs_are_raw_values_for_each_class(name, options):
    """A softmax or sigmoid after the head would not pass a shift of its bias on."""
    net = small(name, **options)
    out = counts(net(dna(name, 5)))
    assert out.shape == (5, CLASSES)
    head = [m for m in net.modules() if isinstance(m, torch.nn.Linear)][-1]
    shift = torch.tensor([-9.0, 0.0, 4.0]).double()
    head.bias.data += shift
    torch.testing.assert_close(counts(net(dna(name, 5))), out + shift)


@pytest.mark.parametrize("name", SMALL)
def test_the_first_activation_is_exponential(name):
    """One exponential, behind a batch norm in every network, and no other weights than with ReLU."""
    relu, exp = small(name), small(name, first_activation="exp")
    added = exp.load_state_dict(relu.state_dict(), strict=False)
    assert not added.unexpected_keys
    assert bool(added.missing_keys) == (name in ("deepsea", "deepac-rapid", "bpnet"))  # the norm in front
    assert sum("Exponential" in type(m).__name__ for m in relu.modules()) == 0
    found = [m for m in exp.modules() if type(m).__name__ == "Exponential"]
    assert len(found) == 1
    torch.testing.assert_close(found[0](torch.tensor([0.0, 1.0])), torch.tensor([1.0, torch.e]))
    assert not torch.allclose(counts(relu(dna(name))), counts(exp(dna(name))))


def takes(name, width, **kwargs):
    return {**{k: v for k, v in SMALL[name].items() if k != "width"}, "classes": 2, "width": width, **kwargs}


@pytest.mark.parametrize("name", SMALL)
def test_the_shortest_window_works_and_one_less_does_not(name):
    least = ARCHITECTURES[name].min_width
    options = {"layers": 8} if name == "bpnet" else {"filters": (4, 4, 4)} if name == "resnet1d" else {}
    net = build(name, **takes(name, least, **options)).eval()
    assert counts(net(torch.zeros(2, 4, least))).shape == (2, 2)
    with pytest.raises(InputError, match=f"at least {least} bp, these have {least - 1} bp"):
        build(name, **takes(name, least - 1, **options))


def test_narrower_windows_for_a_smaller_bpnet():
    assert counts(build("bpnet", classes=2, width=41, filters=4, trimming=20)(torch.zeros(2, 4, 41))).shape == (2, 2)
    net = build("bpnet", classes=2, width=1041, filters=4, profile=False)
    assert net(torch.zeros(2, 4, 1041)).shape == (2, 2)
    with pytest.raises(InputError, match=r"layers=8 and trimming=557 needs.* at least 1041 bp.*fewer layers"):
        build("bpnet", classes=2, width=1040, profile=False)
    with pytest.raises(InputError, match="trimming=-1"):
        build("bpnet", classes=2, width=300, trimming=-1)


@pytest.mark.parametrize(
    ("name", "kwargs", "what"),
    [
        ("transformer", {}, "choose one of motif-cnn, basset.*module:"),
        ("motif-cnn", {"width": 40}, "no published classes"),
        ("motif-cnn", {"classes": 2}, "no published width"),
        ("motif-cnn", {"classes": 0, "width": 40}, "classes=0 must be a whole number"),
        ("basset", {"width": 600.5}, "width=600.5 must be a whole number"),
        ("basset", {"pools": 3}, "'pools'; it takes classes, width, filters, dense, dropout, first_activation"),
        ("basset", {"filters": (3, 4)}, "has 3 convolutions"),
        ("deepsea", {"filters": 7}, "filters=7 must be whole numbers"),
        ("basset", {"filters": (3, 4, -1)}, "must be whole numbers of at least 1"),
        ("deepstarr", {"dropout": 1.5}, "dropout=1.5 must be a number from 0 to below 1"),
        ("bpnet", {"profile": "no"}, "profile='no' must be true or false"),
        ("bpnet", {"trimming": 1.5}, "trimming=1.5 must be a whole number"),
        ("motif-cnn", {"classes": 2, "width": 40, "filters": 0}, "filters=0 must be a whole number of at least 1"),
        ("deepac-rapid", {"dense": "abc"}, "dense='abc' must be whole numbers"),
        ("deepstarr", {"rc": "twice"}, "rc 'twice' is not known; choose one of none, share"),
        ("deepac-rapid", {"rc": "twice"}, "rc 'twice' is not known"),
        ("bpnet", {"first_activation": "gelu"}, "first_activation 'gelu' is not known; choose one of relu, exp"),
        ("resnet1d", {"classes": 2, "width": 50, "kernel": 4}, "needs odd ones"),
    ],
)
def test_what_cannot_be_built_says_why_in_one_line(name, kwargs, what):
    with pytest.raises(InputError, match=what) as caught, torch.device("meta"):
        build(name, **kwargs)
    assert "\n" not in str(caught.value)


def test_names():
    assert is_known("basset")
    assert is_known("module:nets.py:Net")
    assert not is_known("results/model.safetensors")


def old_layout(filters, dense_units, classes, width):
    """Names and shapes of the weights of a motif-cnn as files of version 0.1.0 hold them."""
    shapes = {}
    for number, (channels, kernel) in enumerate([(4, 11), (filters, 7), (filters, 7)], start=1):
        shapes[f"conv{number}.0.weight"] = (filters, channels, kernel)
        shapes |= {f"conv{number}.1.{key}": (filters,) for key in ("weight", "bias", "running_mean", "running_var")}
    shapes["dense.0.weight"] = (dense_units, filters * (width // 8))
    shapes |= {f"dense.1.{key}": (dense_units,) for key in ("weight", "bias", "running_mean", "running_var")}
    return shapes | {"head.weight": (classes, dense_units), "head.bias": (classes,)}


def by_hand(w, x):
    """Its forward pass in functions only."""
    norm = torch.nn.functional.batch_norm
    for layer in ("conv1", "conv2", "conv3"):
        x = torch.nn.functional.conv1d(x, w[f"{layer}.0.weight"], padding=w[f"{layer}.0.weight"].shape[2] // 2)
        stats = [w[f"{layer}.1.{key}"] for key in ("running_mean", "running_var", "weight", "bias")]
        x = torch.nn.functional.max_pool1d(norm(x, *stats).relu(), 2)
    x = x.flatten(1) @ w["dense.0.weight"].T
    x = norm(x, *[w[f"dense.1.{key}"] for key in ("running_mean", "running_var", "weight", "bias")]).relu()
    return x @ w["head.weight"].T + w["head.bias"]


def test_models_saved_before_the_zoo_grew_still_load(tmp_path):
    generator = torch.Generator().manual_seed(2)
    weights = {name: torch.rand(shape, generator=generator) + 0.5 for name, shape in old_layout(6, 8, 3, 40).items()}
    buffers = {f"{layer}.1.num_batches_tracked": torch.tensor(7) for layer in ("conv1", "conv2", "conv3", "dense")}
    save_file({**weights, **buffers}, tmp_path / "old.safetensors")
    net = lrpgen.load_model("motif-cnn", weights=tmp_path / "old.safetensors", classes=3, width=40, filters=6, dense=8)
    assert set(net.state_dict()) == {*weights, *buffers}
    x = dna("motif-cnn").float()
    torch.testing.assert_close(net(x), by_hand(weights, x))


@pytest.mark.parametrize("name", ["motif-cnn", "basset", "deepac-rapid", "bpnet"])
def test_a_saved_model_comes_back(name, tmp_path):
    net = small(name, rc="share", first_activation="exp").float()
    kwargs = {"classes": CLASSES, **SMALL[name], "rc": "share", "first_activation": "exp"}
    card = Card(name, kwargs, list("abc"), SMALL[name]["width"], size(net), seed=0)
    save_model(tmp_path / "m.safetensors", net, card)
    again = lrpgen.load_model(tmp_path / "m.safetensors")
    x = dna(name).float()
    assert torch.equal(counts(net(x)), counts(again(x)))


def test_the_default_is_the_network_it_was():
    assert str(inspect.signature(MotifCNN)).startswith(
        "(classes: 'int', width: 'int', filters: 'int' = 48, dense: 'int' = 64"
    )
    assert {k: tuple(v.shape) for k, v in MotifCNN(2, 200).state_dict().items() if v.dim()} == old_layout(
        48, 64, 2, 200
    )


def documented():
    """Rows of the table of architectures in docs/models.md, by name."""
    text = (Path(__file__).parents[2] / "docs" / "models.md").read_text()
    section = text.split("## Architectures")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    header, body = rows[0], rows[2:]
    return {re.sub("`", "", row[0]): dict(zip(header, row, strict=True)) for row in body}


def test_the_table_in_the_docs_lists_every_architecture():
    assert list(documented()) == list(ARCHITECTURES)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_table_in_the_docs_says_what_the_code_does(name):
    entry, row = ARCHITECTURES[name], documented()[name]
    asked = {} if entry.classes else {"classes": 2, "width": 200}
    assert row["parameters"].replace(",", "") == str(size(published(name, **asked)))
    assert row["reference"] == entry.reference
    assert row["length, bp"] == str(entry.width or "any")
    assert row["shortest, bp"] == str(entry.min_width)
    assert row["outputs"].startswith(str(entry.classes or "K"))
    options = set(inspect.signature(entry.build).parameters) - {"classes", "width", "first_activation", "rc"}
    assert set(re.findall("`(.+?)`", row["options"])) == options
