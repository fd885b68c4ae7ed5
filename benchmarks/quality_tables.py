"""Tables of docs/evaluation.md and its figure, from benchmarks/quality.json: `python benchmarks/quality_tables.py`.

No number of the answers is typed: what stands between the two marks of the page is written here, and a test compares.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from lrpgen.evaluate.methods import SHARES, read_method
from lrpgen.files import read_json, write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROOT = Path(__file__).parents[1]
JSON, PAGE, FIGURE = ROOT / "benchmarks/quality.json", ROOT / "docs/evaluation.md", ROOT / "docs/figures/quality.svg"
BEGIN, END = "<!-- written by benchmarks/quality_tables.py -->", "<!-- end of what is written -->"
JUDGED = {"rma": "RMA", "rra": "RRA", "pointing": "pointing", "aopc_shuffles": "AOPC"}
CHEAP = 10  # methods listed beside deepshap and ism take at most so small a part of their time
Scenarios = dict[str, Any]


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(header)
    lines = [head, ["---"] * len(head), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def verdicts(scenarios: Scenarios, method: str, other: str, measure: str) -> str:
    """In how many scenarios the paired difference lies above 0, holds 0, lies below: `5 / 1 / 1`."""
    found = [of["rows"][method]["differences"].get(other, {}).get(measure) for of in scenarios.values()]
    known = [one for one in found if one and one[1] is not None]
    above, below = sum(one[1] > 0 for one in known), sum(one[2] < 0 for one in known)
    return f"{above} / {len(known) - above - below} / {below}" if known else ""


def average(scenarios: Scenarios, value: Callable[[Any], float | None]) -> float | None:
    found = [one for one in map(value, scenarios.values()) if one is not None]
    return mean(found) if found else None


def figure(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def value_of(method: str, measure: str) -> Callable[[Any], float | None]:
    return lambda of: of["rows"][method]["values"].get(measure, [None])[0]


def skill(method: str, measure: str) -> Callable[[Any], float | None]:
    """How far a method is on the way from a random order (0) to in-silico mutagenesis (1), so that models of different
    scales have a mean."""

    def of(scenario: Any) -> float:
        own, low, high = (scenario["rows"][name]["values"][measure][0] for name in (method, "random", "ism"))
        return (own - low) / (high - low)

    return of


def models(scenarios: Scenarios) -> str:
    rows = []
    for name, of in scenarios.items():
        kind = "pearson" if "pearson" in of["quality"][0] else "auroc"
        worth = ", ".join(figure(one[kind]) for one in of["quality"])
        rows.append([name, of["text"], f"{kind} {worth}", f"{mean(of['truth_share']):.1%}", str(of["inputs"])])
    return table(["scenario", "what", "models", "truth", "inputs"], rows)


def overview(scenarios: Scenarios, methods: Iterable[str]) -> str:
    measures = {**{key: word for key, word in JUDGED.items() if key != "aopc_shuffles"}}
    rows = []
    for name in methods:
        cells = [figure(average(scenarios, value_of(name, key))) for key in measures]
        cells += [figure(average(scenarios, skill(name, key))) for key in ("aopc_shuffles", "insertion_shuffles")]
        cells += [figure(average(scenarios, value_of(name, key))) for key in ("ism", "gini", "zeros")]
        cells += [figure(average(scenarios, value_of(name, key))) for key in ("reverse_complement", "randomised_all")]
        price = average(scenarios, lambda of, name=name: of["rows"][name]["cost"] and of["rows"][name]["cost"]["ratio"])
        rows.append([f"`{name}`", *cells, figure(price, 1)])
    words = [
        *measures.values(),
        "deletion",
        "insertion",
        "r with ISM",
        "Gini",
        "zeros",
        "r strands",
        "r random",
        "cost",
    ]
    return table(["method", *words], rows)


def pruned(scenarios: Scenarios, other: str) -> str:
    """Every pruned method against its base or a control: scenarios above / tied / below."""
    names = [name for name in methods_of(scenarios) if "plrp" in name]
    if other == "zeros":  # where the input itself has zeros
        names = [name for name in names if (average(scenarios, value_of(name, "zeros")) or 0) > 0.05]
    return table(
        ["method", *JUDGED.values()],
        ([f"`{name}`", *(verdicts(scenarios, name, other, key) for key in JUDGED)] for name in names),
    )


def methods_of(scenarios: Scenarios) -> list[str]:
    return list(next(iter(scenarios.values()))["rows"])


def sweep(scenarios: Scenarios, form: str, base: str, measure: str) -> str:
    """A measure by p, the best of a line in bold; form with {} for the share."""
    rows = []
    for name, of in scenarios.items():
        line = [of["rows"][one]["values"][measure][0] for one in (base, *(form.format(f"{p:g}") for p in SHARES))]
        best = max(one for one in line if one is not None)
        rows.append([name, *(f"**{figure(one)}**" if one == best else figure(one) for one in line)])
    return table(["scenario", "0", *(f"{p:g}" for p in SHARES)], rows)


def turned(scenarios: Scenarios, other: str, methods: Iterable[str]) -> str:
    return table(
        ["method", *JUDGED.values(), "r with ISM"],
        ([f"`{one}`", *(verdicts(scenarios, one, other, key) for key in (*JUDGED, "ism"))] for one in methods),
    )


def small_activations(scenarios: Scenarios) -> str:
    """How each rule changes where activations are small: of one function and the same inputs, nothing should."""
    names = ("lrp0", "epsilon", "gamma", "epsilon_plus", "zplus", "alpha2_beta1", "relative", "relative_layer")
    measures = {"rma": "RMA", "rra": "RRA", "aopc_shuffles": "AOPC", "ism": "r with ISM"}
    rows = []
    for name in names:
        row = scenarios["small"]["rows"][name]
        found = [(row["values"][key][0], row["differences"]["twin"][key][0]) for key in measures]
        rows.append([f"`{name}`", *(f"{value - change:.3f} -> {value:.3f}" for value, change in found)])
    return table(["rule", *measures.values()], rows)


def chosen(scenarios: Scenarios) -> str:
    rules = list(next(iter(scenarios.values()))["chosen"])
    rows = [
        [name, *(", ".join(f"{share:g}" for share in of["chosen"][rule]) for rule in rules)]
        for name, of in scenarios.items()
    ]
    return table(["scenario", *(f"`{rule}`" for rule in rules)], rows)


def not_worse(scenarios: Scenarios, method: str, other: str) -> list[int]:
    """For each judged measure, in how many scenarios a method is better than the other or tied with it."""
    return [
        sum(
            (one := of["rows"][method]["differences"][other][key])[2] is not None and one[2] >= 0
            for of in scenarios.values()
        )
        for key in JUDGED
    ]


def goal(scenarios: Scenarios, most: int = 20) -> str:
    """Methods at a small part of the cost of deepshap and ism, by how often they are better than both or tied."""
    cheapest = min(average(scenarios, price(name)) or 0 for name in ("deepshap", "ism"))
    found = []
    for name in methods_of(scenarios):
        ratio = average(scenarios, price(name))
        if name == "random" or ratio is None or ratio > cheapest / CHEAP:
            continue
        counts = {other: not_worse(scenarios, name, other) for other in ("deepshap", "ism")}
        worst = [min(pair) for pair in zip(*counts.values(), strict=True)]
        found.append((min(worst), sum(worst), name, counts, ratio))
    found.sort(key=lambda one: one[:2], reverse=True)
    rows = (
        [f"`{name}`", *(f"{a}, {b}" for a, b in zip(counts["deepshap"], counts["ism"], strict=True)), figure(ratio, 1)]
        for _, _, name, counts, ratio in found[:most]
    )
    return table(["method", *JUDGED.values(), "cost"], rows)


def price(method: str) -> Callable[[Any], float | None]:
    return lambda of: of["rows"][method]["cost"] and of["rows"][method]["cost"]["ratio"]


def page(result: dict[str, Any]) -> str:
    """What stands between the marks."""
    scenarios = result["scenarios"]
    shown = [name for name in methods_of(scenarios) if is_shown(name)]
    referred = [
        name for name in methods_of(scenarios) if "@" in name and name.partition("@")[0] in methods_of(scenarios)
    ]
    matrix = [f"plrp-{how}:{p:g}:epsilon" for p in SHARES for how in ("lambda", "matrix")]
    parts = [
        "**The models.** " + _made(result), models(scenarios),
        "**All methods**, means over scenarios. Deletion (AOPC) and insertion, with shuffled bases, are on the way from a random "
        "order (0) to in-silico mutagenesis (1); cost is time / time of gradient*input.", overview(scenarios, shown),
        "**Pruned against its base rule**: scenarios in which it is better / tied / worse.", pruned(scenarios, "base"),
        "**Pruned against the base cut at the input to the same Gini index.**", pruned(scenarios, "gini"),
        "**Pruned against the base cut at the input to the same zeros**, where more than 5 % of the input are zeros.",
        pruned(scenarios, "zeros"),
        "**RMA by p**, `plrp-lambda` on `epsilon`.", sweep(scenarios, "plrp-lambda:{}:epsilon", "epsilon", "rma"),
        "**RMA by p**, `plrp-lambda` on `epsilon_plus`.",
        sweep(scenarios, "plrp-lambda:{}:epsilon_plus", "epsilon_plus", "rma"),
        "**lambda and matrix**, means over scenarios.", overview(scenarios, matrix),
        "**With a reference against without**: better / tied / worse.", turned(scenarios, "plain", referred),
        "**Small activations**: `sum` -> `small`, one function of the same inputs, activations a millionth as large.",
        small_activations(scenarios),
        f"**Methods at a tenth of the time of DeepSHAP and ISM, or less**: scenarios, of {len(scenarios)}, in which a method is "
        "better than DeepSHAP or tied with it, and the same for ISM. " + _prices(scenarios),
        goal(scenarios),
        "**p that `lrpgen prune` chose**, by seed.", chosen(scenarios),
    ]  # fmt: skip
    return "\n\n".join(parts)


def _prices(scenarios: Scenarios) -> str:
    found = {word: average(scenarios, price(name)) or 0 for name, word in (("deepshap", "DeepSHAP"), ("ism", "ISM"))}
    return " ".join(f"{word} costs {ratio:.0f}, a thirtieth of it {ratio / 30:.1f}." for word, ratio in found.items())


def is_shown(name: str) -> bool:
    """In the overview: all but the inner shares of a sweep."""
    if name == "random" or "plrp" not in name or "adaptive" in name:
        return True
    prune = read_method(name).prune
    return prune is not None and prune.positive in (0.1, 0.25, 0.5, 0.9) and "matrix" not in name


def _made(result: dict[str, Any]) -> str:
    setting = result["setting"]
    return (
        f"Curves: {setting['draws']} draws, {setting['steps']} steps; checks on {setting['checks']} inputs and costs on "
        f"{setting['timed']} for each seed ({result['machine']})."
    )


def scale(rows: Any, measure: str) -> Callable[[list[float]], list[float]]:
    """Faithfulness as in `skill`, the rest as it is."""
    low, high = (rows[name]["values"][measure][0] for name in ("random", "ism"))
    if measure not in ("aopc_shuffles", "insertion_shuffles"):
        low, high = 0, 1
    return lambda values: [(value - low) / (high - low) for value in values]


def sweep_figure(scenarios: Scenarios) -> Figure:
    """RMA, RRA, deletion and insertion by p, a column for each scenario; dashed: the base cut to the same Gini index."""
    from lrpgen.plots.style import CYCLE, new_figure, styled

    forms = {
        "lambda, epsilon": ("epsilon", "plrp-lambda:{}:epsilon"),
        "lambda, epsilon_plus": ("epsilon_plus", "plrp-lambda:{}:epsilon_plus"),
        "matrix, epsilon": ("epsilon", "plrp-matrix:{}:epsilon"),
    }
    measures = {"rma": "RMA", "rra": "RRA", "aopc_shuffles": "deletion", "insertion_shuffles": "insertion"}
    with styled():
        drawn = new_figure(1.5 * len(scenarios) + 0.5, 5.6)
        axes = drawn.subplots(len(measures), len(scenarios), sharex=True, squeeze=False)
        for column, (name, of) in enumerate(scenarios.items()):
            rows = of["rows"]
            for line, (measure, word) in enumerate(measures.items()):
                ax, scaled = axes[line, column], scale(rows, measure)
                for colour, (label, (base, form)) in zip(CYCLE, forms.items(), strict=False):
                    names = [form.format(f"{p:g}") for p in SHARES]
                    start = rows[base]["values"][measure][0]
                    own = [start, *(rows[one]["values"][measure][0] for one in names)]
                    cut = [start, *(rows[one]["controls"]["gini"][measure][0] for one in names)]
                    ax.plot([0, *SHARES], scaled(own), color=colour, label=label, marker=".", ms=4)
                    ax.plot([0, *SHARES], scaled(cut), color=colour, ls="--", lw=0.9)
                if line == 0:
                    ax.set_title(name)
                if column == 0:
                    ax.set_ylabel(word)
                ax.set_xticks([0, 0.5])
        handles, labels = axes[0, 0].get_legend_handles_labels()
        drawn.legend(handles, labels, loc="outside upper left", ncols=3, frameon=False)
        drawn.supxlabel("p, share of the relevance dropped in each layer")
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    result = read_json(JSON, "result")
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    write_text(PAGE, f"{before}{BEGIN}\n\n{page(result)}\n\n{END}{after}")
    FIGURE.parent.mkdir(exist_ok=True)
    sweep_figure(result["scenarios"]).savefig(FIGURE, metadata={"Date": None})


if __name__ == "__main__":
    main()
