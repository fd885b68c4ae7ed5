"""`lrpgen images prepare` as a person calls it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lrpgen.images.imagefile import open_images

SAMPLES = Path(__file__).parents[2] / "data" / "images"


def test_the_shipped_clothes_with_their_foreground(call, tmp_path):
    output = tmp_path / "images.h5"
    code, out, _ = call(
        "--json", "images", "prepare", SAMPLES / "fashion_t10k_500.npz", "--masks", "foreground", "-o", output
    )
    numbers = json.loads(out)["numbers"]
    assert code == 0
    assert (numbers["images"], numbers["classes"], numbers["shape"]) == (500, 10, "1 x 28 x 28")
    held = np.load(SAMPLES / "fashion_t10k_500.npz")
    with open_images(output) as file:
        np.testing.assert_array_equal(file.pixels()[:, 0], held["x"])
        np.testing.assert_array_equal(file.masks(), held["x"] > 0)
        np.testing.assert_array_equal(file.labels, held["y"])
        train = file.inputs(file.rows(split="train"))
        assert abs(train.mean()) < 1e-4
        assert abs(train.std() - 1) < 1e-4
        assert [len(file.rows(split=part)) for part in ("train", "validation", "test")] == [
            numbers[part] for part in ("train", "validation", "test")
        ]


def test_the_same_seed_gives_the_same_bytes_of_digits_on_photographs(call, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        output = tmp_path / f"{name}.h5"
        options = ("--textures", "--size", 32, "--limit", 6, "--mean", "imagenet", "--std", "imagenet")
        assert call("images", "prepare", SAMPLES / "mnist_500.npz", *options, "--seed", seed, "-o", output)[0] == 0
    kept = {}
    for name in "abc":
        with open_images(tmp_path / f"{name}.h5") as file:
            kept[name] = file.pixels(), file.masks()
            assert kept[name][0].shape == (60, 3, 32, 32)
            assert kept[name][1].any(axis=(1, 2)).all()
            assert file.mean == [0.485, 0.456, 0.406]
    np.testing.assert_array_equal(kept["a"][0], kept["b"][0])
    np.testing.assert_array_equal(kept["a"][1], kept["b"][1])
    assert (kept["a"][0] != kept["c"][0]).any()


def folder(tmp_path, sizes):
    for number, size in enumerate(sizes):
        for name in ("cat", "dog"):
            (tmp_path / "set" / name).mkdir(parents=True, exist_ok=True)
            Image.new("RGB", size, (number, 0, 0)).save(tmp_path / "set" / name / f"{number}.png")
    return tmp_path / "set"


def test_pictures_of_several_sizes_need_one(call, tmp_path):
    source = folder(tmp_path, [(9, 7), (9, 7), (12, 8), (9, 7)])
    code, _, err = call("images", "prepare", source, "-o", tmp_path / "images.h5")
    assert code == 2
    assert "cat/2.png is 12 x 8 pixels and cat/0.png 9 x 7; give --size" in err
    assert not (tmp_path / "images.h5").exists()
    assert call("images", "prepare", source, "--size", 7, "--crop", 5, "-o", tmp_path / "images.h5")[0] == 0
    with open_images(tmp_path / "images.h5") as file:
        assert file.pixels().shape == (8, 3, 5, 5)
        assert file.classes == ["cat", "dog"]
        assert file.pixels()[:, 0, 2, 2].tolist() == [0, 1, 2, 3] * 2


def test_a_damaged_picture_leaves_the_last_good_file(call, tmp_path):
    source = folder(tmp_path, [(6, 6)] * 4)
    output = tmp_path / "images.h5"
    assert call("images", "prepare", source, "-o", output)[0] == 0
    before = output.read_bytes()
    (source / "dog" / "3.png").write_text("not a picture")
    code, _, err = call("images", "prepare", source, "-o", output)
    assert code == 2
    assert err.splitlines()[-1].startswith("lrpgen: error: ")
    assert "3.png cannot be read as an image" in err
    assert output.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


SAMPLE = SAMPLES / "mnist_500.npz"
BAD = {
    "--photographs goes with --textures": (SAMPLE, "--photographs", SAMPLES),
    "--textures makes its own masks": (SAMPLE, "--textures", "--masks", "foreground"),
    "3 numbers for 1 channel": (SAMPLE, "--mean", "imagenet"),
    "--crop 9 is larger than --size 8": (SAMPLE, "--size", 8, "--crop", 9),
    "--classes names 2 classes, the source has 10": (SAMPLE, "--classes", "a,b"),
    "nothing to measure --mean and --std auto on": (SAMPLE, "--test", 1, "--validation", 0),
    "are no shares": (SAMPLE, "--validation", 0.9, "--test", 0.9),
    "goes with files of pictures": (SAMPLE, "--masks", SAMPLES),
    "folder .* holds no images": (Path(__file__).parent,),
    "an IDX file with 0x00000803": (Path(__file__),),
    "does not exist": ("nowhere",),
}


@pytest.mark.parametrize("said", BAD)
def test_one_sentence_and_exit_code_2(call, tmp_path, said):
    code, out, err = call("images", "prepare", *BAD[said], "-o", tmp_path / "images.h5")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert re.search(said, err), err
    assert not (tmp_path / "images.h5").exists()
