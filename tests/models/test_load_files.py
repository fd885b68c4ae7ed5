"""State dicts, torch.export, ONNX, bpnet-lite: what they compute, and that nothing in a file is ever run."""

import io
import json
import os
import pickle
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from torch import nn

import lrpgen
from lrpgen.errors import InputError, LrpgenError, MissingFeatureError
from lrpgen.models import MotifCNN, read_card
from lrpgen.models.adapt import Adapted, guessed_layout
from lrpgen.models.convert import Source, convert, make

WIDTH = 24
KW = {"classes": 3, "width": WIDTH, "filters": 6, "dense": 5}


class Evil:
    """Unpickled, it leaves a file behind."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


def onehot(n=5, width=WIDTH, seed=0):
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randint(0, 4, (n, width), generator=generator)
    return nn.functional.one_hot(rows, 4).transpose(1, 2).float()


def net(final=None, seed=1):
    torch.manual_seed(seed)
    parts = [nn.Conv1d(4, 8, 5, padding=2), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten()]
    model = nn.Sequential(*parts, nn.Linear(8 * WIDTH // 2, 3), *([final] if final else [])).eval()
    model[1].running_mean.uniform_(-1, 1)
    return model


@pytest.fixture
def small():
    torch.manual_seed(0)
    return MotifCNN(**KW).eval()


def same(a, b, x):
    with torch.no_grad():
        torch.testing.assert_close(a(x), b(x), atol=1e-5, rtol=1e-5)


# weights by name


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


# torch.export


def exported(folder, model=None, name="m.pt2"):
    program = torch.export.export(
        model or net(nn.Softmax(1)), (onehot(2),), dynamic_shapes=({0: torch.export.Dim("batch")},)
    )
    torch.export.save(program, folder / name)
    return folder / name


@pytest.mark.parametrize(("final", "task"), [(nn.Softmax(1), "classes"), (nn.Sigmoid(), "labels"), (None, "values")])
def test_exported_models(final, task, tmp_path):
    path = exported(tmp_path, net(final))
    card = convert(Source(str(path)), tmp_path / "m.safetensors")
    assert (card.task, card.width, card.layout, len(card.classes)) == (task, WIDTH, "NCL", 3)
    path.unlink()
    model = lrpgen.load_model(tmp_path / "m.safetensors")
    same(model, net(), onehot())
    found, wanted = lrpgen.explain(model, onehot()), lrpgen.explain(net(), onehot())
    torch.testing.assert_close(found.relevance, wanted.relevance)


def changed(path, member, change):
    """The archive with one member changed; `change` takes its bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w") as new:
        for info in old.infolist():
            data = old.read(info.filename)
            new.writestr(info.filename, change(data) if info.filename.endswith(member) else data)
    path.write_bytes(made.getvalue())


def in_json(old, new):
    def change(data):
        text = json.dumps(json.loads(data))
        assert old in text
        return text.replace(old, new).encode()

    return change


@pytest.mark.parametrize(
    ("member", "change", "words"),
    [
        ("models/model.json", in_json("torch.ops.aten.relu.default", "torch.os.system"), "calls torch.os.system"),
        ("models/model.json", in_json("Symbol(", "print("), "has the shape expression"),
        ("weights_config.json", in_json('"use_pickle": false', '"use_pickle": true'), "holds pickled weights"),
        ("models/model.json", lambda data: data[:100], "damaged torch.export archive"),
    ],
)
def test_exported_archives_that_could_run_code(member, change, words, tmp_path):
    path = exported(tmp_path)
    changed(path, member, change)
    with pytest.raises(InputError, match=words):
        lrpgen.load_model(path)


@pytest.mark.parametrize(
    "member", ["sample_inputs/model.pt", "weights/model.pt", "constants/custom_obj_0", "aotinductor/m.so"]
)
def test_pickles_in_exported_archives_are_never_run(member, tmp_path):
    path, content = exported(tmp_path), io.BytesIO()
    torch.save(Evil(tmp_path / "ran"), content)
    changed(path, "sample_inputs/model.pt", lambda data: content.getvalue() if "sample" in member else data)
    if "sample" not in member:
        with zipfile.ZipFile(path, "a") as archive:
            top = archive.namelist()[0].partition("/")[0]
            archive.writestr(f"{top}/data/{member}", content.getvalue())
    with pytest.raises(InputError, match=r"never unpickles|never runs"):
        lrpgen.load_model(path)
    assert not (tmp_path / "ran").exists()


# ONNX


def onnx_file(path, auto_pad="NOTSET", stride=1, final="Softmax", value=None, batch="N"):
    """conv, ReLU, flatten, gemm, final; returns its weights as a torch module without the final activation."""
    torch.manual_seed(4)
    pads = {"auto_pad": auto_pad} if auto_pad != "NOTSET" else {"pads": [2, 1]}
    length = -(-WIDTH // stride)
    conv, linear = nn.Conv1d(4, 6, 4, stride=stride), nn.Linear(6 * length, 3)
    if value is not None:
        conv.bias.data[0] = value
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], kernel_shape=[4], strides=[stride], **pads),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Flatten", ["r"], ["f"]),
        helper.make_node("Gemm", ["f", "v", "d"], ["g" if final else "y"], transB=1),
        *([helper.make_node(final, ["g"], ["y"])] if final else []),
    ]
    tensors = {"w": conv.weight, "b": conv.bias, "v": linear.weight, "d": linear.bias}
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 4, WIDTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 3])],
        [numpy_helper.from_array(t.detach().numpy(), n) for n, t in tensors.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    total = max((length - 1) * stride + 4 - WIDTH, 0)
    left = total // 2 if auto_pad == "SAME_UPPER" else total - total // 2
    return nn.Sequential(nn.ConstantPad1d((left, total - left), 0.0), conv, nn.ReLU(), nn.Flatten(), linear).eval()


@pytest.mark.parametrize(
    ("auto_pad", "stride"), [("NOTSET", 1), ("SAME_UPPER", 1), ("SAME_LOWER", 1), ("SAME_UPPER", 3)]
)
def test_onnx(auto_pad, stride, tmp_path):
    wanted = onnx_file(tmp_path / "m.onnx", auto_pad, stride)
    card = convert(Source(str(tmp_path / "m.onnx")), tmp_path / "m.safetensors")
    assert (card.task, card.activation, card.width) == ("classes", "softmax", WIDTH)
    model = lrpgen.load_model(tmp_path / "m.safetensors")
    same(model, wanted, onehot())
    torch.testing.assert_close(
        lrpgen.explain(model, onehot()).relevance, lrpgen.explain(wanted, onehot()).relevance, atol=1e-4, rtol=1e-4
    )


def test_onnx_with_a_sigmoid_or_nothing_at_the_end(tmp_path):
    for final, task in (("Sigmoid", "labels"), (None, "values")):
        wanted = onnx_file(tmp_path / "m.onnx", final=final)
        model, card = make(Source(str(tmp_path / "m.onnx")))
        assert card.task == task
        same(model, wanted, onehot())


def test_onnx_that_cannot_be_read(tmp_path, monkeypatch):
    path = tmp_path / "m.onnx"
    onnx_file(path, value=float("nan"))
    with pytest.raises(InputError, match="holds NaN"):
        lrpgen.load_model(path)
    onnx_file(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="no valid ONNX model"):
        lrpgen.load_model(path)
    path.write_bytes(content)
    from importlib import util

    real = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *a: None if name == "onnx2torch" else real(name, *a))
    with pytest.raises(MissingFeatureError, match="onnx2torch is not installed; run: pip install"):
        lrpgen.load_model(path)


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


# conventions


@pytest.mark.parametrize("layout", ["NCL", "NLC", "NLC1", "N1LC", "NC1L", "NCL1"])
@pytest.mark.parametrize("channels", ["ACGT", "ATGC"])
def test_every_layout_gets_what_it_wants(layout, channels):
    class Check(nn.Module):
        def forward(self, x):
            return x

    x = onehot(2, 7)
    seen = Adapted(Check(), channels, layout)(x)
    n, c, length = (layout.index(letter) for letter in "NCL")
    assert seen.shape == tuple({"N": 2, "C": 4, "L": 7, "1": 1}[letter] for letter in layout)
    plain = seen.permute(n, c, length, *[i for i, letter in enumerate(layout) if letter == "1"]).reshape(2, 4, 7)
    for row, base in enumerate(channels):
        assert torch.equal(plain[:, row], x[:, "ACGT".index(base)])
    assert guessed_layout(tuple(seen.shape[1:])) == layout


def test_relevance_comes_back_in_our_order():
    class Inner(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = net()

        def forward(self, x):  # (N, L, 4), bases A T G C
            return self.body(x.transpose(1, 2).index_select(1, torch.tensor([0, 3, 2, 1])))

    a = lrpgen.explain(Adapted(Inner(), "ATGC", "NLC"), onehot())
    torch.testing.assert_close(a.relevance, lrpgen.explain(net(), onehot()).relevance)


def test_what_cannot_be_guessed_is_asked_for(tmp_path):
    class Flat(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4 * WIDTH, 2)

        def forward(self, x):
            return self.linear(x)

    program = torch.export.export(Flat(), (torch.zeros(2, 4 * WIDTH),))
    torch.export.save(program, tmp_path / "flat.pt2")
    with pytest.raises(InputError, match="does not say which axis holds the bases"):
        lrpgen.load_model(tmp_path / "flat.pt2")
    for options, words in (
        ({"layout": "XYZ"}, "layout 'XYZ' must be N"),
        ({"channels": "ACGG"}, "channels 'ACGG' must hold each"),
        ({"layout": "NLC"}, "layout NLC does not fit"),
        ({"task": "magic"}, "task 'magic' is not known"),
        ({"width": 99}, "takes windows of 24 bp, not of 99 bp"),
        ({"classes": ["a"]}, "has 3 outputs, --classes names 1"),
        ({"colour": "red"}, "takes no such option"),
    ):
        with pytest.raises(InputError, match=words):
            lrpgen.load_model(exported(tmp_path), **options)


@pytest.mark.parametrize("kind", ["pt2", "onnx", "pt", "h5", "keras", "safetensors"])
def test_any_damage_is_one_error_of_ours(kind, small, tmp_path):
    """Cut at twelve places, and with a few bytes changed: it opens, or says in our words that it does not."""
    path, options = tmp_path / f"m.{kind}", {}
    if kind == "onnx":
        onnx_file(path)
    elif kind == "pt2":
        exported(tmp_path)
    elif kind in ("h5", "keras"):
        path.write_bytes((Path(__file__).parent / "keras_files" / f"image.{kind}").read_bytes())
    else:
        options = {"weights": path, **KW}
        (torch.save if kind == "pt" else save_file)(small.state_dict(), path)
    whole, said = path.read_bytes(), []
    for seed in range(24):
        random = np.random.default_rng(seed)
        content = np.frombuffer(whole, np.uint8).copy()
        if seed % 2:
            content[random.integers(0, len(content), 40)] = random.integers(0, 256, 40)
        else:
            content = content[: int(len(whole) * seed / 24)]
        path.write_bytes(content.tobytes())
        try:
            lrpgen.load_model("motif-cnn" if options else path, **options)
        except LrpgenError as error:
            said.append(str(error))
    assert len(said) >= 12
    assert all(str(path) in sentence for sentence in said)
