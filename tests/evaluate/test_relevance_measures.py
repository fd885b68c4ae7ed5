"""Measures of relevance: by hand first, then what must hold for any relevance."""

from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lrpgen.errors import InputError
from lrpgen.evaluate import measures

HAND = [[4.0, 2.0, -1.0, 2.0, 0.0]]
MASK = [[1, 1, 0, 0, 0]]


def test_hand_example():
    found = {name: value.item() for name, value in measures.measure(HAND, MASK).items()}
    assert found["mass_accuracy"] == 6 / 8
    # Two places: 4 takes one, in the mask; the two 2s share the other, and one of them is in the mask.
    assert found["rank_accuracy"] == (1 + 1 / 2) / 2
    assert found["pointing"] == 1
    assert found["chance"] == 2 / 5
    assert found["zero_share"] == 1 / 5
    # |r| ascending 0, 1, 2, 2, 4 with (P - k + 1/2) / P = .9, .7, .5, .3, .1: 1 - 2 * 2.7 / 9.
    assert found["gini"] == pytest.approx(0.4)
    # Shares 4/9, 2/9, 2/9, 1/9.
    nats = -(4 / 9 * np.log(4 / 9) + 4 / 9 * np.log(2 / 9) + 1 / 9 * np.log(1 / 9))
    assert found["entropy"] == pytest.approx(nats / np.log(5))
    assert found["entropy"] == pytest.approx(0.791, abs=5e-4)


def test_tensors_are_read_as_arrays():
    for name, value in measures.measure(torch.tensor(HAND), torch.tensor(MASK)).items():
        assert value.tolist() == measures.measure(HAND, MASK)[name].tolist()


def test_negative_truth_is_met_by_the_negative_part():
    relevance, mask = [[3.0, -4.0, -1.0, 0.0]], [[1, -1, 0, 0]]
    assert measures.mass_accuracy(relevance, mask, sign=-1).item() == 4 / 5
    assert measures.mass_accuracy(relevance, mask).item() == 1
    assert measures.pointing(relevance, mask, sign=-1).item() == 1
    assert measures.rank_accuracy(relevance, mask, sign=-1).item() == 1
    assert measures.chance(relevance, [[1, -1, -1, 0]], sign=-1).item() == 1 / 2


def test_without_positive_relevance():
    zero = measures.measure([[0.0, 0.0, 0.0, 0.0]], [[1, 0, 0, 0]])
    assert np.isnan([zero[name].item() for name in ("mass_accuracy", "gini", "entropy")]).all()
    # All tied: what chance gives.
    assert [zero[name].item() for name in ("rank_accuracy", "pointing", "zero_share")] == [1 / 4, 1 / 4, 1]
    negative = measures.measure([[-1.0, -2.0]], [[1, 0]])
    assert np.isnan(negative["mass_accuracy"].item())
    assert negative["pointing"].item() == 1  # the least negative is the peak


def test_empty_mask_and_nan_give_nan_in_their_row_only():
    relevance = [[1.0, 2.0], [np.nan, 2.0], [np.inf, 2.0], [1.0, 2.0]]
    found = measures.measure(relevance, [[0, 0], [0, 1], [0, 1], [0, 1]])
    for name, of in measures.AGAINST_MASK.items():
        assert np.isnan(found[name]).tolist() == [True, True, True, False], of
    for name, of in measures.SPARSITY.items():
        assert np.isnan(found[name]).tolist() == [False, True, True, False], of


def test_single_position_has_no_entropy():
    assert np.isnan(measures.entropy([[3.0]])).all()
    assert measures.gini([[3.0]]).item() == 0


def test_images_are_flattened_and_no_inputs_give_no_values():
    flat, mask = np.array(HAND * 3)[:, :4], np.array(MASK * 3)[:, :4]
    for name, value in measures.measure(flat.reshape(3, 2, 2), mask.reshape(3, 2, 2).astype(bool)).items():
        assert value.tolist() == measures.measure(flat, mask)[name].tolist()
    assert all(value.shape == (0,) for value in measures.measure(np.empty((0, 5)), np.empty((0, 5))).values())


def test_shapes_that_do_not_fit():
    with pytest.raises(InputError, match="relevance and mask have the shapes"):
        measures.mass_accuracy(np.ones((2, 4, 5)), np.ones((2, 5)))
    with pytest.raises(InputError, match="one value per input and position"):
        measures.gini([1.0, 2.0])
    with pytest.raises(InputError, match="sign is 2"):
        measures.pointing(HAND, MASK, sign=2)


# Small whole numbers: ties and zeros are common, and doubling is exact.
relevances = arrays(np.float64, (3, 8), elements=st.integers(-4, 4).map(float))
masks = arrays(np.int8, (3, 8), elements=st.integers(-1, 1))


@settings(deadline=None, max_examples=60)
@given(relevances, masks, st.sampled_from([1, -1]), st.sampled_from([0.25, 2.0, 1024.0]))
def test_bounds_and_scale(relevance, mask, sign, scale):
    found = measures.measure(relevance, mask, sign)
    scaled = measures.measure(scale * relevance, mask, sign)
    for name, value in found.items():
        known = value[~np.isnan(value)]
        assert ((known >= -1e-12) & (known <= 1 + 1e-12)).all(), name
        np.testing.assert_allclose(scaled[name], value, rtol=1e-12)


@settings(deadline=None, max_examples=60)
@given(relevances, masks, st.permutations(range(8)))
def test_order_of_positions_does_not_matter(relevance, mask, order):
    moved = measures.measure(relevance[:, order], mask[:, order])
    for name, value in measures.measure(relevance, mask).items():
        np.testing.assert_allclose(moved[name], value, rtol=1e-12, err_msg=name)


@settings(deadline=None, max_examples=30)
@given(arrays(np.float64, (1, 5), elements=st.integers(-2, 2).map(float)), arrays(bool, (1, 5)))
def test_ties_are_the_mean_over_all_ways_to_break_them(relevance, mask):
    assume(mask.any())
    orders = np.array(list(permutations(range(5))))
    broken = relevance + orders * 1e-3  # smaller than any difference between values
    each = np.repeat(mask, len(orders), axis=0)
    for of in (measures.rank_accuracy, measures.pointing):
        assert of(relevance, mask).item() == pytest.approx(of(broken, each).mean())


@settings(deadline=None, max_examples=30)
@given(masks, st.integers(-3, 3))
def test_constant_map_is_chance(mask, value):
    constant = np.full(mask.shape, float(value))
    expected = measures.chance(constant, mask)
    np.testing.assert_allclose(measures.rank_accuracy(constant, mask), expected)
    np.testing.assert_allclose(measures.pointing(constant, mask), expected)


@settings(deadline=None, max_examples=30)
@given(relevances)
def test_gini_grows_and_entropy_falls_when_the_smallest_is_cut(relevance):
    size = np.where(relevance == 0, 9.0, np.abs(relevance))
    cut = size.copy()
    np.put_along_axis(cut, size.argmin(axis=1)[:, None], 0, axis=1)
    assert (measures.gini(cut) > measures.gini(size)).all()
    assert (measures.entropy(cut) < measures.entropy(size)).all()
