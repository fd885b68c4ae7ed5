"""An evaluation as tables, by hand: digits, bold, order, columns."""

import math

import pytest

from lrpgen.errors import InputError
from lrpgen.evaluate.tables import markdown, rows_table


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


def test_best_and_tied_in_bold(summary):
    assert markdown(summary, ["rma", "entropy"]).splitlines() == [
        "| method | rma | entropy |",
        "| --- | ---: | ---: |",
        "| `epsilon` | **0.410 [0.380, 0.440]** | 0.500 |",
        "| `plrp-lambda:0.25:epsilon` | **0.523 [0.430, 0.600]** | **0.250 [0.200, 0.300]** |",
        "| `gradient*input` | 0.0500 [0.0400, 0.0600] | - |",
    ]


def test_ties_are_among_the_rows_shown(summary):
    text = markdown(summary, ["rma"], ["gradient*input"])
    assert "**0.0500 [0.0400, 0.0600]**" in text
    assert "epsilon" not in text


@pytest.mark.parametrize(
    ("sort", "order"), [("rma", [1, 0, 2]), ("entropy", [1, 0, 2]), ("zeros", [0, 1, 2]), (None, [2, 1, 0])]
)
def test_order(summary, sort, order):
    names = [found["method"] for found in summary["rows"]]
    lines = markdown(summary, ["rma"], names[::-1] if sort is None else names, sort).splitlines()[2:]
    assert [names.index(line.split("`")[1]) for line in lines] == order


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.0, "0.00"), (12.345, "12.3"), (123.4, "123"), (999.7, "1000"), (-3124.5, "-3124"), (0.0012345, "0.00123")],
)  # fmt: skip
def test_three_digits(value, text):
    one = {"measures": {"zeros": {"better": None}}, "rows": [{"method": "a|b", "values": {"zeros": entry(value)}}]}
    assert markdown(one, ["zeros"]).splitlines()[-1] == rf"| `a\|b` | {text} |"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((["rmaa"],), "no measure 'rmaa'; choose from rma"), ((["rma"], ["ig"]), "no method 'ig'; choose from epsilon"),
     ((["rma"], None, "size"), "no measure 'size'")],
)  # fmt: skip
def test_what_is_not_there(summary, arguments, message):
    with pytest.raises(InputError, match=message):
        markdown(summary, *arguments)


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
