"""Models and truths on which methods of relevance are compared: simulated grammars, splice sites and a yeast origin.

    python benchmarks/quality_scenarios.py [--seed 1] [--scenarios sum pair]

trains each scenario's model and prints what it is worth, its training time and how much of a window is truth. Networks, grammars
and truths were fixed by what the models predict, before any relevance was looked at.
"""

from __future__ import annotations

import argparse
import gzip
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lrpgen.files import write_text
from lrpgen.models import load_model
from lrpgen.models.predict import predict
from lrpgen.models.store import read_card, save_model
from lrpgen.models.training import Training, train
from lrpgen.sequences import WindowOptions, make_windows, open_windows
from lrpgen.simulate import read_truth, simulate, truth_mask

ROOT = Path(__file__).parents[1]
GRAMMARS = ROOT / "benchmarks" / "grammars"
HLA = ROOT / "data" / "hla"
MEMBER = 1000  # between the training seeds of the models of one scenario
# Of the activations of `small`: about 1e-6, the stabiliser of the epsilon rule. Powers of two scale floats without rounding.
SMALL = 2.0**-20


class Prepared(NamedTuple):
    """models: the first is explained, further ones differ in the training seed. windows: all parts; `test` is explained.

    labels: classes that are explained, each by its own logit (None: all windows). target: output of a task of values.
    truth: a BED as of `lrpgen simulate`, or "sites" (the windows are centred on what matters). quality, on the test part:
    auroc (the lowest of the labels) or pearson; windows, those explained; seconds of training, CPU, mean of the models.
    """

    models: list[Path]
    windows: Path
    labels: list[str] | None
    target: str | None
    truth: str
    quality: dict[str, float]


@dataclass(frozen=True)
class Scenario:
    """text: one sentence. prepare(folder, seed, members): models and truth in an empty folder, with `members` further
    models."""

    text: str
    prepare: Callable[[Path, int, int], Prepared]


def _prepared(
    folder: Path, training: dict[str, Any], seed: int, members: int, labels: list[str] | None, truth: str
) -> Prepared:
    """Train on folder/windows.h5 and judge the first model."""
    windows, models = folder / "windows.h5", [folder / f"model{k}.safetensors" for k in range(members + 1)]
    start = time.process_time()
    for k, model in enumerate(models):
        train(windows, model, Training(**training, seed=seed + MEMBER * k, device="cpu", threads=1, workers=0))
    seconds = (time.process_time() - start) / len(models)
    target = None if labels else read_card(models[0]).classes[0]
    quality = _quality(windows, models[0], labels, folder / "predictions.tsv")
    return Prepared(models, windows, labels, target, truth, {**quality, "seconds": round(seconds, 1)})


def _quality(windows: Path, model: Path, labels: list[str] | None, table: Path) -> dict[str, float]:
    test = predict(windows, model, table, device="cpu", threads=1)["splits"]["test"]
    with open_windows(windows) as file:
        count = float(len(file.rows(split="test", labels=labels)))
    if labels is None:
        (figures,) = test["outputs"].values()
        return {"pearson": round(figures["pearson"], 4), "windows": count}
    return {"auroc": round(min(test["classes"][label]["auroc"] for label in labels), 4), "windows": count}


def planted(
    folder: Path, seed: int, members: int, *, name: str, training: dict[str, Any], one_of: tuple[str, ...] = ()
) -> Prepared:
    """A grammar's regions and a model of its label; `one_of` keeps regions that hold exactly one of these once."""
    sim = folder / "sim"
    simulate(GRAMMARS / f"{name}.yaml", sim, seed)
    values = (sim / "labels.tsv").exists()
    if one_of:
        keep_one_of(sim, one_of)
    label: dict[str, Any] = (
        {"labels": sim / "labels.tsv", "task": "values"} if values else {"negatives": sim / "negatives.bed"}
    )
    bed = sim / ("regions.bed" if values else "positives.bed")
    make_windows(WindowOptions("regions", sim / "genome.fa", bed, seed=seed, **label), folder / "windows.h5")
    labels = None if values else ["positive"]
    return _prepared(folder, {**training, "augment_rc": True}, seed, members, labels, str(sim / "truth.bed"))


def keep_one_of(sim: Path, names: tuple[str, ...]) -> None:
    """Drop from the positive and negative regions of a simulation those without exactly one of these motifs or pairs."""
    counts = pd.read_csv(sim / "counts.tsv", sep="\t").set_index("name")[list(names)].sum(axis=1)
    kept = set(counts.index[counts.to_numpy() == 1])
    for name in ("positives.bed", "negatives.bed"):
        lines = (sim / name).read_text().splitlines(keepends=True)
        write_text(sim / name, "".join(line for line in lines if line.split("\t")[3] in kept))


def small(folder: Path, seed: int, members: int) -> Prepared:
    """The models of `sum`, with every activation inside SMALL times as large and the same function, bit for bit."""
    found = SCENARIOS["sum"].prepare(folder, seed, members)
    with open_windows(found.windows) as file:
        onehot = file.onehot(file.rows(split="test"))
    for model in found.models:
        shrink(model, onehot)
    return found


def shrink(path: Path, onehot: np.ndarray) -> None:
    """Batch norms give SMALL of what they gave, and layers behind them weigh it 1 / SMALL.

    Exact where every layer but the last has a batch norm, and only ReLU, sums and means lie between; asserted on `onehot`.
    """
    import torch
    from torch import nn

    model, x = load_model(path), torch.from_numpy(onehot).float()
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv1d | nn.Linear)]
    with torch.no_grad():
        before = model(x)
        for layer in layers[1:]:
            layer.weight.div_(SMALL)
        for norm in model.modules():
            if isinstance(norm, nn.BatchNorm1d):
                norm.weight.mul_(SMALL)
                norm.bias.mul_(SMALL)
        assert torch.equal(model(x), before), f"{path}: not the same function with small activations"
    save_model(path, model, read_card(path))


def splice(folder: Path, seed: int, members: int) -> Prepared:
    """The embedded default: donors and acceptors of the shipped HLA sequence."""
    options = WindowOptions("splice-sites", HLA / "BA000025.2.fa.gz", HLA / "BA000025.2.cds.bed", seed=seed)
    make_windows(options, folder / "windows.h5")
    return _prepared(folder, {}, seed, members, ["donor", "acceptor"], "sites")


# The 11 bp ARS consensus sequence (ACS), which binds the origin recognition complex, as its T-rich strand reads (Van Houten,
# Newlon 1990). In the variants, which show the other strand, the one match of the wild type is at 121 to 132 (0-based).
ACS = "[AT]TTTA[CT][AG]TTT[AT]"
ACS_AT = (121, 132)
VARIANTS = 6000  # of each class
SELECTED, IN_LIBRARY = 10, 3  # fewest reads of an active variant after selection, of one without any there before it


def ars1(folder: Path, seed: int, members: int) -> Prepared:
    """Variants of the yeast origin ARS1 that did or did not replicate a plasmid (data of logomaker; after Liachko et al. 2013).

    Truth is the ACS alone. Flanking elements matter too, so that relevance off the mask is not all wrong: figures against
    this mask compare methods, and the best possible ones are unknown.
    """
    start, end = acs()
    table, random, truth = _variants(), np.random.default_rng(seed), []
    active = table["selected_ct"] >= SELECTED
    lost = (table["selected_ct"] == 0) & (table["library_ct"] >= IN_LIBRARY)
    for name, rows in (("active", np.flatnonzero(active)), ("lost", np.flatnonzero(lost))):
        chosen = np.sort(random.choice(rows, VARIANTS, replace=False))
        records = {f"{name}{row}": table["sequence"].iloc[row] for row in chosen}
        write_text(folder / f"{name}.fa", "".join(f">{key}\n{letters}\n" for key, letters in records.items()))
        truth += [f"{key}\t{start}\t{end}\tACS\t0\t-\t+\t{key}\n" for key in records]
    write_text(folder / "truth.bed", "".join(truth))
    options = WindowOptions("sequences", folder / "active.fa", negatives=folder / "lost.fa", seed=seed)
    make_windows(options, folder / "windows.h5")
    return _prepared(folder, ARS1, seed, members, ["positive"], str(folder / "truth.bed"))


def acs() -> tuple[int, int]:
    """Where the ACS lies in the variants, which show the strand opposite to the wild type's file: 0-based, half-open."""
    wild = (_data() / "ars_wt_sequence.txt").read_text(encoding="utf-8").split()[-1]
    (found,) = re.finditer(f"(?=({ACS}))", wild)
    start, end = len(wild) - found.end(1), len(wild) - found.start(1)
    assert (start, end) == ACS_AT, f"the wild type's ACS lies at {start} to {end} of the variants, not at {ACS_AT}"
    return start, end


def _variants() -> pd.DataFrame:
    """library_ct and selected_ct, reads before and after selection, and the sequence of each variant."""
    with (_data() / "ars_sequences.txt.gz").open("rb") as raw, gzip.open(raw, "rt", encoding="utf-8") as text:
        return pd.read_csv(text, sep="\t", comment="#")


def _data() -> Traversable:
    return files("logomaker") / "examples" / "datafiles"


# Networks that take the mean over positions, as motifs may lie anywhere: from this many windows, those whose dense layer knows
# positions (motif-cnn, deepstarr, basset) learn little of `logic` and `pair`.
QUICK = {"batch_size": 64, "learning_rate": 4e-3}
RESNET = {"architecture": "resnet1d", **QUICK}
CHAIN = {"architecture": f"module:{Path(__file__).parent / 'quality_networks.py'}:Chain", "epochs": 10, **QUICK}
SUM = {**RESNET, "settings": {"filters": [32, 48], "blocks": 1, "first_kernel": 19}, "epochs": 12}
PAIR = {**RESNET, "settings": {"filters": [32, 48, 64], "blocks": 1, "first_kernel": 11}, "epochs": 10}
LOGIC = {**CHAIN, "settings": {"filters": [32, 48, 48, 64], "kernels": [19, 5, 5, 5], "pools": [2, 2, 2, 1]}}
DEEP = {"filters": [24, 32, 32, 32, 48, 48, 48, 48], "kernels": [11, 5, 5, 5, 5, 3, 3, 3], "pools": [2, 1] * 4}
FEW = {**CHAIN, "settings": DEEP}
ARS1 = {"architecture": "motif-cnn", "epochs": 12}

SCENARIOS = {
    "sum": Scenario(
        "a value, the sum of five motifs' weights, one negative and one rare; resnet1d",
        partial(planted, name="sum", training=SUM),
    ),
    "logic": Scenario(
        "a class by A and (B or C) and not D, in human-like background; a chain of 4 convolutions",
        partial(planted, name="logic", training=LOGIC),
    ),
    "pair": Scenario(
        "a class by distance and orientation of two motifs; resnet1d of 7 convolutions",
        partial(planted, name="pair", training=PAIR, one_of=("close", "far", "turned")),
    ),
    "few": Scenario(
        "a class by one motif of 9 bp in 400; a chain of 8 convolutions",
        partial(planted, name="few", training=FEW),
    ),
    "small": Scenario("the models of `sum` with activations a millionth as large and the same function", small),
    "splice": Scenario("human splice sites, the embedded default; motif-cnn", splice),
    "ars1": Scenario("variants of a yeast origin that replicate or not; motif-cnn", ars1),
}


def truth_share(found: Prepared) -> float:
    """Share of the bases of the explained windows that is truth of positive sign."""
    with open_windows(found.windows) as file:
        regions = file.table(file.rows(split="test", labels=found.labels))
    return float((truth_mask(read_truth(found.truth), regions) > 0).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--members", type=int, default=0)
    parser.add_argument("--scenarios", nargs="+", choices=list(SCENARIOS), default=list(SCENARIOS))
    arguments = parser.parse_args()
    for name in arguments.scenarios:
        with tempfile.TemporaryDirectory() as folder:
            found = SCENARIOS[name].prepare(Path(folder), arguments.seed, arguments.members)
            share = "sites" if found.truth == "sites" else f"{truth_share(found):.4f} truth"
            print(name, found.quality, share, flush=True)


if __name__ == "__main__":
    main()
