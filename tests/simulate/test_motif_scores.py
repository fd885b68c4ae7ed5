"""Scores of benchmarks/motifs.py, by hand."""

import sys
from pathlib import Path

import pandas as pd
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
TRUTH = pd.DataFrame(
    [("c", 10, 20, "A", "+"), ("c", 30, 40, "A", "+"), ("c", 50, 60, "N", "-"), ("d", 10, 20, "D", "0")],
    columns=["chrom", "start", "end", "motif", "sign"],
)


@pytest.fixture
def scores(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    import motif_scores

    return motif_scores


def spans(*rows, pattern=None):
    table = pd.DataFrame(rows, columns=["chrom", "start", "end", "sign"])
    return table if pattern is None else table.assign(pattern=pattern)


def test_seqlets_share_half_of_the_shorter_and_the_sign(scores):
    found = spans(
        ("c", 15, 25, "+"),  # half of A
        ("c", 36, 46, "+"),  # 4 of 10: not
        ("c", 33, 35, "+"),  # inside the second A
        ("c", 50, 60, "+"),  # N, of the other sign
        ("d", 10, 20, "+"),  # a decoy
    )
    result = scores.seqlet_scores(found, TRUTH)
    assert scores.owners(found, TRUTH).tolist() == [0, -1, 1, -1, -1]
    assert (result["precision"], result["recall"]) == (0.4, round(2 / 3, 4))
    assert result["recall_of"] == {"A": 1.0, "N": 0.0}


def test_a_pattern_is_the_motif_of_most_places_and_false_without_one_or_with_a_foreign_name(scores):
    places = pd.concat(
        [
            spans(("c", 10, 20, "+"), ("c", 31, 41, "+"), ("c", 70, 80, "+"), pattern="right"),
            spans(("c", 12, 22, "+"), pattern="second"),
            spans(("c", 50, 60, "-"), pattern="misnamed"),
            spans(("d", 10, 20, "+"), ("c", 10, 20, "+"), pattern="decoy"),
        ],
        ignore_index=True,
    )
    names = {"right": "MA1", "second": "", "misnamed": "MA9", "decoy": ""}
    result = scores.pattern_scores(places, names, TRUTH, {"A": {"MA1", "MA2"}, "N": {"MA3"}})
    assert {key: result[key] for key in ("recovered", "rightly_named", "false_patterns", "duplicates", "missed")} == {
        "recovered": 2,
        "rightly_named": 1,
        "false_patterns": 2,
        "duplicates": 1,
        "missed": [],
    }
