"""Real architectures with random weights, in float32 as people run them: the ledger closes, nothing is NaN, and the
model comes back as it was."""

import copy
from collections import OrderedDict

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import lrpgen
from lrpgen.lrp import capture, targets

WAYS = {
    "epsilon": {"composite": "epsilon"},
    "epsilon_plus": {"composite": "epsilon_plus"},
    "epsilon_plus_flat": {"composite": "epsilon_plus_flat"},
    "epsilon_gamma_box": {"composite": "epsilon_gamma_box"},
    "alpha2_beta1": {"composite": "alpha2_beta1"},
    "relative": {"composite": "relative"},
    "plrp_lambda": {"prune": lrpgen.Prune(0.25)},
    "plrp_matrix": {"prune": lrpgen.Prune(0.25, redistribute="matrix")},
}


def basset():
    """Kelley et al. 2016, narrower: three convolutions with batch norm, two dense layers."""
    layers = []
    for channels, out, kernel, pool in ((4, 30, 19, 3), (30, 20, 11, 4), (20, 20, 7, 4)):
        padding = kernel // 2
        layers += [
            nn.Conv1d(channels, out, kernel, padding=padding),
            nn.BatchNorm1d(out),
            nn.ReLU(),
            nn.MaxPool1d(pool),
        ]
    dense = [nn.Linear(20 * 4, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 5), nn.Sigmoid()]
    return nn.Sequential(*layers, nn.Flatten(), *dense)


class BPNet(nn.Module):
    """Avsec et al. 2021, narrower: dilated residual convolutions, a profile head and a log-counts head."""

    def __init__(self, kind=dict):
        super().__init__()
        self.kind = kind
        self.stem = nn.Conv1d(4, 12, 21, padding=10)
        self.dilated = nn.ModuleList(nn.Conv1d(12, 12, 3, padding=2**i, dilation=2**i) for i in range(1, 6))
        self.profile, self.counts = nn.Conv1d(12, 2, 25, padding=12), nn.Linear(12, 1)

    def forward(self, x):
        x = F.relu(self.stem(x))
        for layer in self.dilated:
            x = x + F.relu(layer(x))
        heads = {"profile": self.profile(x)[:, :, 20:-20], "counts": self.counts(x.mean(-1))}
        return heads if self.kind is dict else (heads["profile"], heads["counts"])


class Block(nn.Module):
    """The two residual blocks of He et al. 2016: 3x3 twice, or 1x1, 3x3, 1x1 with four times the channels out."""

    def __init__(self, channels, width, stride, bottleneck):
        super().__init__()
        out = width * (4 if bottleneck else 1)
        sizes = [(channels, width, 1, 1), (width, width, 3, stride), (width, out, 1, 1)]
        sizes = sizes if bottleneck else [(channels, width, 3, stride), (width, out, 3, 1)]
        self.convs = nn.ModuleList(nn.Conv2d(i, o, k, s, k // 2, bias=False) for i, o, k, s in sizes)
        self.norms = nn.ModuleList(nn.BatchNorm2d(o) for _, o, _, _ in sizes)
        self.relu = nn.ReLU(inplace=True)
        same = stride == 1 and channels == out
        self.skip = (
            None if same else nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        )

    def forward(self, x):
        y = x
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            y = norm(conv(y))
            y = y if i == len(self.convs) - 1 else self.relu(y)
        y += x if self.skip is None else self.skip(x)
        return self.relu(y)


def resnet(counts, bottleneck):
    stem = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    channels, blocks = 64, []
    for stage, count in enumerate(counts):
        width = 64 * 2**stage
        for i in range(count):
            blocks.append(Block(channels, width, 2 if stage and not i else 1, bottleneck))
            channels = width * (4 if bottleneck else 1)
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


def vgg16():
    """Simonyan, Zisserman 2015; its dense layers narrower."""
    layers, channels = [], 3
    for out in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0):
        if not out:
            layers.append(nn.MaxPool2d(2, 2))
            continue
        layers += [nn.Conv2d(channels, out, 3, padding=1), nn.ReLU(inplace=True)]
        channels = out
    dense = [nn.Linear(512 * 4, 64), nn.ReLU(True), nn.Dropout(), nn.Linear(64, 64), nn.ReLU(True), nn.Linear(64, 10)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), *dense)


def dna(n, length, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return F.one_hot(torch.randint(0, 4, (n, length), generator=generator), 4).transpose(1, 2).float()


def image(n, size=64):
    return torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(1))


NETS = {
    "basset": (basset, lambda: dna(3, 200), {}),
    "bpnet": (BPNet, lambda: dna(2, 160), {"output": "counts"}),
    "resnet18": (lambda: resnet((2, 2, 2, 2), False), lambda: image(2), {}),
    "resnet50": (lambda: resnet((3, 4, 6, 3), True), lambda: image(1), {}),
    "vgg16": (vgg16, lambda: image(1), {}),
}


def trained_looking(model):
    """Batch norms whose statistics and weights are not those of a fresh layer; the rest as torch draws it."""
    for norm in (m for m in model.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)):
        nn.init.uniform_(norm.weight, 0.5, 1.0)
        nn.init.normal_(norm.bias, 0.0, 0.2)
        norm.running_mean.normal_(0, 0.2)
        norm.running_var.uniform_(0.5, 1.5)
    for layer in (m for m in model.modules() if isinstance(m, nn.Conv2d)):
        nn.init.kaiming_normal_(layer.weight)
    return model


@pytest.fixture(scope="module", params=list(NETS))
def net(request):
    """(model as built, its copy, captured graph, input, explained value)."""
    make, data, options = NETS[request.param]
    torch.manual_seed(4)
    model, x = trained_looking(make()), data()
    before = copy.deepcopy(model)
    return model, before, capture(model, x, **options), x


@pytest.mark.parametrize("way", WAYS)
def test_every_way_closes_its_ledger(net, way):
    _, _, graph, x = net
    found = lrpgen.explain(graph, x, target=0, **WAYS[way])
    for values in (found.relevance, found.multipliers):
        assert torch.isfinite(values).all()
    assert (found.relevance != 0).any()
    ledger = found.ledger
    gap = (ledger["sum_in"] - ledger["sum_out"] - ledger["absorbed"] - ledger["stranded"] - ledger["scaled"]).abs()
    scale = ledger[["sum_in", "sum_out", "mass", "absorbed_bias"]].abs().max(axis=1)
    assert (gap <= 1e-4 * scale).all(), ledger[gap > 1e-4 * scale].to_string()
    if way == "relative":
        assert torch.isfinite(found.log_scale).all()
        return
    start = found.output[:, 0].double()
    kept = (ledger["absorbed"] + ledger["stranded"]).groupby(ledger["sample"]).sum().to_numpy()
    total = found.relevance.flatten(1).sum(1).double() + torch.tensor(kept)
    largest = torch.tensor(scale.groupby(ledger["sample"]).max().to_numpy())
    assert ((total - start).abs() <= 1e-3 * largest).all(), (total, start, largest)


def test_the_model_is_left_as_it_was(net):
    model, before, graph, x = net
    with torch.no_grad():
        expected = copy.deepcopy(before).eval()(x)
    found = lrpgen.explain(graph, x, target=0)
    assert model.training
    for (name, old), (_, new) in zip(before.state_dict().items(), model.state_dict().items(), strict=True):
        assert torch.equal(old, new), name
    expected = expected["counts"] if isinstance(expected, dict) else expected
    ours = (
        found.output.sigmoid()
        if isinstance(model[-1] if isinstance(model, nn.Sequential) else 0, nn.Sigmoid)
        else found.output
    )
    torch.testing.assert_close(ours, expected, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(("kind", "path"), [(dict, "profile"), (tuple, "0")])
def test_the_profile_head_of_bpnet(kind, path):
    torch.manual_seed(0)
    model, x = BPNet(kind).double().eval(), dna(2, 120).double()
    found = lrpgen.explain(model, x, output=path, target=targets.profile, composite="lrp0")
    with torch.no_grad():
        logits = model(x)[path if kind is dict else 0].flatten(1)
    centred = logits - logits.mean(1, keepdim=True)
    weighted = (centred * torch.softmax(logits, 1)).sum(1)
    # Relevance starts with gradient * output: the weighted sum, less what mean-centring takes off.
    weights = torch.softmax(logits, 1)
    started = ((weights - weights.mean(1, keepdim=True)) * logits).sum(1)
    torch.testing.assert_close(started, weighted)
    torch.testing.assert_close(found.start, weighted)
    kept = found.ledger[["absorbed", "stranded"]].sum(axis=1).groupby(found.ledger["sample"]).sum()
    torch.testing.assert_close(found.relevance.sum((1, 2)) + torch.tensor(kept.to_numpy()), weighted, atol=1e-9, rtol=0)


def test_layer_names_are_module_paths():
    model = OrderedDict(stem=nn.Conv1d(4, 3, 3), act=nn.ReLU(), pool=nn.AdaptiveMaxPool1d(1), flat=nn.Flatten())
    model["head"] = nn.Linear(3, 1)
    found = lrpgen.explain(nn.Sequential(model).eval(), dna(2, 12))
    assert [row[0] for row in found.rules] == ["stem", "act", "pool", "flat", "head"]
