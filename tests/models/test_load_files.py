"""Any file of another tool: its layout and the order of its bases, what must be asked for, and damage."""

from pathlib import Path

import numpy as np
import pytest
import torch
from foreign_files import KW, WIDTH, exported, motif_cnn, net, onehot, onnx_file
from safetensors.torch import save_file
from torch import nn

import lrpgen
from lrpgen.errors import InputError, LrpgenError
from lrpgen.models.adapt import Adapted, guessed_layout


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
def test_any_damage_is_one_error_of_ours(kind, tmp_path):
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
        (torch.save if kind == "pt" else save_file)(motif_cnn().state_dict(), path)
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
