"""Keras files: against what Keras 3 predicted, and for the older versions against explicit loops in numpy."""

import base64
import json
import marshal
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import lrpgen
from lrpgen.errors import InputError
from lrpgen.models.convert import Source, convert
from lrpgen.models.formats.keras import open_keras

FILES = Path(__file__).parent / "keras_files"
MMSPLICE = Path(__file__).parents[2] / "data" / "mmsplice"
FINAL = {
    "sequential": lambda y: np.exp(y) / np.exp(y).sum(1, keepdims=True),
    "functional": lambda y: 1 / (1 + np.exp(-y)),
    "image": lambda y: y,
}


def onehot(n, length, seed=0):
    """(N, L, 4), as Keras wants it."""
    return np.eye(4, dtype="float32")[np.random.default_rng(seed).integers(0, 4, (n, length))]


def run(model, x):
    with torch.no_grad():
        return model(torch.from_numpy(x)).numpy()


# what Keras 3 wrote and predicted


@pytest.mark.parametrize("name", FINAL)
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_predictions_are_those_of_keras(name, ending, tmp_path):
    expected = np.load(FILES / "expected.npz")
    x, y = expected[f"{name}_x"], expected[f"{name}_y"]
    path = FILES / f"{name}.{ending}"
    np.testing.assert_allclose(FINAL[name](run(lrpgen.load_model(path), x)), y, atol=2e-6)
    convert(Source(str(path)), tmp_path / "m.safetensors")
    np.testing.assert_allclose(FINAL[name](run(lrpgen.load_model(tmp_path / "m.safetensors"), x)), y, atol=2e-6)


def test_a_configuration_beside_its_weights():
    expected = np.load(FILES / "expected.npz")
    model = lrpgen.load_model(FILES / "sequential.json", weights=FILES / "sequential.weights.h5")
    y = FINAL["sequential"](run(model, expected["sequential_x"]))
    np.testing.assert_allclose(y, expected["sequential_y"], atol=2e-6)


@pytest.mark.parametrize("name", FINAL)
def test_they_can_be_explained(name):
    x = torch.from_numpy(np.load(FILES / "expected.npz")[f"{name}_x"])
    model = lrpgen.load_model(FILES / f"{name}.keras")
    found = lrpgen.explain(model, x)
    np.testing.assert_allclose(found.output.numpy(), run(model, x.numpy()), atol=1e-4)
    closes(found)


def closes(found):
    ledger = found.ledger
    gap = (ledger["sum_in"] - ledger["sum_out"] - ledger["absorbed"] - ledger["stranded"] - ledger["scaled"]).abs()
    scale = ledger[["sum_in", "sum_out", "mass", "absorbed_bias"]].abs().max(axis=1)
    assert len(ledger)
    assert (gap <= 1e-4 * scale).all(), ledger[gap > 1e-4 * scale].to_string()


# MMSplice: Keras 2 files as published, computed here from their configuration


def convolve(x, kernel, bias, left=0, right=0, dilation=1):
    """x (N, L, C), kernel (K, C, F): every output position by itself."""
    x = np.pad(x.astype("float64"), ((0, 0), (left, right), (0, 0)))
    length = x.shape[1] - (len(kernel) - 1) * dilation
    y = np.zeros((len(x), length, kernel.shape[2])) + bias
    for position in range(length):
        for k in range(len(kernel)):
            y[:, position] += x[:, position + k * dilation] @ kernel[k].astype("float64")
    return y


def normalise(x, group, epsilon=1e-3):
    gamma, beta, mean, variance = (
        group[f"{name}:0"][()] for name in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    return (x - mean) / np.sqrt(variance + epsilon) * gamma + beta


def acceptor(x):
    with h5py.File(MMSPLICE / "Acceptor.h5") as file:
        w = {name: group[name] for name, group in file["model_weights"].items() if len(group)}
        y = convolve(x, w["convSpliceSite"]["kernel:0"][()], w["convSpliceSite"]["bias:0"][()], 7, 7)
        y = normalise(np.maximum(y, 0), w["batch_normalization_1"])
        y = convolve(y, w["conv1by1"]["kernel:0"][()], w["conv1by1"]["bias:0"][()])
        y = normalise(np.maximum(y, 0), w["batch_normalization_2"])
        return y.reshape(len(x), -1) @ w["denseSS"]["kernel:0"][()] + w["denseSS"]["bias:0"][()]


def donor(x):
    with h5py.File(MMSPLICE / "Donor.h5") as file:
        w = {name: group[f"{name}_4"] for name, group in file["model_weights"].items() if len(group)}
        y = x.reshape(len(x), -1).astype("float64")
        for i in (1, 2):
            y = y @ w[f"dense{i}"]["kernel:0"][()] + w[f"dense{i}"]["bias:0"][()]
            y = np.maximum(normalise(y, w[f"batch_normalization_{i}"]), 0)
        return y @ w["dense_1"]["kernel:0"][()] + w["dense_1"]["bias:0"][()]


@pytest.mark.parametrize(("name", "forward", "width"), [("Acceptor", acceptor, 53), ("Donor", donor, 18)])
def test_mmsplice(name, forward, width, tmp_path):
    x = onehot(16, width)
    card = convert(Source(str(MMSPLICE / f"{name}.h5"), classes=["site"]), tmp_path / "m.safetensors")
    assert (card.task, card.activation, card.layout, card.width) == ("labels", "sigmoid", "NLC", width)
    assert card.classes == ["site"]
    model = lrpgen.load_model(tmp_path / "m.safetensors")
    rows = np.ascontiguousarray(x.transpose(0, 2, 1))
    np.testing.assert_allclose(run(model, rows), forward(x), rtol=1e-4, atol=1e-4)
    closes(lrpgen.explain(model, torch.from_numpy(rows)))


def test_the_consensus_scores_above_others():
    """An acceptor ends its intron in a pyrimidine tract and AG: 50 bp of intron, then 3 bp of exon."""
    tract = "GATAAGCTTGGCATCAACTGACATG" + "T" * 20 + "TGCAG" + "GTG"
    spoilt = tract.replace("GCAGGTG", "GCTCGTG")
    score = run(lrpgen.load_model(MMSPLICE / "Acceptor.h5"), lrpgen.encode([tract, spoilt]).float().numpy())
    assert score[0] > 0 > score[1]


# Keras 1, ChromBPNet, several outputs: files made here


def write(path, config, weights, version=b"1.2.2", **attrs):
    """A legacy HDF5 file. weights: layer -> {name: array}."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config).encode()
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = [name.encode() for name in weights]
        file.attrs["keras_version"] = version
        for key, value in attrs.items():
            root.attrs[key] = value
        for layer, arrays in weights.items():
            group = root.create_group(layer)
            group.attrs["weight_names"] = [name.encode() for name in arrays]
            for name, array in arrays.items():
                group[name] = array
    return path


def old(kernel):
    layers = [
        {
            "class_name": "Convolution1D",
            "config": {
                "name": "c", "nb_filter": 5, "filter_length": 4, "border_mode": "same", "subsample_length": 1,
                "activation": "relu", "bias": True, "input_dim": 4, "input_length": None,
                "batch_input_shape": [None, 12, 4],
            },
        },
        {"class_name": "MaxPooling1D", "config": {"name": "p", "pool_length": 2, "stride": 2, "border_mode": "valid"}},
        {"class_name": "Flatten", "config": {"name": "f"}},
        {"class_name": "Dropout", "config": {"name": "o", "p": 0.5}},
        {"class_name": "Dense", "config": {"name": "d", "output_dim": 2, "activation": "softmax", "bias": True}},
    ]  # fmt: skip
    random = np.random.default_rng(1)
    bias, dense, last = (random.normal(size=s).astype("float32") for s in (5, (30, 2), 2))
    return {"class_name": "Sequential", "config": layers}, {
        "c": {"c_W": kernel, "c_b": bias}, "p": {}, "f": {}, "o": {}, "d": {"d_W": dense, "d_b": last},
    }  # fmt: skip


def old_forward(x, kernel, weights):
    y = np.maximum(convolve(x, kernel, weights["c"]["c_b"], 1, 2), 0)  # total padding 3: the odd one to the right
    y = y.reshape(len(x), 6, 2, 5).max(2)
    return y.reshape(len(x), -1) @ weights["d"]["d_W"] + weights["d"]["d_b"]


@pytest.mark.parametrize("layout", ["1.2", "1.0", "theano"])
def test_keras_1(layout, tmp_path):
    kernel = np.random.default_rng(2).normal(size=(4, 4, 5)).astype("float32")
    stored = kernel.transpose(2, 1, 0)[..., None] if layout == "1.0" else kernel[:, None]
    config, weights = old(stored)
    attrs = {"backend": b"theano"} if layout == "theano" else {}
    model = lrpgen.load_model(write(tmp_path / "m.h5", config, weights, **attrs))
    x = onehot(6, 12)
    used = kernel[::-1] if layout == "theano" else kernel
    np.testing.assert_allclose(run(model, x.transpose(0, 2, 1).copy()), old_forward(x, used, weights), atol=1e-5)


def functional(name, kind, inputs, **config):
    nodes = [[[i, 0, 0, {}] for i in inputs]] if inputs else []
    return {"name": name, "class_name": kind, "config": {"name": name, **config}, "inbound_nodes": nodes}


def chrombpnet(path, dilated=2, filters=6, width=60):
    """The layers of chrombpnet_nobias.h5, fewer and smaller; returns the weights."""
    random = np.random.default_rng(3)
    p = "wo_bias_bpnet_"
    layers = [functional("sequence", "InputLayer", [], batch_input_shape=[None, width, 4])]
    shapes = {f"{p}1st_conv": (7, 4, filters), f"{p}prof_out_precrop": (9, filters, 1)}
    shapes |= {f"{p}{i}conv": (3, filters, filters) for i in range(1, dilated + 1)}
    layers.append(
        functional(
            f"{p}1st_conv", "Conv1D", ["sequence"], filters=filters, kernel_size=[7], padding="valid", activation="relu"
        )
    )
    last = f"{p}1st_conv"
    for i in range(1, dilated + 1):
        layers += [
            functional(
                f"{p}{i}conv",
                "Conv1D",
                [last],
                filters=filters,
                kernel_size=[3],
                padding="valid",
                activation="relu",
                dilation_rate=[2**i],
            ),
            functional(f"{p}{i}crop", "Cropping1D", [last], cropping=[2**i, 2**i]),
            functional(f"add_{i}", "Add", [f"{p}{i}conv", f"{p}{i}crop"]),
        ]
        last = f"add_{i}"
    layers += [
        functional(
            f"{p}prof_out_precrop", "Conv1D", [last], filters=1, kernel_size=[9], padding="valid", activation="linear"
        ),
        functional("crop", "Cropping1D", [f"{p}prof_out_precrop"], cropping=[4, 4]),
        functional(f"{p}logits_profile_predictions", "Flatten", ["crop"]),
        functional("gap", "GlobalAveragePooling1D", [last]),
        functional(f"{p}logcount_predictions", "Dense", ["gap"], units=1, activation="linear"),
    ]
    weights = {
        n: {f"{n}/kernel:0": random.normal(size=s) * 0.3, f"{n}/bias:0": random.normal(size=s[-1])}
        for n, s in shapes.items()
    }
    n = f"{p}logcount_predictions"
    weights[n] = {f"{n}/kernel:0": random.normal(size=(filters, 1)), f"{n}/bias:0": random.normal(size=1)}
    outputs = [[f"{p}logits_profile_predictions", 0, 0], [n, 0, 0]]
    config = {"layers": layers, "input_layers": [["sequence", 0, 0]], "output_layers": outputs}
    write(path, {"class_name": "Functional", "config": config}, weights, version=b"2.8.0")
    return {name: list(arrays.values()) for name, arrays in weights.items()}


def test_chrombpnet(tmp_path):
    w = chrombpnet(tmp_path / "nobias.h5")
    p, x = "wo_bias_bpnet_", onehot(3, 60)
    y = np.maximum(convolve(x, *w[f"{p}1st_conv"]), 0)
    for i in (1, 2):
        y = np.maximum(convolve(y, *w[f"{p}{i}conv"], dilation=2**i), 0) + y[:, 2**i : -(2**i)]
    profile = convolve(y, *w[f"{p}prof_out_precrop"])[:, 4:-4, 0]
    kernel, bias = w[f"{p}logcount_predictions"]
    rows = torch.from_numpy(x.transpose(0, 2, 1).copy())
    model = lrpgen.load_model("chrombpnet", weights=tmp_path / "nobias.h5")
    found = model(rows)
    np.testing.assert_allclose(found["profile"].detach(), profile, atol=1e-4)
    np.testing.assert_allclose(found["counts"].detach(), y.mean(1) @ kernel + bias, atol=1e-4)
    closes(lrpgen.explain(model, rows, output="counts"))
    convert(Source("chrombpnet", str(tmp_path / "nobias.h5"), output="counts"), tmp_path / "c.safetensors")
    kept = lrpgen.load_model(tmp_path / "c.safetensors")
    torch.testing.assert_close(kept(rows), found["counts"])


def test_chrombpnet_is_recognised_by_its_outputs():
    with pytest.raises(InputError, match="not ChromBPNet's"):
        lrpgen.load_model("chrombpnet", weights=MMSPLICE / "Donor.h5")


# what is refused


def marked(folder):
    """A Lambda layer as Keras 2 stores it: marshalled code, which would leave a file behind."""
    code = compile(f"open({str(folder / 'ran')!r}, 'w')", "x", "eval")
    return base64.b64encode(marshal.dumps(code)).decode()


def tiny(*middle, width=8, units=2):
    layers = [
        {"class_name": "InputLayer", "config": {"name": "i", "batch_input_shape": [None, width, 4]}},
        *middle,
        {"class_name": "Flatten", "config": {"name": "f"}},
        {"class_name": "Dense", "config": {"name": "d", "units": units}},
    ]
    return {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}


def dense(rows=32, units=2, value=0.5):
    return {"d": {"d/kernel:0": np.full((rows, units), value), "d/bias:0": np.zeros(units)}}


def test_code_in_a_layer_is_never_run(tmp_path):
    config = {"name": "evil", "function": [marked(tmp_path), None, None], "function_type": "lambda"}
    write(tmp_path / "l.h5", tiny({"class_name": "Lambda", "config": config}), dense())
    with pytest.raises(InputError, match="layer evil is a Lambda, which holds Python code"):
        lrpgen.load_model(tmp_path / "l.h5")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ({"class_name": "LSTM", "config": {"name": "r"}}, "layer r is a LSTM, which lrpgen cannot read"),
        ({"class_name": "pkg>Mine", "config": {"name": "m"}}, "layer m is a Mine"),
        (
            {"class_name": "Activation", "config": {"name": "a", "activation": "wavy"}},
            "layer a has the activation wavy",
        ),
        ({"class_name": "Conv1D", "config": {"name": "c", "filters": 2}}, r"layer c \(Conv1D\) has settings"),
        ({"class_name": "BatchNormalization", "config": {"name": "b", "axis": 1}}, "layer b normalises another axis"),
    ],
)
def test_layers_that_cannot_be_read_are_named(layer, words, tmp_path):
    write(tmp_path / "m.h5", tiny(layer), dense())
    with pytest.raises(InputError, match=words):
        lrpgen.load_model(tmp_path / "m.h5")


def test_weights_that_do_not_fit(tmp_path):
    for name, weights, words in (
        ("shape", dense(rows=30), r"layers\.d\.linear\.weight has shape \(2, 30\), the model needs \(2, 32\)"),
        ("nan", dense(value=np.nan), r"layers\.d\.linear\.weight holds NaN"),
        ("other", {"e": dense()["d"]}, "lacks the weights of layer d"),
        ("few", {"d": {"d/kernel:0": np.zeros((32, 2))}}, r"layer d \(Dense\) has 1 weights stored, 2 are needed"),
    ):
        with pytest.raises(InputError, match=words):
            lrpgen.load_model(write(tmp_path / f"{name}.h5", tiny(), weights))


def test_damaged_files(tmp_path):
    for name in ("sequential.h5", "sequential.keras", "sequential.json"):
        content = (FILES / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) * 2 // 3])
        with pytest.raises(InputError, match=f"{name} is|{name}: its part|in {name}"):
            lrpgen.load_model(tmp_path / name)
    (tmp_path / "text.h5").write_text("not hdf5")
    with pytest.raises(InputError, match="nor another model file"):
        lrpgen.load_model(tmp_path / "text.h5")


def test_weights_and_configurations_alone(tmp_path):
    with pytest.raises(InputError, match="no Keras model configuration"):
        lrpgen.load_model(FILES / "sequential.weights.h5")
    with pytest.raises(InputError, match="without its weights"):
        lrpgen.load_model(FILES / "sequential.json")
    with pytest.raises(InputError, match=r"lacks the weights|weights stored"):
        lrpgen.load_model(FILES / "sequential.json", weights=FILES / "image.h5")


def test_windows_of_any_width_need_one(tmp_path):
    pool = {"class_name": "GlobalMaxPooling1D", "config": {"name": "g"}}
    write(tmp_path / "m.h5", tiny(pool, width=None), dense(rows=4))
    with pytest.raises(InputError, match="any width; say which"):
        lrpgen.load_model(tmp_path / "m.h5")
    assert open_keras(tmp_path / "m.h5", width=20).shape == (20, 4)
    assert run(lrpgen.load_model(tmp_path / "m.h5", width=20), np.ones((1, 4, 20), "float32")).shape == (1, 2)
