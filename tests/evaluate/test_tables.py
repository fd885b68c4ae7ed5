"""An evaluation as rows, by hand: columns, controls, differences."""

import math

import pytest

from lrpgen.evaluate.tables import rows_table


def entry(mean, low=None, high=None):
    return {"mean": mean, "interval": None if low is None else [low, high], "inputs": 200, "nan": 1}


def row(method, rma, entropy, **more):
    return {"method": method, "values": {"rma": rma, "entropy": entropy}, "controls": {}, "differences": {}, **more}


@pytest.fixture
def summary():
    return {
        "measures": {"rma": {"better": "higher"}, "entropy": {"better": "lower"}, "zeros": {"better": None}},
        "rows": [
            row("epsilon", entry(0.41, 0.38, 0.44), entry(0.5)),
            row(
                "plrp-lambda:0.25:epsilon",
                entry(0.523456, 0.43, 0.6),
                entry(0.25, 0.2, 0.3),
                controls={"gini": {"rma": entry(0.5, 0.45, 0.55)}},
                differences={"base": {"rma": entry(0.11, 0.1, 0.12)}},
            ),
            row("gradient*input", entry(0.05, 0.04, 0.06), entry(None)),
        ],
    }


def test_rows_have_controls_and_differences(summary):
    table = rows_table(summary)
    assert len(table) == 6
    assert list(table.columns[:10]) == [
        "method", "measure", "mean", "low", "high", "inputs", "nan", "control_zeros", "control_zeros_low", "control_zeros_high",
    ]  # fmt: skip
    pruned = table.set_index(["method", "measure"]).loc[("plrp-lambda:0.25:epsilon", "rma")]
    assert pruned[["mean", "low", "high", "inputs", "nan"]].tolist() == [0.523456, 0.43, 0.6, 200, 1]
    assert pruned[["control_gini", "control_gini_low", "control_gini_high"]].tolist() == [0.5, 0.45, 0.55]
    assert pruned[["difference_base", "difference_base_low", "difference_base_high"]].tolist() == [0.11, 0.1, 0.12]
    assert math.isnan(pruned["difference_ism"])
    assert table["mean"].isna().tolist() == [False] * 5 + [True]


def test_no_rows_have_the_same_columns(summary):
    assert list(rows_table({**summary, "rows": []}).columns) == list(rows_table(summary).columns)
