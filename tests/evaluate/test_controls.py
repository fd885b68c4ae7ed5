"""Controls: cut to what they should match, and nothing else changed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lrpgen.errors import InputError
from lrpgen.evaluate import controls, measures

BASE = np.array([[4.0, -3.0, 2.0, -1.0]])


def test_matched_zeros_by_hand():
    assert controls.matched_zeros(BASE, [[9.0, 0.0, 0.0, 1.0]]).tolist() == [[4, -3, 0, 0]]
    assert controls.matched_zeros(BASE, np.ones((1, 4))).tolist() == BASE.tolist()
    assert controls.matched_zeros(BASE, np.zeros((1, 4))).tolist() == [[0, 0, 0, 0]]


def test_matched_gini_by_hand():
    cuts = [[4.0, 0, 0, 0], [4, -3, 0, 0], [4, -3, 2, 0], [4, -3, 2, -1]]
    assert measures.gini(cuts) == pytest.approx([3 / 4, 15 / 28, 13 / 36, 1 / 4])
    assert controls.matched_gini(BASE, [[0.0, 0.0, 0.0, 5.0]]).tolist() == [[4, 0, 0, 0]]
    assert controls.matched_gini(BASE, [[1.0, 1.0, 0.0, 0.0]]).tolist() == [
        [4, -3, 0, 0]
    ]  # .5 is nearer 15/28 than 13/36
    assert controls.matched_gini(BASE, np.ones((1, 4))).tolist() == BASE.tolist()  # 0: nothing is cut


def test_a_base_with_more_zeros_keeps_them():
    assert controls.matched_zeros([[4.0, 0.0, 0.0]], [[1.0, 1.0, 0.0]]).tolist() == [[4, 0, 0]]


def test_lost_inputs_come_back_as_nan_alone():
    base, pruned = np.repeat(BASE, 3, axis=0), np.repeat(BASE, 3, axis=0)
    base[0, 1], pruned[1, 2] = np.nan, np.inf
    for control in (controls.matched_zeros, controls.matched_gini):
        assert np.isnan(control(base, pruned)).all(axis=1).tolist() == [True, True, False]
        assert control(base, pruned)[2].tolist() == BASE[0].tolist()
    assert np.isnan(controls.matched_gini(BASE, np.zeros((1, 4)))).all()
    assert controls.matched_gini(np.zeros((1, 4)), BASE).tolist() == [[0, 0, 0, 0]]


def test_shapes_that_do_not_fit():
    with pytest.raises(InputError, match="base and pruned relevance have the shapes"):
        controls.matched_gini(BASE, np.ones((1, 5)))


def test_equal_values_are_cut_at_random():
    base, pruned = np.ones((400, 4)), np.tile([1.0, 0.0, 0.0, 0.0], (400, 1))
    cut = controls.matched_zeros(base, pruned)
    assert (cut.sum(axis=1) == 1).all()
    assert cut.mean(axis=0) == pytest.approx([0.25] * 4, abs=0.1)
    assert (controls.matched_zeros(base, pruned) == cut).all()
    assert (controls.matched_zeros(base, pruned, seed=2) != cut).any()


whole = st.integers(-9, 9).map(float)
nonzero = whole.filter(bool)


@settings(deadline=None, max_examples=60)
@given(arrays(np.float64, (4, 2, 5), elements=nonzero), arrays(np.float64, (4, 2, 5), elements=whole))
def test_zeros_match_and_what_is_kept_is_untouched(base, pruned):
    cut = controls.matched_zeros(base, pruned)
    assert (measures.zero_share(cut) == measures.zero_share(pruned)).all()
    assert ((cut == base) | (cut == 0)).all()
    for row, own in zip(cut, base, strict=True):
        if (row == 0).any() and row.any():
            assert np.abs(own[row == 0]).max() <= np.abs(own[row != 0]).min()


@settings(deadline=None, max_examples=60)
@given(arrays(np.float64, (4, 10), elements=nonzero), arrays(np.float64, (4, 10), elements=whole))
def test_no_other_cut_is_nearer_in_gini(base, pruned):
    target = measures.gini(pruned)
    found = np.abs(measures.gini(controls.matched_gini(base, pruned)) - target)
    order = np.argsort(-np.abs(base), axis=1)
    for kept in range(1, 11):
        cut = np.zeros_like(base)
        np.put_along_axis(cut, order[:, :kept], np.take_along_axis(base, order[:, :kept], axis=1), axis=1)
        other = np.abs(measures.gini(cut) - target)
        assert (np.isnan(target) | (found <= other + 1e-12)).all()


def test_gini_is_found_again_from_a_cut_of_the_base_itself():
    base = np.random.default_rng(1).normal(size=(20, 50))
    pruned = np.where(np.abs(base) > 0.5, 4 * base, 0)  # scaled: the measures do not see it
    np.testing.assert_array_equal(controls.matched_gini(base, pruned), pruned / 4)
    np.testing.assert_allclose(measures.gini(controls.matched_gini(base, pruned)), measures.gini(pruned))


def test_random_ranking_keeps_each_inputs_values():
    base = np.random.default_rng(1).normal(size=(6, 3, 4))
    mixed = controls.random_ranking(base)
    assert mixed.shape == base.shape
    assert (np.sort(mixed.reshape(6, -1)) == np.sort(base.reshape(6, -1))).all()
    assert (mixed != base).any(axis=(1, 2)).all()
    assert (controls.random_ranking(base) == mixed).all()
    assert (controls.random_ranking(base, seed=2) != mixed).any()
