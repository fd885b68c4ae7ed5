"""Numbers that a person can work out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from planted import encode

from lrpgen.motifs import matrices

UNIFORM = np.full(4, 0.25)


def pfm_of(*sequences: str) -> np.ndarray:
    return np.sum([encode(sequence) for sequence in sequences], axis=0)


def test_probabilities_of_four_sequences() -> None:
    pfm = pfm_of("GTAA", "GTGA", "GTAC", "GTGG")
    assert pfm.tolist() == [[0, 0, 2, 2], [0, 0, 0, 1], [4, 0, 2, 1], [0, 4, 0, 0]]
    expected = [[0, 0, 0.5, 0.5], [0, 0, 0, 0.25], [1, 0, 0.5, 0.25], [0, 1, 0, 0]]
    assert matrices.probabilities(pfm, UNIFORM).tolist() == expected


def test_a_column_without_counts_is_the_background() -> None:
    background = np.array([0.3, 0.2, 0.2, 0.3])
    assert matrices.probabilities(pfm_of("AN", "AN"), background)[:, 1].tolist() == background.tolist()


def test_information_of_one_two_and_four_bases() -> None:
    pfm = 10_000 * np.array([[1, 0.5, 0.25], [0, 0.5, 0.25], [0, 0, 0.25], [0, 0, 0.25]])
    assert matrices.information(pfm, UNIFORM) == pytest.approx([2, 1, 0], abs=0.002)


def test_information_counts_against_the_background() -> None:
    rare = np.array([0.125, 0.375, 0.25, 0.25])
    assert matrices.information(np.array([[10_000], [0], [0], [0]]), rare) == pytest.approx([3], abs=0.002)


def test_bits_beyond_chance_take_off_the_small_sample_share() -> None:
    # 3 / (2 ln 2 * 10) = 0.2164 bits for ten sites; a column as the background has none left.
    pfm = np.array([[10.0, 2.5], [0, 2.5], [0, 2.5], [0, 2.5]])
    bits = matrices.bits_beyond_chance(pfm, UNIFORM)
    assert bits[0] == pytest.approx(matrices.information(pfm, UNIFORM)[0] - 0.2164, abs=1e-4)
    assert bits[1] == 0
    assert matrices.best_bits(pfm, UNIFORM, 10) == pytest.approx(bits[0])


@pytest.mark.parametrize(
    ("sequences", "expected"),
    [
        (("GTAA", "GTGA", "GTAC", "GTGG"), "GTRN"),  # G:T even is two bases; 50, 25, 25 % is not above 75 %
        (("A", "A", "A", "C"), "A"),  # 75 %, three times the next
        (("A", "A", "A", "A", "A", "A", "G", "G", "G", "G"), "R"),  # 60 % but not twice 40 %
        (("C", "T"), "Y"),
        (("A", "C", "G", "T"), "N"),
    ],
)
def test_consensus_by_caveners_rule(sequences: tuple[str, ...], expected: str) -> None:
    assert matrices.consensus(matrices.probabilities(pfm_of(*sequences), UNIFORM)) == expected


def test_background_of_windows() -> None:
    assert matrices.shares(np.array([3, 1, 2, 0])) == pytest.approx([4 / 10, 2 / 10, 3 / 10, 1 / 10])


def test_trim_keeps_relevance_and_the_informative_columns_beside_it() -> None:
    # 0-2 nothing, 3 informative, 4 gap, 5 informative, 6-7 relevant, 8 nothing, ..., 12 informative but far off
    pfm = np.full((4, 13), 25.0)
    for column in (3, 5, 6, 7, 12):
        pfm[:, column] = [100, 0, 0, 0]
    cwm = np.zeros((4, 13))
    cwm[0, 6:8] = [1.0, -0.5]
    assert matrices.trim_bounds(pfm, cwm, UNIFORM) == (3, 8)


def test_trim_of_nothing_keeps_all() -> None:
    assert matrices.trim_bounds(np.full((4, 6), 5.0), np.zeros((4, 6)), UNIFORM) == (0, 6)
