"""The embedded default, stage by stage, with the settings of config/config.yaml: real sites, model and motifs."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml

from lrpgen.lrp import Prune
from lrpgen.models.predict import predict
from lrpgen.models.training import Training, train
from lrpgen.motifs import find_motifs
from lrpgen.relevance.run import Job, explain_windows
from lrpgen.relevance.store import open_store
from lrpgen.sequences.windows import WindowOptions, make_windows

ROOT = Path(__file__).parents[1]
CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
A, C, G, T = range(4)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hla(tmp_path_factory):
    """Folder with windows, model, metrics, relevance and motifs of both kinds of site."""
    folder = tmp_path_factory.mktemp("hla")
    data = ROOT / "data" / "hla"
    chosen = CONFIG["windows"]
    options = WindowOptions(
        "splice-sites",
        data / "BA000025.2.fa.gz",
        data / "BA000025.2.cds.bed",
        decoys_per_site=chosen["decoys_per_site"],
        validation_start=chosen["validation_start"],
        test_start=chosen["test_start"],
        seed=CONFIG["seed"],
    )
    make_windows(options, folder / "windows.h5")
    model = {key: value for key, value in CONFIG["model"].items() if key in Training.__dataclass_fields__}
    train(folder / "windows.h5", folder / "model.safetensors", Training(**model, seed=CONFIG["seed"], device="cpu"))
    share = CONFIG["explain"]["prune"]["positive"]
    job = Job(folder / "model.safetensors", folder / "relevance.h5", prune=Prune(share), device="cpu")
    explain_windows(job, folder / "windows.h5")
    for target in ("donor", "acceptor"):
        find_motifs(folder / "relevance.h5", target, folder / target, seed=CONFIG["seed"])
    return folder


def test_quality_on_the_held_out_part(hla):
    metrics = predict(hla / "windows.h5", hla / "model.safetensors", hla / "p.tsv", device="cpu")
    test = metrics["splits"]["test"]["classes"]
    assert test["donor"]["auroc"] >= 0.97
    assert test["acceptor"]["auroc"] >= 0.95
    for site in ("donor", "acceptor"):
        assert test[site]["average_precision"] > 5 * test[site]["base_rate"]


def test_every_annotated_site_is_explained_for_its_own_class(hla):
    with open_store(hla / "relevance.h5") as store:
        assert store.regions["label"].value_counts().to_dict() == {"donor": 554, "acceptor": 554}
        assert set(store.regions["split"]) == {"train", "validation", "test"}
        assert [store.classes[k] for k in store.target] == store.regions["label"].tolist()
        arrived, handed = store.ledger("sum_in"), store.ledger("sum_out")
        kept = store.ledger("absorbed_bias") + store.ledger("absorbed_epsilon") + store.ledger("stranded")
        assert np.abs(arrived - handed - kept).max() < 1e-4 * np.abs(arrived).max()
        start = store.output()[np.arange(len(store)), store.target]
        np.testing.assert_allclose(start, store.relevance().sum(1) + kept.sum(1), atol=2e-3)


def pattern(folder):
    """PPM (4, W) of the strongest positive pattern, its places, and those of all positive patterns."""
    with h5py.File(folder / "patterns.h5") as file:
        ppm = file["pos_0/ppm"][:]
    places = pd.read_csv(folder / "instances.bed", sep="\t", header=None).iloc[:, :6]
    places.columns = ["chrom", "start", "end", "name", "score", "strand"]
    return ppm, places[places["name"] == "pos_0"], places[places["name"].str.startswith("pos_")]


def site_columns(places, hla, kind, column):
    """Share of places whose `column` is exactly the G of the annotated GT (AG)."""
    with open_store(hla / "relevance.h5") as store:
        names = store.regions.query(f"label == '{kind}'")["name"]
    known = {(int(name.split(":")[-2]), name.split(":")[-1]) for name in names}
    base = np.where(places["strand"] == "+", places["start"] + column, places["end"] - 1 - column)
    return np.mean([(int(b), strand) in known for b, strand in zip(base, places["strand"], strict=True)])


def test_the_donor_pattern_is_gtragt(hla):
    ppm, places, all_places = pattern(hla / "donor")
    g = next(i for i in range(ppm.shape[1] - 4) if ppm[G, i] > 0.9 and ppm[T, i + 1] > 0.9)
    assert ppm[A, g + 2] + ppm[G, g + 2] > 0.8  # R
    assert ppm[A, g + 3] > 0.5
    assert ppm[G, g + 4] > 0.6
    with open_store(hla / "relevance.h5") as store:
        assert len(all_places) > 0.8 * (store.regions["label"] == "donor").sum()  # GTGAG and GTAAG may stand apart
    assert site_columns(places, hla, "donor", g) > 0.95


def test_the_acceptor_pattern_is_a_pyrimidine_tract_and_ag(hla):
    ppm, places, _ = pattern(hla / "acceptor")
    a = next(i for i in range(ppm.shape[1] - 1) if ppm[A, i] > 0.9 and ppm[G, i + 1] > 0.9)
    assert a >= 12
    assert (ppm[C] + ppm[T])[a - 12 : a - 2].mean() > 0.75
    assert ppm[C, a - 1] + ppm[T, a - 1] > 0.9
    assert site_columns(places, hla, "acceptor", a + 1) > 0.95
