"""State dicts, of networks of the zoo and of bpnet-lite: what they compute, and that nothing in a file is ever run."""

import pickle
import sys
import zipfile
from types import ModuleType

import pytest
import torch
from foreign_files import KW, WIDTH, Evil, motif_cnn, net, onehot, same
from safetensors.torch import save_file
from torch import nn

import lrpgen
from lrpgen.errors import InputError
from lrpgen.models import read_card
from lrpgen.models.convert import Source, convert


@pytest.fixture
def small():
    return motif_cnn()


@pytest.mark.parametrize("prefix", ["", "module.", "model."])
@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"state_dict": s, "epoch": 3}])
def test_checkpoints_with_their_prefixes(small, prefix, wrap, tmp_path):
    torch.save(wrap({prefix + name: value for name, value in small.state_dict().items()}), tmp_path / "m.pth")
    same(lrpgen.load_model("motif-cnn", weights=tmp_path / "m.pth", **KW), small, onehot())


def test_a_prefix_stays_where_it_does_not_help(small, tmp_path):
    state = {f"module.{name}": value for name, value in small.state_dict().items()}
    state["head.bias"] = state.pop("module.head.bias")
    save_file(state, tmp_path / "m.safetensors")
    with pytest.raises(InputError, match=r"lacks the weight conv1\.0\.weight"):
        lrpgen.load_model("motif-cnn", weights=tmp_path / "m.safetensors", **KW)


def test_weights_of_another_network(small, tmp_path):
    torch.save({**small.state_dict(), "extra": torch.zeros(2)}, tmp_path / "m.pt")
    with pytest.raises(InputError, match=r"has the weight extra of shape \(2,\), which the model has not"):
        lrpgen.load_model("motif-cnn", weights=tmp_path / "m.pt", **KW)
    with pytest.raises(InputError, match="weights and no lrpgen card; say which with --architecture"):
        lrpgen.load_model(tmp_path / "m.pt")


def test_state_dict_to_a_file_of_ours(small, tmp_path):
    torch.save(small.state_dict(), tmp_path / "m.pt")
    kwargs = {"filters": 6, "dense": 5}
    source = Source(
        str(tmp_path / "m.pt"), None, "motif-cnn", kwargs, width=WIDTH, classes=["a", "b", "none"], task="classes"
    )
    card = convert(source, tmp_path / "m.safetensors")
    assert (card.task, card.activation, card.classes) == ("classes", "softmax", ["a", "b", "none"])
    assert read_card(tmp_path / "m.safetensors") == card
    same(lrpgen.load_model(tmp_path / "m.safetensors"), small, onehot())


def pickled(folder, how):
    path, evil = folder / "evil.pt", Evil(folder / "ran")
    if how == "pickle":
        path.write_bytes(pickle.dumps({"w": evil}))
    else:
        torch.save({"w": evil}, path, _use_new_zipfile_serialization=how == "zip")
    return path


@pytest.mark.parametrize("how", ["zip", "legacy", "pickle"])
def test_pickles_are_never_run(how, tmp_path):
    path = pickled(tmp_path, how)
    for open_it in (
        lambda: lrpgen.load_model(path),
        lambda: lrpgen.load_model("motif-cnn", weights=path, **KW),
        lambda: lrpgen.load_model("bpnet-lite", weights=path),
    ):
        with pytest.raises(InputError, match="pickled Python objects, and opening it would run code"):
            open_it()
    assert not (tmp_path / "ran").exists()


def test_whole_modules_and_torchscript_are_refused(tmp_path):
    torch.save(net(), tmp_path / "whole.pt")
    with pytest.raises(InputError, match=r"save it again with torch\.save\(model\.state_dict"):
        lrpgen.load_model(tmp_path / "whole.pt")
    torch.jit.save(torch.jit.trace(net(), onehot()), tmp_path / "script.pt")
    with pytest.raises(InputError, match="is a TorchScript archive, which holds code"):
        lrpgen.load_model(tmp_path / "script.pt")


def test_whole_bpnet_lite_models_are_told_how_to_convert(tmp_path, monkeypatch):
    module = ModuleType("bpnetlite.bpnet")
    module.BPNet = type("BPNet", (nn.Linear,), {"__module__": module.__name__})
    monkeypatch.setitem(sys.modules, "bpnetlite", ModuleType("bpnetlite"))
    monkeypatch.setitem(sys.modules, "bpnetlite.bpnet", module)
    torch.save(module.BPNet(2, 2), tmp_path / "lite.pt")
    with pytest.raises(
        InputError, match=r"a whole bpnet-lite model, .*state_dict\(\), \.\.\.\) and give --architecture"
    ):
        lrpgen.load_model(tmp_path / "lite.pt")


def test_damaged_archives(tmp_path):
    torch.save(net().state_dict(), tmp_path / "m.pt")
    content = (tmp_path / "m.pt").read_bytes()
    (tmp_path / "m.pt").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="damaged or truncated archive"):
        lrpgen.load_model(tmp_path / "m.pt")
    with zipfile.ZipFile(tmp_path / "any.zip", "w") as archive:
        archive.writestr("a.txt", "text")
    with pytest.raises(InputError, match="holds no model"):
        lrpgen.load_model(tmp_path / "any.zip")


# bpnet-lite


class Lite(nn.Module):
    """The forward pass of bpnet-lite without control tracks, written from its description."""

    def __init__(self, filters=8, layers=3, outputs=2, controls=0):
        super().__init__()
        self.trimming = 47 + sum(2**i for i in range(1, layers + 1))
        self.iconv = nn.Conv1d(4, filters, 21, padding=10)
        self.rconvs = nn.ModuleList([nn.Conv1d(filters, filters, 3, padding=2**i, dilation=2**i) for i in (1, 2, 3)])
        self.fconv = nn.Conv1d(filters + controls, outputs, 75, padding=37)
        self.linear = nn.Linear(filters + (controls > 0), 1)
        self.controls = controls

    def forward(self, x):
        cut = self.trimming
        x = torch.relu(self.iconv(x))
        for conv in self.rconvs:
            x = x + torch.relu(conv(x))
        with_controls = torch.cat([x, torch.zeros(len(x), self.controls, x.shape[2])], 1)
        mean = x[:, :, cut - 37 : x.shape[2] - cut + 37].mean(2)
        mean = torch.cat([mean, torch.zeros(len(x), int(self.controls > 0))], 1)  # log(0 + 1)
        return self.fconv(with_controls)[:, :, cut : x.shape[2] - cut], self.linear(mean)


@pytest.mark.parametrize("controls", [0, 2])
def test_bpnet_lite(controls, tmp_path):
    torch.manual_seed(2)
    lite = Lite(controls=controls)
    torch.save(lite.state_dict(), tmp_path / "lite.pt")
    x = onehot(2, 160)
    with pytest.raises(InputError, match="any width; say which"):
        lrpgen.load_model("bpnet-lite", weights=tmp_path / "lite.pt")
    convert(Source("bpnet-lite", str(tmp_path / "lite.pt"), width=160), tmp_path / "m.safetensors")
    for model in (
        lrpgen.load_model("bpnet-lite", weights=tmp_path / "lite.pt", width=160),
        lrpgen.load_model(tmp_path / "m.safetensors"),
    ):
        found, (profile, counts) = model(x), lite(x)
        torch.testing.assert_close(found["profile"], profile)
        torch.testing.assert_close(found["counts"], counts)
    assert lrpgen.explain(model, x, output="counts").relevance.shape == x.shape


def test_bpnet_lite_needs_its_own_weights(small, tmp_path):
    save_file(small.state_dict(), tmp_path / "m.safetensors")
    with pytest.raises(InputError, match=r"lacks iconv\.weight"):
        lrpgen.load_model("bpnet-lite", weights=tmp_path / "m.safetensors")
    with pytest.raises(InputError, match="needs its weights"):
        lrpgen.load_model("chrombpnet")
