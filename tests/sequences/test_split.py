import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrpgen.errors import InputError
from lrpgen.sequences.draft import repeated_elsewhere
from lrpgen.sequences.groups import FractionSplit, by_fraction, group
from lrpgen.sequences.onehot import codes
from lrpgen.sequences.splits import PositionSplit, check_parts
from lrpgen.sequences.spool import digests, first_rows

NONE = np.empty(0, dtype=np.int64)


def first(*sequences: str) -> np.ndarray:
    """For each sequence the first that is a copy or the other strand of it."""
    return first_rows(digests(np.stack([codes(one) for one in sequences]))[0])


def test_position_to_the_base():
    split = PositionSplit(100, 200)
    start = np.array([0, 80, 81, 99, 100, 180, 181, 199, 200, 50])
    end = np.array([20, 100, 101, 119, 120, 200, 201, 219, 220, 250])
    assert split.parts(NONE, start, end).tolist() == [0, 0, -1, -1, 1, 1, -1, -1, 2, -1]


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 100), st.integers(1, 100))
def test_position_agrees_with_its_definition(first: int, more: int, start: int, width: int):
    split = PositionSplit(first, first + more)
    owners = {0 if p < first else 1 if p < first + more else 2 for p in range(start, start + width)}
    expected = owners.pop() if len(owners) == 1 else -1
    assert split.parts(NONE, np.array([start]), np.array([start + width])).tolist() == [expected]


@pytest.mark.parametrize(("validation", "test"), [(5, 5), (6, 5), (0, 5), (-1, 5)])
def test_positions_that_make_no_parts(validation: int, test: int):
    with pytest.raises(InputError, match="do not make three parts"):
        PositionSplit(validation, test)


@pytest.mark.parametrize(("validation", "test"), [(0, 0.2), (0.1, 0), (0.5, 0.5), (-0.1, 0.2), (0.1, 1.2)])
def test_fractions_that_make_no_parts(validation: float, test: float):
    with pytest.raises(InputError, match="leave a part empty"):
        FractionSplit(validation, test)


def test_groups_by_hand():
    same = first("AACC", "GGTT", "AACC", "ACAC", "TGCA", "CCCC", "CCCA", "CACA")
    contig, start = np.array([0] * 7 + [1]), np.array([0, 100, 200, 300, 400, 402, 406, 402])
    found = group(same, (contig, start, start + 4), np.array([0, 1, 2, 0, 4, 5, 6, 7]))
    same = [[i for i in range(8) if found[i] == number] for number in dict.fromkeys(found)]
    # 1 is 0's reverse complement, 2 its copy, 3 made from it; 5 overlaps 4; 6 only touches 5; 7 is on another contig.
    assert same == [[0, 1, 2, 3], [4, 5], [6], [7]]


def test_a_long_region_reaches_over_short_ones():
    start, end = np.array([0, 5, 90, 100]), np.array([100, 10, 95, 105])
    found = group(first("AAAC", "AAAG", "AACA", "AAGA"), (np.zeros(4, dtype=np.int64), start, end))
    assert len({found[0], found[1], found[2]}) == 1
    assert found[3] != found[0]


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.integers(0, 30), min_size=20, max_size=120), st.integers(0, 99))
def test_groups_stay_together_and_shares_are_not_exceeded(numbers: list[int], seed: int):
    groups, labels = np.array(numbers), np.array([1 if i % 3 else 0 for i in range(len(numbers))])
    parts = by_fraction(groups, labels, FractionSplit(0.1, 0.2), seed)
    for number in set(numbers):
        assert len(set(parts[groups == number])) == 1
    assert set(parts) <= {0, 1, 2}
    assert np.array_equal(parts, by_fraction(groups, labels, FractionSplit(0.1, 0.2), seed))


def test_shares_of_each_class():
    labels = np.repeat([0, 1], [100, 50])
    parts = by_fraction(np.arange(150), labels, FractionSplit(0.1, 0.2), 1)
    assert np.bincount(parts[:100]).tolist() == [70, 10, 20]
    assert np.bincount(parts[100:]).tolist() == [35, 5, 10]


def test_copies_leave_the_earlier_part():
    same = first("AACC", "GGTT", "AACC", "ACAC", "ACAC", "GTGT", "CCCA")
    parts = np.array([0, 1, 2, 0, 0, 1, 2])
    assert repeated_elsewhere(same, parts).tolist() == [True, True, False, True, True, False, False]


def test_parts_that_cannot_train_or_test():
    labels, parts = np.array([0, 1, 0, 1, 0, 1]), np.array([0, 0, 1, 1, 2, 2])
    check_parts(labels, parts, ["a", "b"], "it")
    with pytest.raises(InputError, match="the test part is empty; change it"):
        check_parts(labels[:4], parts[:4], ["a", "b"], "it")
    with pytest.raises(InputError, match="the test part has no b windows; change it"):
        check_parts(labels[:5], parts[:5], ["a", "b"], "it")
    with pytest.raises(InputError, match="one class only: a windows"):
        check_parts(labels[::2], parts[::2], ["a", "b"], "it")
