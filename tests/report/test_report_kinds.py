"""What the page says of each kind of model: loaded or trained, alone or an ensemble, every task, split and frame."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from fake_results import CLASSES, MIDDLE, WIDTH, Fake, edit_attribute, edit_metrics, edit_summary, write_card
from page_reading import Report

from lrpgen.report import write_report
from lrpgen.report.figures import shortened
from lrpgen.report.loci import activate
from lrpgen.report.places import common_origin, shown
from lrpgen.report.sentences import REASONS, dropped_sentence, split_sentence
from lrpgen.sequences import draft
from lrpgen.sequences.sources.annotated_sites import CONTRADICTING
from lrpgen.sequences.sources.genome_regions import TWICE
from lrpgen.sequences.splice import frame_of, origins

INTERVAL = {"level": 0.95, "resamples": 1000, "method": "Poisson bootstrap over windows, percentiles", "seed": 1}


@pytest.fixture
def folder(fake: Fake, tmp_path: Path) -> Path:
    shutil.copytree(fake.folder, tmp_path / "sample", ignore=shutil.ignore_patterns("report"))
    return tmp_path / "sample"


def read(folder: Path) -> Report:
    return Report(write_report(folder, folder.parent / "out" / "index.html"))


def add_intervals(metrics: dict[str, Any]) -> None:
    metrics["interval"] = INTERVAL
    for m in metrics["splits"]["test"]["classes"].values():
        m["auroc_interval"] = [m["auroc"] - 0.01, m["auroc"] + 0.005]
        m["average_precision_interval"] = [m["average_precision"] - 0.05, m["average_precision"] + 0.004]


def add_baseline(metrics: dict[str, Any], kmers: float, positions: float) -> None:
    def part(average: float) -> dict[str, Any]:
        one = {"positives": 122, "base_rate": 0.0812, "auroc": 0.9, "average_precision": average}
        return {"splits": {"test": {"windows": 1502, "classes": {"donor": one}}}}

    metrics["baseline"] = {"task": "classes", "models": {"kmers": part(kmers), "positions": part(positions)}}


def test_intervals(folder: Path) -> None:
    edit_metrics(folder, add_intervals)
    text = read(folder).text
    assert (
        "Donor on the held-out test part: AUROC 0.991 (95 % interval 0.981 to 0.996), average precision 0.90 "
        "(0.85 to 0.91; base rate 0.08; 122 positives)." in text
    )
    assert "donor test 0.991 0.981 to 0.996 0.903 0.853 to 0.907 0.081" in text
    assert "Intervals hold 95 % (Poisson bootstrap over windows, percentiles, 1,000 resamples)" in text


@pytest.mark.parametrize(("positions", "warned"), [(0.85, False), (0.86, True), (0.95, True)])
def test_a_baseline_that_is_not_beaten_is_a_caution(folder: Path, positions: float, warned: bool) -> None:
    """The network has 0.9034 with an interval from 0.8534: 0.85 lies below it, 0.86 within, 0.95 above."""
    edit_metrics(folder, lambda m: (add_intervals(m), add_baseline(m, 0.5, positions)))
    text = read(folder).text
    assert f"k-mer baseline 0.900 0.500 0.081 \u2013 \u2013 122 1,502 position baseline 0.900 {positions:.3f}" in text
    said = (
        "Caution. The model is not clearly better at donor than a simple one: average precision 0.903 "
        f"(95 % interval 0.853 to 0.907) against {positions:.3f} of the position baseline"
    )
    assert (said in text) == warned
    assert text.count("Caution.") == warned


def test_calibration(folder: Path) -> None:
    def edit(metrics: dict[str, Any]) -> None:
        bins = {"predicted": [0.05, 0.5, 0.95], "observed": [0.01, 0.4, 0.99], "windows": [1300, 80, 122]}
        metrics["splits"]["test"]["classes"]["donor"] |= {"brier": 0.0312, "ece": 0.0421, "reliability": bins}
        metrics["splits"]["test"]["overall"] = {"accuracy": 0.953, "accuracy_interval": [0.94, 0.96], "brier": 0.08,
                                                "brier_interval": [0.07, 0.09], "ece": 0.02}  # fmt: skip

    edit_metrics(folder, edit)
    page = read(folder)
    assert "donor test 0.991 0.903 0.081 0.031 0.042 122" in page.text
    assert (
        "Over all classes at once: accuracy 0.953 (0.940 to 0.960), Brier score 0.080 (0.070 to 0.090), "
        "calibration error 0.020." in page.text
    )
    assert "Reliability: donor calibration error 0.042." in page.values("aria-label")
    html = page["index"].html
    drawn = html[html.index('aria-label="Reliability') :].split("</svg>")[0]
    assert drawn.count('class="mark c0"') == 3


def load(folder: Path, **card: Any) -> None:
    """Make the results those of a loaded model that measured every window."""
    (folder / "history.json").unlink()
    changes: dict[str, Any] = {"training": {}, "source": "Keras: Acceptor.h5", "architecture": "keras", "seed": 0}
    changes |= {"task": "labels", "activation": "sigmoid", "layout": "NLC", **card}
    edit_attribute(folder / "relevance.h5", "model_sha256", write_card(folder / "model.safetensors", **changes))
    edit_summary(folder, split={"kind": "none"})
    with h5py.File(folder / "relevance.h5", "a") as file:
        splits: Any = file["regions/split"]
        splits[:] = np.array(["test"] * len(splits), dtype=object)

    def edit(metrics: dict[str, Any]) -> None:
        one = {"positives": 0, "base_rate": 0.0, "auroc": None, "average_precision": None}
        empty = {"windows": 0, "classes": dict.fromkeys(CLASSES, one)}
        metrics |= {"task": "labels", "splits": metrics["splits"] | {"validation": empty, "train": empty}}

    edit_metrics(folder, edit)


def test_a_loaded_model(folder: Path) -> None:
    load(folder)
    page = read(folder)
    text = page.text
    assert "Donor on all windows, by a model trained elsewhere: AUROC 0.991" in text
    assert "Quality on all windows" in text
    assert "may have seen some of them" in text
    assert "Loaded from Keras: Acceptor.h5" in text
    assert "Not trained here" in text
    assert "A network trained elsewhere was loaded (Keras: Acceptor.h5); nothing was trained." in text
    assert "Not split: every window is measured." in text
    assert "Input inside ACGT, axes NLC" in text
    assert "Over all 160 explained sites, PLRP left" in text
    assert "donor model 0.991" in text
    for wrong in (
        "held-out",
        "history.json",
        "test part",
        "never saw",
        "test sites",
        "validation",
        "Caution",
        "Seed 0",
    ):
        assert wrong not in text, wrong
    assert page.data()["parts"] is False


def test_a_loaded_model_on_a_part(folder: Path) -> None:
    """A test part of windows says nothing about what a model was trained on elsewhere."""
    load(folder)
    edit_summary(folder, split={"kind": "contig", "validation": ["chr2"], "test": ["chr3", "chr4"]})
    text = read(folder).text
    assert "Donor on the test part, by a model trained elsewhere" in text
    assert "held-out" not in text
    assert "Split by contig: chr2 for validation, chr3 and chr4 for test, all others for training." in text


def test_probabilities_are_the_models_own(folder: Path, fake: Fake) -> None:
    """A sigmoid looks at one output alone; a single output would have a softmax of 1 everywhere."""
    load(folder)
    data = read(folder).data()
    rows = [dict(zip(data["fields"], row, strict=True)) for row in data["rows"]]
    logit = np.array([row["logit"] for row in rows])
    assert [row["probability"] for row in rows] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-4)
    two = np.array([[0.0, np.log(3)]])
    assert activate(two, "softmax")[0] == pytest.approx([0.25, 0.75])
    assert activate(two, "sigmoid")[0] == pytest.approx([0.5, 0.75])
    assert activate(two, "exp")[0] == pytest.approx([1, 3])
    assert activate(two, "identity")[0] == pytest.approx(two[0])


def make_ensemble(folder: Path, spread: float) -> list[str]:
    """Two further members, and a store that is the mean over three."""
    paths = [folder / "model.safetensors", folder / "members" / "2.safetensors", folder / "members" / "3.safetensors"]
    hashes = [write_card(path, seed=i) for i, path in enumerate(paths, 1)]
    with h5py.File(folder / "relevance.h5", "a") as file:
        relevance: Any = file["relevance"]
        file["spread"] = np.full(relevance.shape, spread, np.float32)
        file.attrs["model_sha256"] = ",".join(hashes)
    return hashes


def test_an_ensemble(folder: Path, fake: Fake) -> None:
    hashes = make_ensemble(folder, 0.25)
    text = read(folder).text
    assert "An ensemble: predictions and relevance are means over 3 models (seeds 1, 2 and 3)." in text
    assert "mean of 3 models" in text
    assert "Scores are means over the 3 models, probabilities those of the mean score." in text
    assert "3 convolutional networks that differ in their seed (motif-cnn) were trained" in text
    strongest = fake.relevance[fake.target == 0].mean(0).max()
    assert f"mean relevance +{strongest:.2f} \u00b1 0.25 (standard deviation between the 3 models" in text
    assert "another model file" not in text
    for i, value in enumerate(hashes, 1):
        assert f"model SHA-256, {i} of 3 {value}" in text


def test_an_ensemble_with_a_member_of_another_folder(folder: Path) -> None:
    make_ensemble(folder, 0.25)
    write_card(folder / "members" / "3.safetensors", seed=9)
    assert "The relevance was made with another model file" in read(folder).text


def test_a_member_that_was_not_used_is_no_caution(folder: Path) -> None:
    write_card(folder / "members" / "2.safetensors", seed=2)
    text = read(folder).text
    assert "another model file" not in text
    assert "An ensemble" not in text


def make_values(folder: Path) -> None:
    """Regression of two values; the store explains one of them in every window."""
    changes = {"task": "values", "activation": "identity", "classes": ["atac", "h3k27ac", "rna"]}
    digest = write_card(folder / "model.safetensors", **changes)
    for path in (folder / "windows.h5", folder / "relevance.h5"):
        edit_attribute(path, "classes", json.dumps(changes["classes"]))
    edit_attribute(folder / "windows.h5", "task", "values")
    edit_attribute(folder / "relevance.h5", "target", "atac")
    edit_attribute(folder / "relevance.h5", "model_sha256", digest)
    with h5py.File(folder / "windows.h5", "a") as windows, h5py.File(folder / "relevance.h5", "a") as store:
        onehot: Any = windows["onehot"]
        windows["targets"] = np.zeros((len(onehot), 3), np.float32)
        target: Any = store["target"]
        target[:] = 0
    edit_summary(folder, counts={"train": {"windows": 90}, "validation": {"windows": 30}, "test": {"windows": 40}})
    one = {"pearson": 0.6234, "spearman": 0.5871, "mse": 12.34, "pearson_interval": [0.58, 0.66],
           "spearman_interval": [0.5, 0.6], "mse_interval": [11.0, 13.5]}  # fmt: skip
    outputs = {"atac": one, "h3k27ac": {**one, "pearson": 0.1}, "rna": {"pearson": None, "spearman": None, "mse": 0.0}}
    test = {"windows": 40, "classes": {}, "outputs": outputs}
    metrics = {"task": "values", "interval": INTERVAL, "splits": {"test": test}}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    epochs = [{"epoch": e, "train_loss": 2 / e, "validation_loss": 3 / e, "validation_pearson": 0.2 * e}
              for e in (1, 2, 3)]  # fmt: skip
    (folder / "history.json").write_text(json.dumps({"epochs": epochs, "best_epoch": 3, "seconds": 5.0}))
    shutil.rmtree(folder / "motifs")


def test_values(folder: Path) -> None:
    make_values(folder)
    page = read(folder)
    text = page.text
    assert (
        "atac on the held-out test part: Pearson correlation 0.623 (95 % interval 0.580 to 0.660), Spearman 0.59 "
        "(0.50 to 0.60), mean squared error 12.3, over 40 windows." in text
    )
    assert "atac test 0.623 0.580 to 0.660 0.587 0.500 to 0.600 12.3 11.0 to 13.5 40" in text
    assert "h3k27ac test 0.100" in text
    assert "rna test \u2013 \u2013 0 40" in text
    assert "with 3 values (atac, h3k27ac and rna)" in text
    assert "windows 90 30 40 160" in text
    assert "where the validation part reached a Pearson correlation of 0.600" in text
    assert "The output of atac was propagated back" in text
    assert "Score (output)" in text
    assert "Prediction" in text
    for wrong in ("logit", "AUROC", "average precision", "each class against the rest", "no curves", "None"):
        assert wrong not in text, wrong


def test_a_poor_regression_is_a_caution(folder: Path) -> None:
    make_values(folder)
    edit_metrics(folder, lambda m: m["splits"]["test"]["outputs"]["atac"].update(pearson=0.21))
    assert "Caution. The model predicts atac poorly (Pearson 0.210)" in read(folder).text


def test_hundreds_of_labels_stay_readable(folder: Path) -> None:
    """The explained outputs lead, the table and the findings stay short, and what is left out is counted."""

    def edit(metrics: dict[str, Any]) -> None:
        one = metrics["splits"]["test"]["classes"]["donor"]
        metrics["task"] = "labels"
        many = {f"cell{i}": one for i in range(300)}
        metrics["splits"]["test"]["classes"] = many | metrics["splits"]["test"]["classes"]

    edit_metrics(folder, edit)
    page = read(folder)
    assert max(path.stat().st_size for path in page.folder.glob("*.html")) < 1_400_000
    assert "283 more labels are in metrics.json." in page.text
    assert "297 more are not drawn" in page.text
    assert page.text.index("donor test 0.991") < page.text.index("cell0 test 0.991")
    assert "cell0 on" not in page.text


def test_positions_count_from_the_boundary(folder: Path, fake: Fake) -> None:
    """A frame of 30 bp exon and 170 bp intron: a donor's boundary is after 30 bases, an acceptor's after 170.

    The fake's relevance stays in the window's middle, so a donor's G at the middle is +71, an acceptor's -70.
    """
    edit_summary(folder, frame={"exon": 30, "intron": 170})
    page = read(folder)
    assert "The donor score rests most on G at +71, T at +72 and G at +75 (from the splice boundary" in page.text
    assert "A at \u221272 and G at \u221271 (from the splice boundary" in page.text
    assert "30 of exon, 170 of intron" in page.text
    data = page.data()
    rows = [dict(zip(data["fields"], row, strict=True)) for row in data["rows"]]
    assert {(row["class"], row["origin"]) for row in rows} == {("donor", 30), ("acceptor", 170)}
    assert data["from"] == "the splice boundary"


def test_the_ruler_of_the_mean_logo(folder: Path) -> None:
    """Sixty bases around the boundary, or up to the window's end: 170 of 200 is 30 before the end, 190 is 10."""
    for intron, ends, line in ((170, ("\u221230", "+30"), 30), (190, ("\u221250", "+10"), 50)):
        edit_summary(folder, frame={"exon": WIDTH - intron, "intron": intron})
        html = read(folder)["motifs"].html
        drawn = html[html.index('aria-label="Mean relevance of acceptor, 60 bases') :].split("</svg>")[0]
        assert f'<line class="middle" x1="{20 * line}"' in drawn
        assert [f">{end}</text>" in drawn for end in ends] == [True, True]


def test_origins() -> None:
    frame = frame_of("splice-sites", {"frame": {"exon": 3, "intron": 50}}, 53)
    names = np.array(["donor:c:5:+", "acceptor:c:5:-", "decoy-GT:c:5:+", "decoy-AG:c:5:+", "other"])
    assert origins(names, frame).tolist() == [3, 50, 3, 50, -1]
    assert origins(names, frame_of("splice-sites", {}, 201)).tolist() == [100, 100, 100, 100, -1]
    assert origins(names, frame_of("regions", {}, 200)).tolist() == [-1] * 5
    assert (common_origin(np.array([3, 3]), 53).index, common_origin(np.array([3, 3]), 53).boundary) == (3, True)
    assert common_origin(np.array([3, 50]), 53).index == 26
    assert not common_origin(np.array([-1, -1]), 53).boundary
    assert (shown(50, 53), shown(MIDDLE, WIDTH), shown(3, 200), shown(197, 200)) == (
        slice(0, 53), slice(70, 130), slice(0, 60), slice(140, 200)
    )  # fmt: skip


def test_layer_names_keep_their_ends() -> None:
    assert shortened("conv1: bias") == "conv1: bias"
    assert shortened("inner.layers.dense_1.linear: bias") == "\u2026.dense_1.linear: bias"
    assert len(shortened("x" * 50)) == 22


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ({"kind": "contig", "validation": ["2"], "test": ["1"]}, "Split by contig: 2 for validation, 1 for test"),
        ({"kind": "file", "file": "folds.json"}, "Split as the file folds.json says."),
        (
            {"kind": "random", "validation_fraction": 0.1, "test_fraction": 0.2},
            "at random (10 % validation, 20 % test)",
        ),
        ({"kind": "fraction"}, "Split at random; identical and overlapping"),
        ({"kind": "random", "similarity": 0.15}, "12-mers have a Jaccard index of 0.15 or more."),
        ({"kind": "none"}, "Not split: every window is measured."),
        ({}, "Split: not recorded."),
        ({"kind": "contig", "validation": ["v"], "test": [f"c{i}" for i in range(40)]}, "c6 and 33 more for test"),
    ],
)
def test_splits(split: dict[str, Any], said: str) -> None:
    assert said in split_sentence(split).replace("\u202f", " ")


def test_reasons_read_on_from_a_number() -> None:
    said = {draft.ELSEWHERE: "whose sequence is also in a later part", draft.AMBIGUOUS: "with too many ambiguous bases",
            CONTRADICTING: "that are donor and acceptor at once", TWICE: "given twice"}  # fmt: skip
    for reason, words in said.items():
        assert dropped_sentence({reason: 3, "other": 0}) == f"Windows left out: 3 {words}."
    assert {draft.SIMILAR, draft.LIKE_POSITIVE} <= set(REASONS)
    assert dropped_sentence({"across the split": 11}) == "Windows left out: 11 across the split."


@pytest.mark.parametrize(
    ("source", "attribute", "summary", "said"),
    [
        ("splice-sites", {}, {"decoys_wanted": 0}, "Decoy windows are GT and AG dinucleotides that are no annotated"),
        ("splice-sites", {}, {"decoys_wanted": 900}, "0 of the 900 that were wanted could be drawn"),
        ("regions", {}, {}, "windows are dinucleotide shuffles of the positives"),
        ("regions", {}, {"negatives_wanted": 0}, "stretches of the same genome without a region, of the same GC"),
        ("regions", {"negatives": "other.bed"}, {}, "windows are those of other.bed."),
    ],
)
def test_negatives(folder: Path, source: str, attribute: dict[str, str], summary: dict[str, int], said: str) -> None:
    edit_summary(folder, **summary)
    for name, value in {"source": source, **attribute}.items():
        edit_attribute(folder / "windows.h5", name, value)
    assert said in read(folder).text
