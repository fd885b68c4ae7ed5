from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lrpgen.sequences.negatives import dinucleotide_shuffle
from lrpgen.sequences.onehot import decode_array, encode_array


def dinucleotides(onehot: np.ndarray) -> Counter:
    return Counter(a + b for a, b in pairwise(decode_array(onehot)))


@settings(deadline=None, max_examples=50)
@given(st.text(alphabet="ACGTN", min_size=2, max_size=80), st.integers(0, 2**31))
def test_dinucleotide_counts_are_kept_exactly(sequence: str, seed: int):
    onehot = encode_array(sequence)
    shuffled = dinucleotide_shuffle(onehot[None], 3, seed)
    assert shuffled.shape == (1, 3, 4, len(sequence))
    assert shuffled.dtype == np.int8
    for copy in shuffled[0]:
        assert dinucleotides(copy) == dinucleotides(onehot)
        letters = decode_array(copy)
        assert (letters[0], letters[-1]) == (sequence[0], sequence[-1])


def test_seeded_and_different():
    sequences = np.stack([encode_array("ACGTTGCAAC" * 20), encode_array("GGATCCATTA" * 20)])
    first = dinucleotide_shuffle(sequences, 4, 1)
    assert np.array_equal(first, dinucleotide_shuffle(sequences, 4, 1))
    assert not np.array_equal(first, dinucleotide_shuffle(sequences, 4, 2))
    assert len({row.tobytes() for row in first.reshape(-1, 4, 200)} | {row.tobytes() for row in sequences}) == 10


def test_no_copies():
    assert dinucleotide_shuffle(np.stack([encode_array("ACGT")]), 0, 1).shape == (1, 0, 4, 4)
