"""`lrpgen images initial`: a network of the images' shape that has learnt nothing."""

from __future__ import annotations

import pytest
import torch
from image_nets import write_squares

from lrpgen import load_model
from lrpgen.errors import InputError
from lrpgen.images.initial import initial
from lrpgen.models import read_card


def test_the_same_seed_gives_the_same_network(tmp_path):
    images = write_squares(tmp_path / "images.h5")
    count = initial(images, tmp_path / "a.safetensors", "simple-cnn", {"filters": 2}, 1)
    initial(images, tmp_path / "b.safetensors", "simple-cnn", {"filters": 2}, 1)
    initial(images, tmp_path / "c.safetensors", "simple-cnn", {"filters": 2}, 2)
    x = torch.rand(3, 1, 12, 12)
    a, b, c = (load_model(tmp_path / f"{name}.safetensors")(x) for name in "abc")
    assert a.shape == (3, 2)
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    card = read_card(tmp_path / "a.safetensors")
    assert (card.parameters, card.shape, card.classes) == (count, [1, 12, 12], ["left", "right"])
    assert "not trained" in card.source


def test_an_unknown_network_is_refused(tmp_path):
    images = write_squares(tmp_path / "images.h5")
    with pytest.raises(InputError, match="'alexnet' is not known"):
        initial(images, tmp_path / "a.safetensors", "alexnet", {}, 1)
