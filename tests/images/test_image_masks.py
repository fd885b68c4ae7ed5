"""Where the object is: pairs of files, foreground, and digits on photographs."""

import numpy as np
import pytest
from PIL import Image

from lrpgen.errors import InputError
from lrpgen.images.found import from_arrays
from lrpgen.images.imagefile import open_images
from lrpgen.images.masks import with_foreground, with_masks
from lrpgen.images.prepare import Preparation, prepare
from lrpgen.images.sources import find
from lrpgen.images.textures import COLUMNS, on_textures


def save(path, size=(8, 6), value=255, mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value).save(path)


def grey(tmp_path, pixels, parts=(0,)):
    pixels = np.asarray(pixels, np.uint8)
    return from_arrays("toy", tmp_path, [(parts[0], pixels, np.zeros(len(pixels), int))])


@pytest.mark.parametrize(
    ("images", "masks"), [("images", "ground_truth_mask"), ("Images", "masks"), ("", ""), ("img", "GT")]
)
def test_pairs_of_image_and_mask(tmp_path, images, masks):
    for number, value in ((1, 255), (2, 0)):
        save(tmp_path / images / f"000{number}.jpg", mode="RGB", value=(9, 9, 9))
        save(tmp_path / masks / f"000{number}.png", value=value)
    found = find(tmp_path)
    assert found.kind == "pairs"
    assert list(found.names) == ["0001.jpg", "0002.jpg"]
    assert [np.asarray(found.mask(row)).max() for row in (0, 1)] == [255, 0]
    assert found.labels.tolist() == [-1, -1]
    assert found.classes == []


def test_masks_that_do_not_match(tmp_path):
    save(tmp_path / "images" / "a.png")
    save(tmp_path / "masks" / "a.png", size=(8, 7))
    with pytest.raises(InputError, match=r"mask .*a.png is 8 x 7 pixels, its image a.png 8 x 6"):
        find(tmp_path).mask(0)
    save(tmp_path / "images" / "b.png")
    with pytest.raises(InputError, match=r"no mask for .*b.png \(looked for b.\* in"):
        find(tmp_path)
    with pytest.raises(InputError, match="goes with files of pictures"):
        with_masks(grey(tmp_path, np.zeros((1, 2, 2))), tmp_path, tmp_path)


def test_masks_in_a_tree_like_that_of_the_images(tmp_path):
    """Two images of one name: each takes the mask of its own folder."""
    for name, value in (("cat", 255), ("dog", 0)):
        save(tmp_path / "set" / name / "1.png")
        save(tmp_path / "truth" / name / "1.png", value=value)
    found = with_masks(find(tmp_path / "set"), tmp_path / "set", tmp_path / "truth")
    assert [np.asarray(found.mask(row)).max() for row in (0, 1)] == [255, 0]


def test_foreground_is_what_is_not_black(tmp_path):
    found = with_foreground(grey(tmp_path, [[[0, 1], [255, 0]]]))
    assert (np.asarray(found.mask(0)) > 0).tolist() == [[False, True], [True, False]]
    coloured = from_arrays("toy", tmp_path, [(0, np.zeros((1, 2, 2, 3), np.uint8), np.zeros(1, int))])
    with pytest.raises(InputError, match="grey images on black"):
        with_foreground(coloured)


def test_masks_follow_their_images_through_resize_and_crop(tmp_path):
    """White left half, in image and mask: after halving 16 x 8 and cropping 4 columns they still agree."""
    half = np.zeros((8, 16), np.uint8)
    half[:, :8] = 255
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
        Image.fromarray(half).save(tmp_path / folder / "a.png")
    prepare(tmp_path, tmp_path / "out.h5", how=Preparation(size=4, mean="imagenet", std="imagenet"))
    with open_images(tmp_path / "out.h5") as file:
        assert (file.height, file.width) == (4, 4)
        np.testing.assert_array_equal(file.masks()[0], [[True, True, False, False]] * 4)
        np.testing.assert_array_equal(file.masks()[0], file.pixels()[0, 0] > 127)
        assert file.split.tolist() == [2]


def test_a_pasted_digit_is_its_mask(tmp_path):
    """A white square of 28 pixels, 64 wide canvas, a photograph of one colour: outside the mask the photograph, inside
    one other colour."""
    photographs = tmp_path / "photographs"
    save(photographs / "plain.png", size=(500, 300), mode="RGB", value=(200, 30, 90))
    found = on_textures(grey(tmp_path, np.full((3, 28, 28), 255)), np.zeros(3, np.int8), 64, 1, photographs)
    corners = set()
    for row in range(3):
        pixels, mask = np.asarray(found.image(row)), np.asarray(found.mask(row)) > 0
        assert mask.sum() == 28 * 28
        assert (pixels[~mask] == (200, 30, 90)).all()
        assert len(np.unique(pixels[mask], axis=0)) == 1
        assert np.abs(pixels[mask][0].astype(int) - (200, 30, 90)).sum() > 100
        corners.add(tuple(np.argwhere(mask)[0]))
    assert len(corners) == 3
    again = on_textures(grey(tmp_path, np.full((3, 28, 28), 255)), np.zeros(3, np.int8), 64, 1, photographs)
    np.testing.assert_array_equal(np.asarray(again.image(2)), np.asarray(found.image(2)))


def test_test_images_show_columns_of_a_photograph_that_no_other_part_shows(tmp_path):
    """A photograph whose red is its column; the digits are black, which pastes nothing, so that patches can be read."""
    columns = np.broadcast_to((np.arange(250) // 1)[None, :, None], (100, 250, 3)).astype(np.uint8)
    (tmp_path / "photographs").mkdir()
    Image.fromarray(columns).save(tmp_path / "photographs" / "columns.png")
    parts = np.arange(60, dtype=np.int8) % 3
    found = on_textures(grey(tmp_path, np.zeros((60, 28, 28))), parts, 40, 1, tmp_path / "photographs")
    edges = [round(edge * 250) for edge in COLUMNS]
    for row, part in enumerate(parts):
        shown = np.asarray(found.image(row))[..., 0]
        assert edges[part] <= shown.min()
        assert shown.max() < edges[part + 1]
        assert not np.asarray(found.mask(row)).any()


def test_a_canvas_larger_than_the_photograph_enlarges_it(tmp_path):
    save(tmp_path / "photographs" / "small.png", size=(50, 40), mode="RGB", value=(1, 2, 3))
    ink = np.full((3, 28, 28), 255)
    found = on_textures(grey(tmp_path, ink), np.arange(3, dtype=np.int8), 224, 1, tmp_path / "photographs")
    assert [found.image(row).size for row in range(3)] == [(224, 224)] * 3
    assert [(np.asarray(found.mask(row)) > 0).sum() for row in range(3)] == [98 * 98] * 3
    with pytest.raises(InputError, match="no folder with pictures"):
        on_textures(grey(tmp_path, ink), np.zeros(3, np.int8), 64, 1, tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"--digit 1\.5 is no share of the image's side"):
        on_textures(grey(tmp_path, ink), np.zeros(3, np.int8), 64, 1, tmp_path / "photographs", share=1.5)


def test_a_digit_takes_the_share_of_the_side_it_is_given(tmp_path):
    Image.new("RGB", (300, 200), (9, 9, 9)).save(tmp_path / "plain.png")
    for share, side in ((1.0, 28), (0.5, 14)):
        found = on_textures(grey(tmp_path, np.full((1, 28, 28), 255)), np.zeros(1, np.int8), 28, 1, tmp_path, share)
        assert found.mask is not None
        assert (np.asarray(found.mask(0)) > 0).sum() == side**2
