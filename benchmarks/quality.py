"""Methods of relevance compared on one scenario: `make bench-quality` runs them all through benchmarks/quality.smk.

    python benchmarks/quality.py sum 1 --setting small -o results/quality/small/sum.1

trains the scenario's model (quality_scenarios.py), compares methods by `lrpgen.evaluate` on its test part (evaluation/) and
lets both base rules choose their pruned share on its validation part. Settings and methods were written down before any
result was seen; what they cost decided their size.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from quality_scenarios import SCENARIOS, Prepared

from lrpgen.evaluate.choose import choose_prune
from lrpgen.evaluate.comparison import Setting
from lrpgen.evaluate.methods import COMPARED_RULES, SHARES
from lrpgen.evaluate.run import Evaluation, evaluate
from lrpgen.files import atomic_dir, write_json
from lrpgen.models import load_model, read_card
from lrpgen.relevance.work import draw
from lrpgen.sequences import open_windows

RULES = ("epsilon", "epsilon_plus")  # whose pruning is compared
FEW_SHARES = (0.1, 0.25, 0.5)
# Every question has its methods; references, and variants of pruning, at fewer shares than the main sweep.
QUICK = (
    *("gradient", "gradient*input", "integrated_gradients", "deeplift@uniform", "deepshap", "ism"),
    *(rule + reference for rule in (*COMPARED_RULES, "sglrp") for reference in ("", "@uniform")),
    *(f"{rule}@{reference}" for rule in RULES for reference in ("composition", "10")),
    *(f"plrp-lambda:{share:g}:{rule}" for rule in RULES for share in SHARES),
    *(f"plrp-matrix:{share:g}:epsilon" for share in SHARES),
    *(f"plrp-lambda:{share:g}:{rule}@uniform" for rule in RULES for share in FEW_SHARES),
    *(f"plrp-{how}:0.25:{rule}" for how in ("input", "linear") for rule in RULES),
    *(f"plrp-adaptive:0.1:{rule}" for rule in RULES),
)


@dataclass(frozen=True)
class Size:
    """inputs of the test part compared, and of the validation part that p is chosen on; members besides the model."""

    inputs: int
    chosen_on: int
    members: int
    methods: tuple[str, ...]
    setting: Setting


SIZES = {
    "small": Size(64, 50, 0, QUICK, Setting(draws=2, steps=10, checks=16, timed=16)),
    "full": Size(500, 200, 2, ("all",), Setting()),
}


def chosen(found: Prepared, inputs: int, seed: int) -> dict[str, Any]:
    """For each rule the share that `lrpgen prune` chooses on the validation part, and what it weighed."""
    with open_windows(found.windows) as windows:
        card = read_card(found.models[0])
        rows, target = draw(windows, card, found.labels, found.target, "validation", inputs, seed)
        onehot = windows.onehot(rows)
    model = load_model(found.models[0])
    choices = {rule: choose_prune(model, onehot, target.numpy(), composite=rule, seed=seed) for rule in RULES}
    return {rule: {"share": choice.share, "tried": choice.tried} for rule, choice in choices.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", choices=list(SCENARIOS))
    parser.add_argument("seed", type=int)
    parser.add_argument("--setting", choices=list(SIZES), default="small")
    parser.add_argument("--output", "-o", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    size, scenario = SIZES[arguments.setting], SCENARIOS[arguments.scenario]
    with tempfile.TemporaryDirectory() as name, atomic_dir(arguments.output) as output:
        found = scenario.prepare(Path(name), arguments.seed, size.members)
        evaluate(
            Evaluation(
                tuple(found.models),
                found.windows,
                output / "evaluation",
                truth=found.truth,
                labels=tuple(found.labels) if found.labels else None,
                target=found.target,
                inputs=size.inputs,
                methods=size.methods,
                setting=size.setting,
                threads=1,
            )
        )
        facts = {
            "text": scenario.text,
            "quality": found.quality,
            "chosen": chosen(found, size.chosen_on, arguments.seed),
        }
        write_json(output / "scenario.json", facts)


if __name__ == "__main__":
    main()
