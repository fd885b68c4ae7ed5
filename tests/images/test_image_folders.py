"""Folders of picture files: layouts, colour modes, orientation, and files that are no pictures."""

import numpy as np
import pytest
from PIL import Image

from lrpgen.errors import InputError
from lrpgen.images.decode import load_mask, load_picture
from lrpgen.images.sources import find

RED, BLACK = (255, 0, 0), (0, 0, 0)


def picture(path, size=(6, 4), colour=RED):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def test_a_folder_for_each_class(tmp_path):
    for name in ("cat/b.png", "cat/a.png", "dog/deep/c.PNG"):
        picture(tmp_path / name)
    (tmp_path / "cat" / "notes.txt").write_text("not a picture")
    (tmp_path / "cat" / "._a.png").write_bytes(b"macOS")
    found = find(tmp_path)
    assert list(found.names) == ["cat/a.png", "cat/b.png", "dog/deep/c.PNG"]
    assert found.classes == ["cat", "dog"]
    assert found.labels.tolist() == [0, 0, 1]
    assert found.parts.tolist() == [-1, -1, -1]
    assert found.ignored == 2


def test_imagenette_names_its_classes_and_tests_on_val(tmp_path):
    for name in ("train/n01440764/a.jpg", "train/n03888257/b.jpg", "val/n01440764/c.jpg", "val/n03888257/d.jpg"):
        picture(tmp_path / name)
    found = find(tmp_path)
    assert found.classes == ["tench", "parachute"]
    assert dict(zip(found.names, found.parts.tolist(), strict=True)) == {
        "train/n01440764/a.jpg": 0,
        "train/n03888257/b.jpg": 0,
        "val/n01440764/c.jpg": 2,
        "val/n03888257/d.jpg": 2,
    }
    assert sorted(found.labels) == [0, 0, 1, 1]


def test_val_stays_validation_where_there_is_test(tmp_path):
    for name in ("train/cat/a.png", "val/cat/b.png", "test/cat/c.png"):
        picture(tmp_path / name)
    assert sorted(find(tmp_path).parts) == [0, 1, 2]


def test_every_colour_mode_becomes_rgb(tmp_path):
    """The same red in each mode; grey of 16 bits keeps its upper byte."""
    red = Image.new("RGB", (2, 2), RED)
    clear = Image.new("RGBA", (2, 2), (*RED, 0))
    for name, image in {"p.png": red.convert("P"), "cmyk.tif": red.convert("CMYK"), "alpha.png": clear}.items():
        image.save(tmp_path / name)
        assert load_picture(tmp_path / name).mode == "RGB"
        assert load_picture(tmp_path / name).getpixel((1, 1)) == RED, name
    Image.new("L", (2, 2), 7).save(tmp_path / "grey.png")
    Image.fromarray(np.full((2, 2), 0x8040, np.uint16)).save(tmp_path / "deep.png")
    Image.new("1", (2, 2), 1).save(tmp_path / "bit.png")
    Image.new("LA", (2, 2), (9, 0)).save(tmp_path / "la.png")
    found = [load_picture(tmp_path / f"{name}.png").getpixel((0, 0)) for name in ("grey", "deep", "bit", "la")]
    assert found == [(7, 7, 7), (128, 128, 128), (255, 255, 255), (9, 9, 9)]


def test_a_cmyk_jpeg_is_red(tmp_path):
    Image.new("RGB", (16, 16), RED).convert("CMYK").save(tmp_path / "cmyk.jpg", quality=100)
    red, green, blue = load_picture(tmp_path / "cmyk.jpg").getpixel((8, 8))
    assert red > 245
    assert max(green, blue) < 10


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [(1, (0, 0)), (2, (5, 0)), (3, (5, 3)), (4, (0, 3)), (5, (0, 0)), (6, (3, 0)), (7, (3, 5)), (8, (0, 5))],
)
def test_exif_turns_the_picture_upright(tmp_path, orientation, corner):
    """6 x 4 pixels with the stored upper left one red. 3 turns by 180 degrees, 6 clockwise, 8 against it; 2 and 4 mirror;
    5 swaps the axes, 7 swaps them the other way."""
    image = Image.new("RGB", (6, 4), BLACK)
    image.putpixel((0, 0), RED)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(tmp_path / "turned.png", exif=exif)
    upright = load_picture(tmp_path / "turned.png")
    assert upright.size == ((6, 4) if orientation < 5 else (4, 6))
    assert np.argwhere(np.asarray(upright)[..., 0]).tolist() == [[corner[1], corner[0]]]


def test_masks_of_0_and_255_of_0_and_1_and_of_a_palette(tmp_path):
    wanted = np.array([[True, False], [False, True]])
    Image.fromarray(np.where(wanted, 255, 0).astype(np.uint8)).save(tmp_path / "white.png")
    Image.fromarray(np.where(wanted, 200, 100).astype(np.uint8)).save(tmp_path / "soft.png")
    Image.fromarray(wanted.astype(np.uint8)).save(tmp_path / "ones.png")
    palette = Image.fromarray(wanted.astype(np.uint8)).convert("P")
    palette.putpalette([0, 0, 0, 128, 0, 0])
    palette.save(tmp_path / "palette.png")
    Image.fromarray(wanted).save(tmp_path / "bits.png")
    for name in ("white", "soft", "ones", "palette", "bits"):
        np.testing.assert_array_equal(np.asarray(load_mask(tmp_path / f"{name}.png")), np.where(wanted, 255, 0), name)


def test_files_that_are_no_pictures(tmp_path):
    photograph = picture(tmp_path / "whole.jpg", size=(200, 200))
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    for name in ("cut.jpg", "cut.png"):
        Image.fromarray(noise).save(tmp_path / name)
        raw = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(raw[: len(raw) // 2])
    (tmp_path / "text.jpg").write_text("I am text")
    (tmp_path / "empty.jpg").write_bytes(b"")
    Image.fromarray(np.zeros((2, 2), np.float32)).save(tmp_path / "float.tif")
    assert load_picture(photograph).size == (200, 200)
    for name in ("cut.jpg", "cut.png", "text.jpg", "empty.jpg"):
        with pytest.raises(InputError, match=f"{name} cannot be read as an image .*; replace or remove it"):
            load_picture(tmp_path / name)
    with pytest.raises(InputError, match="pixels of 32 bits"):
        load_picture(tmp_path / "float.tif")


def test_folders_that_hold_nothing(tmp_path):
    with pytest.raises(InputError, match="holds no images"):
        find(tmp_path)
    picture(tmp_path / "cat" / "a.png")
    (tmp_path / "dog").mkdir()
    with pytest.raises(InputError, match=r"class folder .*dog is empty"):
        find(tmp_path)
    with pytest.raises(InputError, match="is one picture; give the folder"):
        find(tmp_path / "cat" / "a.png")
    with pytest.raises(InputError, match="does not exist"):
        find(tmp_path / "nowhere")
