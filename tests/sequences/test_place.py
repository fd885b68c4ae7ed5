"""Regions as people write them."""

from __future__ import annotations

import pytest

from lrpgen.errors import InputError
from lrpgen.sequences.place import Place, read_place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("chr6:31,236,000-31,236,200", Place("chr6", 31_235_999, 31_236_200)),
        ("chr1:1-1", Place("chr1", 0, 1)),
        ("HLA:A*01:5-6", Place("HLA:A*01", 4, 6)),
    ],
)
def test_counted_from_one_end_included(text, place):
    assert read_place(text, 1000) == place
    assert read_place(str(place), 1000) == place


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("chr1", "not of the form contig:start-end"),
        ("chr1:5", "not of the form"),
        ("chr1:-5-9", "not of the form"),
        ("chr1:0-9", "start of at least 1"),
        ("chr1:9-5", "swap or fix"),
        ("chr1:1-1001", "1,001 bp, more than the 1,000"),
        ("chr1:1-9999999999999999999999", "start of at least 1 to an end"),
    ],
)
def test_what_is_no_region(text, words):
    with pytest.raises(InputError, match=words):
        read_place(text, 1000)
