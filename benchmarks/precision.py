"""How far relevance with products in bfloat16 is from float32, by rule and network; writes benchmarks/precision.json.

Weights are those of untrained networks of the zoo, inputs random sequences, all drawn from SEED. The error of a window is
sum |R16 - R32| / sum |R32| over its positions, both explained on the CPU for the class that float32 finds highest.
With `--model` a saved model takes part too.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from lrpgen.files import write_json
from lrpgen.lrp import Graph, Prune, explain
from lrpgen.lrp.explain import as_graph
from lrpgen.lrp.mixed import mixed
from lrpgen.models import load_model, read_card
from lrpgen.models.zoo import build
from lrpgen.provenance import versions

ROOT = Path(__file__).parents[1]
SEED, CLASSES = 1, 3
NETWORKS = {"motif-cnn": 200, "basset": 600}  # and their widths, bp
RULES: dict[str, dict[str, Any]] = {
    "epsilon": {"composite": "epsilon"},
    "epsilon_plus": {"composite": "epsilon_plus"},
    "epsilon, PLRP lambda": {"composite": "epsilon", "prune": Prune()},
    "epsilon_plus, PLRP lambda": {"composite": "epsilon_plus", "prune": Prune()},
    "lrp0": {"composite": "lrp0"},
    "epsilon, reference uniform": {"composite": "epsilon", "reference": "uniform"},
}


def relevance(graph: Graph, x: torch.Tensor, target: torch.Tensor, how: dict[str, Any]) -> torch.Tensor:
    """(N, L) float64."""
    return explain(graph, x, target=target, device="cpu", batch_size=32, **how).relevance.sum(1).double()


def measure(graph: Graph, windows: int) -> list[dict[str, Any]]:
    """One row per rule: median and greatest relative L1 error over the windows, and median correlation."""
    torch.manual_seed(SEED)
    width = graph.input_shape[1]
    x = torch.nn.functional.one_hot(torch.randint(4, (windows, width)), 4).transpose(1, 2)
    target = explain(graph, x, device="cpu", batch_size=32).target
    rough = mixed(graph, torch.bfloat16)
    found = []
    for rule, how in RULES.items():
        exact, there = (relevance(one, x, target, how) for one in (graph, rough))
        error = (there - exact).abs().sum(1) / exact.abs().sum(1)
        same = torch.stack([torch.corrcoef(torch.stack(pair))[0, 1] for pair in zip(exact, there, strict=True)])
        numbers = {"median": error.median(), "max": error.max(), "correlation": same.median()}
        found.append({"rule": rule, **{name: float(f"{value:.3g}") for name, value in numbers.items()}})
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--windows", type=int, default=64)
    arguments.add_argument("--model", type=Path, help="a saved model that takes part too")
    given = arguments.parse_args()
    torch.set_num_threads(1)
    models = {}
    for name, width in NETWORKS.items():
        torch.manual_seed(SEED)
        models[name] = build(name, classes=CLASSES, width=width).eval(), width
    if given.model:
        models["saved"] = load_model(given.model), read_card(given.model).width
    tables = {}
    for name, (model, width) in models.items():
        tables[name] = measure(as_graph(model, torch.zeros(1, 4, width)), given.windows)
        for row in tables[name]:
            print(name, row)
    found = {"windows": given.windows, "networks": NETWORKS, "versions": versions(), "relative_l1": tables}
    write_json(ROOT / "benchmarks" / "precision.json", found)


if __name__ == "__main__":
    main()
