"""Batches under a memory budget: every window once, an order that only the seed decides, no more held than allowed."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_windows import planted

from lrpgen.models.training.augment import augment
from lrpgen.models.training.loader import Part, windows
from lrpgen.sequences import open_windows
from lrpgen.sequences.onehot import encode_array, reverse_complement

WIDTH, COUNT = 40, 700
BYTES = 4 * WIDTH  # of one window


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return planted(tmp_path_factory.mktemp("loader") / "w.h5", n=COUNT, width=WIDTH)


@pytest.fixture(scope="module")
def truth(path):
    with open_windows(path) as file:
        return file.onehot()


def part(path, rows, held, workers=0):
    return Part(windows(path, WIDTH), np.asarray(rows), held * BYTES, workers, cores=2)


def epoch(windows, size, seed=1):
    return list(windows.shuffled(size, torch.Generator().manual_seed(seed)))


@settings(max_examples=40, deadline=None)
@given(
    rows=st.sets(st.integers(0, COUNT - 1), min_size=1, max_size=300),
    held=st.integers(1, 400),
    size=st.integers(1, 70),
    seed=st.integers(0, 5),
)
def test_every_window_comes_once_with_its_own_bases(path, truth, rows, held, size, seed):
    rows = sorted(rows)
    windows = part(path, rows, held)
    batches = epoch(windows, size, seed)
    assert sorted(np.concatenate([positions for positions, _ in batches])) == list(range(len(rows)))
    assert all(len(positions) == size for positions, _ in batches[:-1])
    for positions, onehot in batches:
        assert (onehot == truth[np.array(rows)[positions]]).all()
    in_order = list(windows.in_order(size))
    assert np.concatenate([positions for positions, _ in in_order]).tolist() == list(range(len(rows)))
    assert (np.concatenate([onehot for _, onehot in in_order]) == truth[rows]).all()
    windows.close()


def test_a_part_that_fits_is_shuffled_as_torch_does(path):
    batches = epoch(part(path, range(COUNT), held=COUNT), 64)
    expected = torch.randperm(COUNT, generator=torch.Generator().manual_seed(1))
    assert np.concatenate([positions for positions, _ in batches]).tolist() == expected.tolist()


def test_the_seed_alone_decides_the_order_and_epochs_differ(path):
    """Also with reading processes; and the second epoch of one run is the second epoch of another."""
    orders = []
    for workers in (0, 1, 2):
        windows, generator = part(path, range(COUNT), held=100, workers=workers), torch.Generator().manual_seed(4)
        epochs = [[positions.tolist() for positions, _ in windows.shuffled(32, generator)] for _ in range(2)]
        assert epochs[0] != epochs[1]
        orders.append(epochs)
        windows.close()
    assert orders[0] == orders[1] == orders[2]


def test_a_small_pool_still_mixes_the_file(path):
    """Neighbours in the file must not stay neighbours: mean distance of successive windows near that of chance, n / 3."""
    batches = epoch(part(path, range(COUNT), held=COUNT // 4), 32)
    order = np.concatenate([positions for positions, _ in batches])
    assert np.abs(np.diff(order)).mean() > 0.8 * COUNT / 3


def test_augmentation_turns_and_moves_windows_whole():
    text = "ACGTTGCANA"
    onehot = np.repeat(encode_array(text)[None], 200, axis=0)
    turned = augment(onehot, np.random.default_rng(0), rc=True, shift=0)
    options = {encode_array(one).tobytes() for one in (text, reverse_complement(text))}
    assert {one.tobytes() for one in turned} == options
    moved = augment(onehot, np.random.default_rng(0), rc=False, shift=2)
    expected = {encode_array(one).tobytes() for one in ("GTTGCANANN", "CGTTGCANAN", text, "NACGTTGCAN", "NNACGTTGCA")}
    assert {one.tobytes() for one in moved} == expected
    assert (onehot == encode_array(text)).all()  # the buffer itself is left as it was
    again = augment(onehot, np.random.default_rng(0), rc=False, shift=2)
    assert (moved == again).all()
