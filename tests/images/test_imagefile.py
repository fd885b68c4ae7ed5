"""Images on disk: what comes back is what went in, and the numbers a network is given."""

import h5py
import numpy as np
import pytest

from lrpgen.errors import InputError
from lrpgen.images.imagefile import ImageSet, is_images, open_images, write_images


def images(total=150, shape=(3, 6, 5), masks=True):
    random = np.random.default_rng(1)
    return ImageSet(
        random.integers(0, 256, (total, *shape), np.uint8),
        np.arange(total) % 2,
        np.arange(total) % 3,
        ["cat", "dog"],
        [f"image {row}" for row in range(total)],
        masks=random.integers(0, 2, (total, *shape[1:]), np.uint8) if masks else None,
        source="here",
        seed=7,
        summary={"kind": "toy"},
    )


def test_reads_back_rows_in_any_order(tmp_path):
    made = images()
    write_images(tmp_path / "images.h5", made)
    rows = [149, 3, 70, 3]
    with open_images(tmp_path / "images.h5") as file:
        assert (len(file), file.channels, file.height, file.width) == (150, 3, 6, 5)
        assert file.classes == ["cat", "dog"]
        assert file.summary == {"kind": "toy"}
        assert file.attrs["seed"] == 7
        np.testing.assert_array_equal(file.pixels(rows), made.pixels[rows])
        np.testing.assert_array_equal(file.masks(rows), made.masks[rows].astype(bool))
        assert file.names(rows) == ["image 149", "image 3", "image 70", "image 3"]
        np.testing.assert_array_equal(file.labels, made.labels)
        np.testing.assert_array_equal(file.rows(split="test", labels=["dog"])[:3], [5, 11, 17])


def test_mean_and_deviation_are_those_of_the_train_part(tmp_path):
    """Two pixels, 0 and 255, train: mean 1/2, deviation 1/2. The test part, all 255, does not count."""
    pixels = np.array([0, 255, 255, 255], np.uint8).reshape(4, 1, 1, 1)
    made = ImageSet(pixels, np.zeros(4), np.array([0, 0, 2, 2]), ["one"], list("abcd"))
    write_images(tmp_path / "images.h5", made)
    with open_images(tmp_path / "images.h5") as file:
        assert file.mean == [0.5]
        assert file.std == [0.5]
        np.testing.assert_array_equal(file.inputs().ravel(), [-1, 1, 1, 1])
        low, high = file.bounds
        assert (low.tolist(), high.tolist()) == ([-1], [1])
        assert file.inputs().dtype == np.float32


def test_given_moments_are_kept_and_a_constant_channel_is_not_divided_by_zero(tmp_path):
    made = images(masks=False)
    made.mean, made.std = [0.1, 0.2, 0.3], [0.4, 0.5, 0.6]
    write_images(tmp_path / "given.h5", made)
    made.mean = made.std = None
    made.pixels[:] = 9
    write_images(tmp_path / "constant.h5", made)
    with open_images(tmp_path / "given.h5") as file:
        assert (file.mean, file.std) == ([0.1, 0.2, 0.3], [0.4, 0.5, 0.6])
        assert file.masks([0]) is None
    with open_images(tmp_path / "constant.h5") as file:
        assert np.abs(file.inputs()).max() < 1e-5


def test_names_that_are_not_there_and_files_that_are_something_else(tmp_path):
    write_images(tmp_path / "images.h5", images())
    with open_images(tmp_path / "images.h5") as file:
        with pytest.raises(InputError, match="no class 'cow'; choose from cat, dog"):
            file.rows(labels=["cow"])
        with pytest.raises(InputError, match="no split 'dev'"):
            file.rows(split="dev")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.attrs["format"] = "lrpgen-windows"
    (tmp_path / "text").write_text("no HDF5")
    found = [is_images(tmp_path / name) for name in ("images.h5", "other.h5", "text", "missing")]
    assert found == [True, False, False, False]
    with (
        pytest.raises(InputError, match="is not a file of images; give the output of"),
        open_images(tmp_path / "other.h5"),
    ):
        pass
    whole = (tmp_path / "images.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged or cut short"), open_images(tmp_path / "cut.h5"):
        pass
