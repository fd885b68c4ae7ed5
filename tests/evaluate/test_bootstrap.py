"""Means and paired differences with their intervals."""

import numpy as np
import pytest

from lrpgen.errors import InputError
from lrpgen.evaluate import bootstrap


def test_mean_counts_what_it_leaves_out():
    found = bootstrap.mean([1.0, np.nan, 3.0, 2.0])
    assert (found["mean"], found["inputs"], found["nan"]) == (2.0, 3, 1)
    low, high = found["interval"]
    assert 1 <= low < 2 < high <= 3


def test_too_few_inputs():
    assert bootstrap.mean([np.nan]) == {"mean": None, "interval": None, "inputs": 0, "nan": 1}
    assert bootstrap.mean([5.0]) == {"mean": 5.0, "interval": None, "inputs": 1, "nan": 0}
    assert bootstrap.mean([])["inputs"] == 0


def test_interval_is_that_of_the_normal_where_inputs_are_many():
    values = np.random.default_rng(1).normal(3, 2, size=1000)
    low, high = bootstrap.mean(values)["interval"]
    half = 1.96 * values.std() / np.sqrt(1000)
    assert [low, high] == pytest.approx([values.mean() - half, values.mean() + half], abs=0.2 * half)
    assert bootstrap.mean(values)["interval"] == [low, high]  # seeded


def test_pairs_see_a_difference_that_means_do_not():
    base = np.random.default_rng(1).normal(0, 10, size=50)
    better = base + 0.5 + np.random.default_rng(2).normal(0, 0.1, size=50)
    assert bootstrap.mean(better)["interval"][0] < bootstrap.mean(base)["mean"]
    low, high = bootstrap.difference(better, base)["interval"]
    assert 0.4 < low < 0.5 < high < 0.6


def test_a_pair_is_left_out_where_either_is_nan():
    found = bootstrap.difference([1.0, np.nan, 3.0, 4.0], [0.0, 1.0, np.nan, 1.0])
    assert (found["mean"], found["inputs"], found["nan"]) == (2.0, 2, 2)


def test_shapes_that_do_not_fit():
    with pytest.raises(InputError, match="for the same inputs"):
        bootstrap.difference([1.0, 2.0], [1.0])
    with pytest.raises(InputError, match="one value per input"):
        bootstrap.mean([[1.0]])
