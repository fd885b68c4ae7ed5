"""Scenarios of benchmarks/quality_scenarios.py: grammars that can be read, truths that are where they should be."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from lrpgen import load_model
from lrpgen.models.card import Card
from lrpgen.models.store import save_model
from lrpgen.models.zoo import build
from lrpgen.sequences import read_bed
from lrpgen.simulate import read_grammar, read_truth, simulate, truth_mask

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
GRAMMARS = sorted((BENCHMARKS / "grammars").glob("*.yaml"))
PAIRS = ("close", "far", "turned")


@pytest.fixture
def scenarios(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    import quality_scenarios

    return quality_scenarios


def small(path, out, regions=80):
    grammar = replace(read_grammar(path), regions=regions)
    simulate(grammar, out)
    return grammar


@pytest.mark.parametrize("path", GRAMMARS, ids=lambda path: path.stem)
def test_explained_windows_have_a_truth_of_positive_sign(path, tmp_path):
    grammar = small(path, tmp_path / "sim")
    bed = "regions.bed" if grammar.value else "positives.bed"
    mask = truth_mask(read_truth(tmp_path / "sim" / "truth.bed"), read_bed(tmp_path / "sim" / bed))
    filled = (mask > 0).any(axis=1)
    assert len(mask) > 10
    assert filled.mean() > 0.5 if grammar.value else filled.all()  # a sum may be one of no motif
    assert (mask < 0).any() if grammar.value else not (mask < 0).any()


def test_every_grammar_belongs_to_a_scenario(scenarios):
    assert {path.stem for path in GRAMMARS} == {"sum", "logic", "pair", "few"} <= scenarios.SCENARIOS.keys()


def test_regions_of_the_pair_hold_exactly_one_pair_and_its_truth_only(scenarios, tmp_path):
    sim = tmp_path / "sim"
    small(BENCHMARKS / "grammars" / "pair.yaml", sim, 200)
    counts = pd.read_csv(sim / "counts.tsv", sep="\t").set_index("name")
    scenarios.keep_one_of(sim, PAIRS)
    positives, negatives = read_bed(sim / "positives.bed"), read_bed(sim / "negatives.bed")
    for regions, close in ((positives, 1), (negatives, 0)):
        left = counts.loc[regions["name"]]
        assert (left[list(PAIRS)].sum(axis=1) == 1).all()
        assert (left["close"] == close).all()
        assert (left[["ESRRA", "ELK1"]] == 1).all(axis=None)
    assert len(positives) + len(negatives) == (counts[list(PAIRS)].sum(axis=1) == 1).sum()
    assert (truth_mask(read_truth(sim / "truth.bed"), positives).sum(axis=1) == 18).all()  # two motifs of 9 bp


def test_the_shrunken_network_is_the_same_function_with_small_activations(scenarios, tmp_path):
    settings = {"classes": 1, "width": 40, "filters": [4, 6], "blocks": 1, "first_kernel": 5}
    torch.manual_seed(1)
    net = build("resnet1d", **settings)
    net(torch.rand(8, 4, 40))  # statistics of the batch norms that are not 0 and 1
    path = tmp_path / "model.safetensors"
    count = sum(value.numel() for value in net.parameters())
    save_model(path, net, Card("resnet1d", settings, ["y"], 40, count, 1, task="values", activation="identity"))
    onehot = np.eye(4, dtype=np.int8)[np.random.default_rng(1).integers(0, 4, (5, 40))].transpose(0, 2, 1)
    x, before = torch.from_numpy(onehot.copy()).float(), load_model(path)
    scenarios.shrink(path, onehot)
    after = load_model(path)
    assert torch.equal(before(x), after(x))
    assert torch.equal(before.stem(x) * scenarios.SMALL, after.stem(x))
    assert torch.equal(before.blocks(before.stem(x)) * scenarios.SMALL, after.blocks(after.stem(x)))
    assert before.stem(x).any()


def test_the_consensus_of_the_yeast_origin_lies_where_the_literature_has_it(scenarios):
    start, end = scenarios.acs()
    assert end - start == 11  # bp of the core consensus


def test_the_chain_has_a_layer_for_each_number():
    net = build(
        f"module:{BENCHMARKS / 'quality_networks.py'}:Chain",
        classes=2, width=40, filters=[3, 5], kernels=[5, 3], pools=[2, 1],
    )  # fmt: skip
    assert net.eval()(torch.zeros(2, 4, 40)).shape == (2, 2)
    assert net.trunk(torch.zeros(2, 4, 40)).shape == (2, 5, 20)
