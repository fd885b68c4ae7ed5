"""Which part an image belongs to."""

from pathlib import Path

import numpy as np
import pytest

from lrpgen.errors import InputError
from lrpgen.images.found import from_arrays
from lrpgen.images.split import deal, limited


def found(labels, parts):
    """Images of one pixel with these labels; `parts` as the source says."""
    labels, parts = np.asarray(labels), np.asarray(parts)
    made = from_arrays("toy", Path("toy"), [(-1, np.zeros((len(labels), 1, 1), np.uint8), labels)])
    made.parts = parts.astype(np.int8)
    return made


def counts(labels, parts):
    return [np.bincount(np.asarray(labels)[parts == part], minlength=2).tolist() for part in range(3)]


def test_shares_of_each_class_where_the_source_says_nothing():
    labels = [0] * 30 + [1] * 20
    parts = deal(found(labels, [-1] * 50), 0.1, 0.2, 1)
    assert counts(labels, parts) == [[21, 14], [3, 2], [6, 4]]
    np.testing.assert_array_equal(parts, deal(found(labels, [-1] * 50), 0.1, 0.2, 1))
    assert (parts != deal(found(labels, [-1] * 50), 0.1, 0.2, 2)).any()


def test_what_the_source_calls_test_or_validation_stays():
    labels, parts = [0, 1] * 20, [0] * 30 + [2] * 10
    dealt = deal(found(labels, parts), 0.2, 0.5, 1)
    assert (dealt[30:] == 2).all()
    assert counts(labels, dealt) == [[12, 12], [3, 3], [5, 5]]
    dealt = deal(found(labels, [0] * 20 + [1] * 10 + [2] * 10), 0.2, 0.5, 1)
    assert np.bincount(dealt).tolist() == [20, 10, 10]


def test_everything_tests_where_nothing_else_is_said_or_asked():
    assert (deal(found([0, 1], [2, 2]), 0.1, 0.1, 1) == 2).all()
    assert (deal(found([-1, -1], [-1, -1]), 0.1, 0.1, 1) == 2).all()
    assert (deal(found([0, 1], [-1, -1]), 0, 1, 1) == 2).all()


def test_shares_that_leave_nothing():
    with pytest.raises(InputError, match="class 1 has 2 images to train, validate and test with"):
        deal(found([0] * 9 + [1] * 2, [-1] * 11), 0.1, 0.1, 1)
    for validation, test in ((-0.1, 0.1), (0.6, 0.5)):
        with pytest.raises(InputError, match="are no shares"):
            deal(found([0] * 9, [-1] * 9), validation, test, 1)


def test_limit_counts_in_each_class_and_part():
    labels, parts = np.array([0, 0, 0, 1, 0, 0, 1, 1, 1]), np.array([0, 0, 0, 0, 2, 2, 2, 2, 2])
    rows = limited(found(labels, parts), 2, 1)
    assert (np.diff(rows) > 0).all()
    assert sorted(zip(labels[rows], parts[rows], strict=True)) == [
        (0, 0),
        (0, 0),
        (0, 2),
        (0, 2),
        (1, 0),
        (1, 2),
        (1, 2),
    ]
