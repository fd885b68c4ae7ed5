import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import lrpgen
from lrpgen.errors import InputError
from lrpgen.sequences import decode, encode, reverse_complement
from lrpgen.sequences.onehot import encode_array, reverse_complement_array

IUPAC = "ACGTNRYSWKMBDHV"
dna = st.text(alphabet=IUPAC + IUPAC.lower(), min_size=1, max_size=60)


def test_rows_are_a_c_g_t():
    expected = torch.tensor([[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0]], dtype=torch.int8)
    found = encode("ACGTN")
    assert found.dtype == torch.int8
    assert torch.equal(found, expected)
    assert torch.equal(encode("acgtr"), expected)


def test_list_gives_a_batch():
    batch = encode(["ACG", "TTT"])
    assert batch.shape == (2, 4, 3)
    assert decode(batch) == ["ACG", "TTT"]
    assert lrpgen.decode(lrpgen.encode("GATTACA")) == "GATTACA"


def test_every_ambiguity_code_is_a_zero_column():
    assert encode("NRYSWKMBDHVnryswkmbdhv").sum() == 0
    assert decode(encode("ARC")) == "ANC"


@pytest.mark.parametrize("letter", [*"EFIJLOPQUXZ-*.1 \n", "é", "中"])
def test_other_letters_are_errors_with_their_position(letter: str):
    with pytest.raises(InputError, match=r"position 3 "):
        encode("AC" + letter + "T")


def test_errors_name_the_place():
    with pytest.raises(InputError, match=r"chr1: letter 'X' at position 1003 is not"):
        encode_array(b"ACX", "chr1", 1000)
    with pytest.raises(InputError, match=r"sequence 1: letter 'U' at position 2 .*write T for U"):
        encode(["ACG", "AUG"])
    with pytest.raises(InputError, match="sequence 2 has 4 letters, sequence 0 has 3"):
        encode(["ACG", "ACG", "ACGT"])
    with pytest.raises(InputError, match="no sequences"):
        encode([])


def test_decode_refuses_what_is_not_one_hot():
    for bad in (np.ones((4, 2)), np.full((4, 2), 0.5), -np.eye(4), np.zeros((5, 3)), np.zeros(4)):
        with pytest.raises(InputError):
            decode(bad)


@settings(deadline=None)  # a busy machine is no failure
@given(dna)
def test_decode_undoes_encode(sequence: str):
    expected = "".join(letter if letter in "ACGT" else "N" for letter in sequence.upper())
    assert decode(encode(sequence)) == expected
    assert decode(encode_array(sequence)) == expected
    assert np.array_equal(encode_array(sequence.encode()), encode(sequence).numpy())


def test_reverse_complement_by_hand():
    assert reverse_complement("AACGT") == "ACGTT"
    assert reverse_complement("aRYn") == "nRYt"
    assert reverse_complement("BDHVKMSW") == "WSKMBDHV"
    with pytest.raises(InputError, match="position 2"):
        reverse_complement("AX")


@settings(deadline=None)  # a busy machine is no failure
@given(dna)
def test_reverse_complement_twice_is_nothing_and_arrays_agree(sequence: str):
    assert reverse_complement(reverse_complement(sequence)) == sequence
    flipped = reverse_complement_array(encode_array(sequence))
    assert np.array_equal(flipped, encode_array(reverse_complement(sequence)))
