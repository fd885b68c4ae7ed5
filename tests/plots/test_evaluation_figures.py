"""Figures of an evaluation: what is drawn of a made-up summary, and that no name lies on another."""

import math
from itertools import combinations

import numpy as np
import pytest

from lrpgen.plots.evaluation import curves_figure, differences_figure, draw_evaluation, one_figure, sweep_figure
from lrpgen.plots.style import save
from lrpgen.plots.trade import family, trade_figure

TRUTH, SPARSITY = ("rma", "rra", "pointing"), ("gini", "entropy", "zeros")
FAITHFUL = ("aopc_shuffles", "aopc_zeros", "insertion_shuffles", "insertion_zeros", "ism", "ism_kept")
MEASURES = {
    **dict.fromkeys(TRUTH, "truth"),
    **dict.fromkeys(SPARSITY, "sparsity"),
    **dict.fromkeys(FAITHFUL, "faithfulness"),
}
SHARES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9)
REFERENCES = ("", "@uniform", "@composition", "@10")


def methods(rules=("epsilon", "epsilon_plus"), references=REFERENCES, shares=SHARES):
    """(name, composite, share, reference) of a whole comparison."""
    for name in ("random", "gradient", "gradient*input", "integrated_gradients", "deeplift", "deepshap", "ism"):
        yield name, "", None, ""
    for reference in references:
        for rule in rules:
            yield rule, rule, None, reference
            yield from (("plrp-lambda", rule, share, reference) for share in shares)
        yield from (("plrp-matrix", "epsilon", share, reference) for share in shares)
        yield "plrp-adaptive", "epsilon", None, reference


def values(random, level, truth=True):
    found = {}
    for measure, group in MEASURES.items():
        if truth or group != "truth":
            mean, half = float(np.clip(level + random.normal(0, 0.04), 0, 1)), float(random.uniform(0.01, 0.03))
            found[measure] = {"mean": mean, "interval": [mean - half, mean + half], "inputs": 200, "nan": 0}
    return found


def made_up(truth=True, **which):
    """A summary of random but plausible numbers: pruning helps a little, references more."""
    random = np.random.default_rng(0)
    rows, curves, share = [], {}, np.linspace(0, 1, 21)
    for name, composite, p, reference in methods(**which):
        text = ":".join([name, *([f"{p or 0.1:g}", composite] if name.startswith("plrp-") else [])]) + reference
        level = 0.15 if name == "random" else 0.4 + 0.1 * bool(reference) + 0.15 * (p or 0) + 0.02 * len(name) / 10
        base = composite + reference if name.startswith("plrp-") else None
        row = {
            "method": text,
            "name": name,
            "composite": composite,
            "share": p,
            "reference": reference[1:],
            "base": base,
        }
        row["values"] = values(random, level, truth)
        others = {"deepshap": -0.05, "ism": -0.1} | ({"base": 0.05, "zeros": 0.03, "gini": 0.02} if base else {})
        row["controls"] = {kind: values(random, level - 0.03, truth) for kind in ("zeros", "gini") if base}
        row["differences"] = {other: values(random, shift, truth) for other, shift in others.items()}
        ratio = float(random.lognormal(0.5, 1.0))
        row["cost"] = None if name == "random" else {"seconds": 0.01 * ratio, "ratio": ratio, "peak_mb": None}
        rows.append(row)
        fall = (6 * np.exp(-share * 8 * level)).tolist()
        curves[text] = {f"deletion_{by}": fall for by in ("shuffles", "zeros")}
        curves[text] |= {f"insertion_{by}": fall[::-1] for by in ("shuffles", "zeros")}
    measures = {
        m: {"better": None if g == "sparsity" else "higher", "group": g, "text": m} for m, g in MEASURES.items()
    }
    return {
        "format": "lrpgen-evaluation",
        "version": 1,
        "setting": {},
        "measures": {m: entry for m, entry in measures.items() if truth or entry["group"] != "truth"},
        "rows": rows,
        "curves": {"share": share.tolist(), "rows": curves},
    }


def row_of(summary, method):
    return next(row for row in summary["rows"] if row["method"] == method)


def means(found, measure):
    return [values[measure]["mean"] for values in found]


@pytest.fixture(scope="module")
def small():
    return made_up(rules=("epsilon",), references=("", "@10"), shares=(0.1, 0.25, 0.9))


def test_every_figure_that_the_data_allows(tmp_path):
    summary = made_up(rules=("gamma(0.1),conv*=flat",), references=("@10",), shares=(0.25, 0.9))
    names = draw_evaluation(summary, tmp_path / "plots")
    odd = "gamma(0.1)_conv_flat"  # letters that file names should not have
    expected = [f"sweep_{odd}@10", "sweep_epsilon@10", "trade", "curves", f"differences_{odd}", "differences_epsilon"]
    assert names == expected
    files = {path.name for path in (tmp_path / "plots").iterdir()}
    assert files == {f"{name}.{end}" for name in names for end in ("svg", "png")}
    assert "plrp-matrix, epsilon@10" in (tmp_path / "plots" / "sweep_epsilon@10.svg").read_text()


def test_the_same_bytes_every_time(small, tmp_path):
    for name in ("a", "b"):
        save(trade_figure(small), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_nothing_measured_nothing_drawn(tmp_path):
    summary = made_up(rules=("epsilon",), references=("",), shares=(0.1, 0.9))
    nothing = {"mean": None, "interval": None, "inputs": 0, "nan": 200}
    for row in summary["rows"]:
        parts = [row["values"], *row["controls"].values(), *row["differences"].values()]
        for part in parts:
            part.update(dict.fromkeys(part, nothing))
    summary["curves"]["rows"] = {}
    assert draw_evaluation(summary, tmp_path) == []


def test_a_sweep_begins_at_the_base_and_has_its_control(small):
    axes = sweep_figure(small, "epsilon@10").axes
    assert [ax.get_title(loc="left").split("\n")[0] for ax in axes][:2] == [
        "relevance mass accuracy",
        "relevance rank accuracy",
    ]
    start = row_of(small, "epsilon@10")["values"]
    pruned = [row_of(small, f"plrp-lambda:{share}:epsilon@10") for share in (0.1, 0.25, 0.9)]
    solid, dashed = axes[3].lines[:2]
    assert solid.get_xdata().tolist() == dashed.get_xdata().tolist() == [0, 0.1, 0.25, 0.9]
    assert solid.get_ydata().tolist() == means([start, *(row["values"] for row in pruned)], "aopc_shuffles")
    assert dashed.get_ydata().tolist() == means([start, *(row["controls"]["gini"] for row in pruned)], "aopc_shuffles")
    assert solid.get_color() == dashed.get_color() != axes[3].lines[2].get_color()
    band = axes[3].collections[0].get_paths()[0].vertices
    assert {tuple(pruned[2]["values"]["aopc_shuffles"]["interval"])} == {
        tuple(sorted({y for x, y in band if x == 0.9}))
    }


def test_a_sweep_without_its_base_row_begins_at_the_first_share(small):
    summary = {**small, "rows": [row for row in small["rows"] if row["method"] != "epsilon"]}
    assert sweep_figure(summary, "epsilon").axes[0].lines[0].get_xdata().tolist() == [0.1, 0.25, 0.9]


def test_one_share_is_no_sweep():
    assert sweep_figure(made_up(rules=("epsilon",), references=("",), shares=(0.25,)), "epsilon") is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [("gradient*input", "gradient"), ("deepshap", "DeepLIFT, IG"), ("ism", "ISM"), ("sglrp", "LRP"), ("gamma", "LRP"),
     ("plrp-adaptive", "PLRP"), ("random", "control (random, Gini-matched)")],
)  # fmt: skip
def test_families(name, kind):
    assert family(name) == kind


@pytest.mark.parametrize("truth", [True, False])
def test_names_of_the_trade_off_lie_apart_and_inside(truth):
    summary = made_up(truth)
    figure = trade_figure(summary)
    figure.draw_without_rendering()
    best = "rma" if truth else "aopc_shuffles"
    pruned = [row for row in summary["rows"] if row["name"].startswith("plrp-")]
    first = max(pruned, key=lambda row: row["values"][best]["mean"])["method"]
    for axes, more in zip(figure.axes, ({"random"}, set()), strict=True):
        assert {text.get_text() for text in axes.texts} > {first, "epsilon", "deepshap", "ism"} | more
        boxes = [super(type(text), text).get_window_extent() for text in axes.texts]
        assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
        frame = axes.get_window_extent()
        assert all(frame.contains(*box.p0) and frame.contains(*box.p1) for box in boxes)


def test_points_of_the_trade_off(small):
    accuracy, cost = trade_figure(small).axes
    assert (accuracy.get_ylabel(), cost.get_xscale()) == ("relevance mass accuracy", "log")
    drawn = {tuple(xy) for points in accuracy.collections for xy in points.get_offsets().tolist()}
    row = row_of(small, "plrp-matrix:0.25:epsilon@10")
    expected = [(v["aopc_shuffles"]["mean"], v["rma"]["mean"]) for v in (row["values"], row["controls"]["gini"])]
    assert drawn.issuperset(expected)
    drawn = {tuple(xy) for points in cost.collections for xy in points.get_offsets().tolist()}
    assert (row["cost"]["ratio"], row["values"]["rma"]["mean"]) in drawn
    assert trade_figure(made_up(truth=False, references=("",))).axes[0].get_ylabel() == "Gini index"
    free = {**small, "rows": [{**row, "cost": None} for row in small["rows"]]}
    assert len(trade_figure(free).axes) == 1


def test_curves_have_the_pruned_method_that_is_more_faithful(small):
    shown = {line.get_label(): line for line in curves_figure(small).axes[0].lines}
    pair = [row_of(small, f"plrp-{way}:0.25:epsilon") for way in ("lambda", "matrix")]
    best = max(pair, key=lambda row: row["values"]["aopc_shuffles"]["mean"])["method"]
    assert list(shown) == ["random", "epsilon", best, "deepshap", "ism", "integrated_gradients"]
    assert shown[best].get_ydata().tolist() == small["curves"]["rows"][best]["deletion_shuffles"]
    assert len({(line.get_color(), line.get_linestyle()) for line in shown.values()}) == 6


def test_curves_without_epsilon_and_with_two_kinds_only():
    summary = made_up(rules=("zplus",), references=("@10",))
    rows = summary["curves"]["rows"]
    summary["curves"]["rows"] = {m: {k: v for k, v in c.items() if "zeros" in k} for m, c in rows.items()}
    figure = curves_figure(summary)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["deletion, by zeros", "insertion, into zeros"]
    labels = [line.get_label() for line in figure.axes[0].lines]
    assert labels[:3] == ["random", "zplus@10", "plrp-lambda:0.25:zplus@10"]


def test_differences_stand_on_their_line(small):
    axes = differences_figure(small, "epsilon").axes
    labels = {text.get_text(): tick for tick, text in zip(axes[0].get_yticks(), axes[0].get_yticklabels(), strict=True)}
    assert labels["epsilon"] < labels["epsilon@10"]
    row = row_of(small, "plrp-lambda:0.25:epsilon@10")["differences"]
    for line, bars, other in zip(axes[0].lines[1:], axes[0].collections, ("base", "gini"), strict=True):
        entry = row[other]["rma"]
        at = line.get_xdata().tolist().index(entry["mean"])
        assert math.isclose(line.get_ydata()[at], labels["lambda 0.25"], abs_tol=0.2)  # the last of that name: @10
        assert bars.get_paths()[at].vertices[:, 0].tolist() == entry["interval"]
    assert differences_figure(small, "gamma") is None


def test_one_figure_is_chosen_by_its_base():
    figure = one_figure(made_up(), "sweep", "epsilon@uniform")
    line = figure.axes[0].get_lines()[0]
    assert line.get_xdata().tolist() == [0, *SHARES]  # the base, with its reference, at 0
    heads = [label.get_text() for label in one_figure(made_up(), "differences").axes[0].get_yticklabels()]
    assert heads[: len(REFERENCES)] == [f"epsilon{reference}" for reference in REFERENCES]
