"""Resize, crop and normalise against numbers by hand and against numbers that torchvision gave."""

import numpy as np
import pytest
from PIL import Image

from lrpgen.errors import InputError
from lrpgen.images.transform import IMAGENET, Geometry, centre_crop, moments, normalise, resize

BILINEAR = Image.Resampling.BILINEAR

# torchvision 0.29.2 with Pillow 13.0.0 on PIL images: resize(20), center_crop(3), to_tensor, normalize(ImageNet)
REFERENCE = [
    [
        [-1.0219197, -0.81642264, -0.6451751],
        [-0.69654936, -0.49105233, -0.31980482],
        [-0.31980482, -0.11430778, 0.056939743],
    ],
    [
        [-0.039915953, 0.17016806, 0.3452382],
        [0.29271722, 0.50280124, 0.6778712],
        [0.6778712, 0.88795525, 1.0630252],
    ],
    [[1.0539435, 1.2630938, 1.4373858], [1.3850982, 1.5942485, 1.7685405], [1.7685405, 1.9776908, 2.1519828]],
]


def test_equals_stored_numbers_of_torchvision():
    """Made once with the picture below; 31 x 47, so that the longer side is truncated and the corner is rounded."""
    y, x, channel = np.mgrid[:31, :47, :3]
    picture = Image.fromarray(((7 * x + 13 * y + 50 * channel) % 256).astype(np.uint8))
    pixels = np.asarray(Geometry(size=20, crop=3).image(picture)).transpose(2, 0, 1)[None]
    got = normalise(pixels, IMAGENET["mean"], IMAGENET["std"])[0]
    np.testing.assert_array_equal(got, np.array(REFERENCE, dtype=np.float32))


def test_halving_widens_the_filter():
    """4 -> 2 pixels: a triangle of half width 2 around 1.0 and 3.0, cut at the ends; weights 3/7, 3/7, 1/7 of the first
    three pixels and 1/7, 3/7, 3/7 of the last three. Along the other axis all pixels are equal."""
    row = np.array([0, 70, 140, 210], np.uint8)
    small = np.asarray(resize(Image.fromarray(np.tile(row, (4, 1))), 2, BILINEAR))
    np.testing.assert_array_equal(small, [[50, 160], [50, 160]])


@pytest.mark.parametrize(
    ("shape", "size", "wanted"),
    [
        ((500, 375), 256, (341, 256)),  # 256 * 500 / 375 = 341.33
        ((375, 500), 256, (256, 341)),
        ((31, 47), 20, (20, 30)),  # 30.32
        ((28, 28), 28, (28, 28)),
        ((20, 30), 40, (40, 60)),
    ],
)
def test_the_shorter_side_becomes_size(shape, size, wanted):
    assert resize(Image.new("L", shape), size, BILINEAR).size == wanted


@pytest.mark.parametrize(("width", "left"), [(6, 1), (7, 2), (8, 2), (9, 2), (5, 0)])
def test_the_corner_of_the_crop_rounds_half_to_even(width, left):
    """(6 - 4) / 2 = 1; 1.5 -> 2; 2; 2.5 -> 2; 0.5 -> 0."""
    picture = Image.fromarray(np.tile(np.arange(width, dtype=np.uint8), (4, 1)))
    assert np.asarray(centre_crop(picture, 4))[0].tolist() == list(range(left, left + 4))


def test_what_is_too_small_is_padded_with_black():
    """2 x 3 pixels in a square of 5: one pixel left and two right of 2; one above and one below 3."""
    padded = np.asarray(centre_crop(Image.new("L", (2, 3), 9), 5))
    wanted = np.zeros((5, 5))
    wanted[1:4, 1:3] = 9
    np.testing.assert_array_equal(padded, wanted)


def test_masks_keep_two_values():
    mask = Image.fromarray(np.where(np.add.outer(np.arange(30), np.arange(30)) > 28, 255, 0).astype(np.uint8))
    assert set(np.unique(np.asarray(Geometry(size=17, crop=11).mask(mask)))) == {0, 255}


def test_moments_as_text():
    assert moments("auto", "mean", 3) is None
    assert moments("imagenet", "std", 3) == [0.229, 0.224, 0.225]
    assert moments("0.5", "mean", 3) == [0.5, 0.5, 0.5]
    for text, name, channels in (("imagenet", "mean", 1), ("0", "std", 1), ("a,b", "mean", 2), ("nan", "mean", 1)):
        with pytest.raises(InputError, match=f"--{name} {text} "):
            moments(text, name, channels)


@pytest.mark.parametrize("sides", [{"size": 0}, {"crop": -1}, {"size": 160, "crop": 224}])
def test_sides_that_cannot_be(sides):
    with pytest.raises(InputError, match=r"--(crop|size) "):
        Geometry(**sides)
