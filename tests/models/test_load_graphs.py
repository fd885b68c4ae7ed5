"""Graphs with weights, of torch.export and ONNX: what they compute, and that nothing in a file is ever run."""

import io
import json
import zipfile

import pytest
import torch
from foreign_files import WIDTH, Evil, exported, net, onehot, onnx_file, same
from torch import nn

import lrpgen
from lrpgen.errors import InputError, MissingFeatureError
from lrpgen.models.convert import Source, convert, make

# torch.export


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
