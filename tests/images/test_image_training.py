"""Training on an images file: it learns, repeats bit for bit under any memory budget, and says what it cannot do."""

import json

import numpy as np
import pytest
import torch
from picture_nets import small

import lrpgen
from lrpgen.errors import InputError
from lrpgen.images.imagefile import ImageSet, open_images, write_images
from lrpgen.images.train import train
from lrpgen.models import read_card
from lrpgen.models.training import Training

SIDE, COUNT, KINDS = 64, 270, 3
OPTIONS = {
    "architecture": "simple-cnn",
    "settings": {"filters": 4, "hidden": 16, "dropout": 0.1},
    "batch_size": 8,
    "learning_rate": 5e-3,
    "averaging": 0.5,  # of the last few steps: there are few
    "threads": 1,
}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Noise with one bright quarter, which is the class; 90 images in each part, and one in each without a class."""
    rng = np.random.default_rng(5)
    labels = np.arange(COUNT) % KINDS
    pixels = rng.integers(0, 90, (COUNT, 3, SIDE, SIDE), dtype=np.uint8)
    for label, (down, right) in enumerate([(0, 0), (0, 1), (1, 0)]):
        half = SIDE // 2
        pixels[labels == label, :, down * half : (down + 1) * half, right * half : (right + 1) * half] += 120
    labels[:KINDS] = -1
    split = np.arange(COUNT) // KINDS % 3
    path = tmp_path_factory.mktemp("training") / "images.h5"
    names = [f"image {number}" for number in range(COUNT)]
    write_images(path, ImageSet(pixels, labels, split, ["one", "two", "three"], names))
    return path


@pytest.fixture(scope="module")
def trained(images, tmp_path_factory):
    """(model file, its history)."""
    folder = tmp_path_factory.mktemp("trained")
    found = train(images, folder / "model.safetensors", Training(**OPTIONS, epochs=4), folder / "history.json")
    assert json.loads((folder / "history.json").read_text()) == found
    return folder / "model.safetensors", found


def test_it_learns_and_says_how_well_on_the_test_part(images, trained):
    path, history = trained
    assert history["test"]["images"] == 90
    assert history["test"]["accuracy"] > 0.95
    with open_images(images) as file:
        rows = file.rows(split="test")
        x, labels = torch.from_numpy(file.inputs(rows)), file.labels[rows]
        right = (lrpgen.load_model(path)(x).argmax(1).numpy() == labels).mean()
        card = read_card(path)
        assert card.normalisation == {"mean": file.mean, "std": file.std}
    assert right == history["test"]["accuracy"] == card.training["test"]["accuracy"]
    assert (card.classes, card.shape, card.task) == (["one", "two", "three"], [3, SIDE, SIDE], "classes")
    assert not path.with_name(path.name + ".checkpoint").exists()


def test_the_same_seed_gives_the_same_weights_and_another_does_not(images, trained, tmp_path):
    first = lrpgen.load_model(trained[0]).state_dict()
    for seed, same in ((1, True), (2, False)):
        train(images, tmp_path / "again.safetensors", Training(**OPTIONS, epochs=4, seed=seed))
        again = lrpgen.load_model(tmp_path / "again.safetensors").state_dict()
        assert all(torch.equal(first[name], again[name]) for name in first) is same


def test_images_that_do_not_fit_the_budget_are_read_in_blocks(images, tmp_path):
    """90 images of 12,288 bytes are more than 1 MB: the part is read in blocks every epoch."""
    history = train(images, tmp_path / "m.safetensors", Training(**OPTIONS, epochs=3, buffer_mb=1, workers=0))
    assert history["test"]["accuracy"] > 0.9


def test_it_goes_on_from_weights_of_other_classes(images, tmp_path):
    torch.save(small("simple-cnn", filters=4, hidden=16, height=SIDE, width=SIDE).state_dict(), tmp_path / "five.pth")
    train(images, tmp_path / "m.safetensors", Training(**OPTIONS, epochs=1), weights=tmp_path / "five.pth")
    assert read_card(tmp_path / "m.safetensors").training["weights"] == "five.pth"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"architecture": "basset"}, "network 'basset' is not known; choose one of simple-cnn"),
        ({"settings": {"channels": 1}}, "channels=... is not yours to set: the images decide it"),
        ({"settings": {"depth": 3}}, "depth"),
        ({"architecture": "resnet18", "batch_size": 1, "settings": {"filters": 2}}, "batch_size=1 is too small"),
    ],
)
def test_what_cannot_be_trained_is_said_in_one_sentence(images, tmp_path, more, says):
    with pytest.raises(InputError, match=says):
        train(images, tmp_path / "m.safetensors", Training(**{**OPTIONS, **more}))
    assert not (tmp_path / "m.safetensors").exists()
