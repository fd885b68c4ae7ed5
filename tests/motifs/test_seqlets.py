from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import NEGATIVE, POSITIVE, encode, plant, reverse_complement

from lrpgen.errors import InputError
from lrpgen.motifs.seqlets import call_seqlets, to_genome


@pytest.mark.parametrize("zeros", [0.5, 0.87, 0.95])
def test_every_planted_place_is_called_to_the_base(zeros: float) -> None:
    data = plant(60, zeros)
    assert np.mean(data.relevance == 0) == pytest.approx(zeros, abs=0.001)
    seqlets = call_seqlets(data.relevance)
    strong = seqlets.loc[seqlets["relevance"].abs() > 5].reset_index(drop=True)
    genome = to_genome(strong, data.regions)
    for motif, sign in ((POSITIVE, "+"), (NEGATIVE, "-")):
        mine = genome[strong["sign"] == sign]
        called = set(zip(mine["chrom"], mine["start"], mine["end"], strict=True))
        assert called == {place[:3] for place in data.places[motif]}
    assert (np.sign(seqlets["relevance"]) == np.where(seqlets["sign"] == "+", 1, -1)).all()


def test_where_signs_compete_the_stronger_stays() -> None:
    relevance = np.zeros((30, 60))
    relevance[:, 20:28] = 1.0
    relevance[0, 20:28] = [2, 2, 2, 2, -1, -1, -1, -1]
    seqlets = call_seqlets(relevance)
    taken = np.zeros(relevance.shape, dtype=int)
    for window, start, end in seqlets[["window", "start", "end"]].to_numpy(dtype=int):
        taken[window, start:end] += 1
    assert taken.max() == 1
    first = seqlets[seqlets["window"] == 0]
    assert first[first["start"] == 20]["relevance"].tolist() == [8.0]


def test_relevance_is_the_sum_over_the_span() -> None:
    data = plant(40, 0.8)
    seqlets = call_seqlets(data.relevance)
    places = seqlets[["window", "start", "end"]].to_numpy(dtype=int)
    for (window, start, end), total in zip(places, seqlets["relevance"], strict=True):
        assert total == pytest.approx(data.relevance[window, start:end].sum())
        assert data.relevance[window, start] != 0
        assert data.relevance[window, end - 1] != 0


@pytest.mark.parametrize(
    "relevance",
    [np.zeros((5, 50)), np.zeros((0, 50)), np.ones((5, 3)), np.full((4, 30), 0.7)],
    ids=["zeros", "no windows", "shorter than a seqlet", "constant"],
)
def test_nothing_to_call_is_an_empty_table(relevance: np.ndarray) -> None:
    assert len(call_seqlets(relevance)) == 0


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_not_finite_names_its_window(value: float) -> None:
    relevance = np.zeros((3, 50))
    relevance[1, 7] = value
    with pytest.raises(InputError, match="window BRCA1 is not finite"):
        call_seqlets(relevance, ["TP53", "BRCA1", "MYC"])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_genome_coordinates_read_back_the_window(data: st.DataObject) -> None:
    genome = data.draw(st.text("ACGT", min_size=30, max_size=60))
    left = data.draw(st.integers(0, 9))
    right = data.draw(st.integers(20, len(genome)))
    strand = data.draw(st.sampled_from("+-"))
    window = genome[left:right] if strand == "+" else reverse_complement(genome[left:right])
    start = data.draw(st.integers(0, len(window) - 1))
    end = data.draw(st.integers(start + 1, len(window)))
    regions = pd.DataFrame({"chrom": ["c"], "start": [left], "end": [right], "strand": [strand]})
    place = to_genome(pd.DataFrame({"window": [0], "start": [start], "end": [end]}), regions).iloc[0]
    found = genome[place["start"] : place["end"]]
    assert (found if place["strand"] == "+" else reverse_complement(found)) == window[start:end]


def test_encode_of_the_fixture_is_what_it_says() -> None:
    assert encode("GA").tolist() == [[0, 1], [0, 0], [1, 0], [0, 0]]
