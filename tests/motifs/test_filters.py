"""First-layer filters of networks made by hand: matrices, relevance, ranks and groups are known beforehand."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from Bio import motifs as bio
from filter_nets import AGAINST, BACK, FOR, MOTIFS, WIDTH, letters, save_net, save_windows
from torch import nn

from lrpgen.errors import InputError
from lrpgen.lrp import Prune, explain
from lrpgen.lrp.explain import as_graph
from lrpgen.motifs.filters import FilterJob, find_filters
from lrpgen.motifs.filters.layer import first_layer
from lrpgen.motifs.filters.similarity import groups, similarity

PLANT = {FOR: (2, 5), AGAINST: (3, 20), BACK: (5, 40)}  # motif -> (every so many windows, place)


def read(matrix: np.ndarray) -> str:
    return "".join("ACGT"[row] for row in matrix.argmax(axis=0))


def run(folder: Path, kind: str = "plain", text: list[str] | None = None, labels: list[str] | None = None, **options):
    model = save_net(folder, kind)
    windows = save_windows(folder / "w.h5", text or letters(60, PLANT), labels)
    options["labels"] = options.pop("chosen", None)
    job = FilterJob(model, windows, folder / "out", **{"batch_size": 7, "device": "cpu", "logos": 0, **options})
    summary = find_filters(job)
    table = pd.read_csv(folder / "out" / "filters.tsv", sep="\t")
    with h5py.File(folder / "out" / "filters.h5") as file:
        arrays = {key: file[key][:] for key in file}  # type: ignore[index]
    return summary, table, arrays


@pytest.mark.parametrize("kind", ["plain", "padded", "other layout"])
def test_known_motifs_come_back(tmp_path: Path, kind: str) -> None:
    _, table, arrays = run(tmp_path, kind)
    assert [read(pfm) for pfm in arrays["pfm"]] == list(MOTIFS)
    assert [read(pfm) for pfm in arrays["weighted_pfm"]] == list(MOTIFS)
    assert table["consensus"].tolist() == list(MOTIFS)
    assert table["sites"].tolist() == [30, 20, 12]
    assert (arrays["pfm"].sum(axis=1) == table["sites"].to_numpy()[:, None]).all()


def test_relevance_and_rank_by_hand(tmp_path: Path) -> None:
    """A whole motif is active with 8 - 6 = 2; times the head's weight, times the share of windows that hold it."""
    _, table, arrays = run(tmp_path)
    assert table["relevance.site"].tolist() == pytest.approx([2 * 1 / 2, 2 * -2 / 3, 2 * 0.5 / 5], rel=1e-5)
    assert table["rank.site"].tolist() == [1, 3, 2]
    assert table["max_activation"].tolist() == [2, 2, 2]
    assert table["effective_sites"].tolist() == pytest.approx([30, 20, 12])
    planted = arrays["pfm"] > 0
    for number, value in enumerate((2, -4, 1)):
        assert arrays["letter_relevance"][number][planted[number]] == pytest.approx(value)
    assert table["sd.site"][0] == pytest.approx(1.0)  # half the windows have 2, half 0


def test_classes_are_told_apart_and_the_background_is_left_out(tmp_path: Path) -> None:
    labels = ["site", "none"] * 30
    _, table, arrays = run(tmp_path, labels=labels)
    assert arrays["windows"].tolist() == [30]
    assert table["relevance.site"][0] == pytest.approx(2)  # even windows hold FOR
    _, table, arrays = run(tmp_path, labels=labels, target="site", chosen=("none", "site"))
    assert arrays["classes"].tolist() == [b"none", b"site"]
    assert table["relevance.none"].tolist() == pytest.approx([0, 2 * -2 / 3, 2 * 0.5 / 5], rel=1e-5)
    assert run(tmp_path, labels=labels, chosen=("none",))[1]["relevance.none"].tolist() == [
        0,
        0,
        0,
    ]  # its own output is 0


def test_relevance_of_all_filters_is_what_the_network_said(tmp_path: Path) -> None:
    model = save_net(tmp_path)
    graph = as_graph(model, torch.zeros(1, 4, WIDTH))
    layer = first_layer(graph)
    import lrpgen

    x = lrpgen.encode(letters(30, PLANT))
    found = explain(graph, x, target=0, layers=[layer.uses[0].relevance], device="cpu")
    arrived = found.layers[layer.uses[0].relevance]
    assert arrived.shape == (30, 3, WIDTH - 7)
    assert torch.allclose(arrived.sum((1, 2)), found.output[:, 0], atol=1e-5)


def test_output_relevance_of_an_inner_layer_is_the_input_relevance_of_the_next() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).double()
    x = torch.rand(6, 5, dtype=torch.float64)
    found = explain(net, x, target=1, layers=["2:out", "4"], device="cpu")
    assert torch.equal(found.layers["2:out"], found.layers["4"])
    with pytest.raises(InputError, match="layer '9:out' is not in the model"):
        explain(net, x, layers=["9:out"], device="cpu")


def test_shared_strands_read_in_the_filters_own_direction(tmp_path: Path) -> None:
    """FOR on either strand is FOR to the first filter, and BACK, its reverse complement, to the third."""
    summary, _, arrays = run(tmp_path, "both strands", letters(60, {FOR: (2, 5), AGAINST: (3, 20)}))
    assert [read(pfm) for pfm in arrays["pfm"]] == list(MOTIFS)
    assert arrays["sites"].tolist() == [30, 20, 30]
    assert [use["reverse"] for use in summary["uses"]] == [False, True]
    assert "both strands with the same weights" in summary["notes"][0]


def test_sites_above_a_share_of_the_maximum(tmp_path: Path) -> None:
    """7 of 8 matches are active with 1, half of the maximum of 2."""
    text = letters(10, {FOR: (1, 5), FOR[:-1] + "C": (1, 30)})
    assert run(tmp_path, text=text, share=0.4)[2]["sites"][0] == 20
    assert run(tmp_path, text=text, share=0.5)[2]["sites"][0] == 10
    assert run(tmp_path, text=text)[2]["sites"][0] == 10


def test_blocks_of_any_size_give_the_same_counts(tmp_path: Path) -> None:
    one, two = run(tmp_path, batch_size=3)[2], run(tmp_path, batch_size=60)[2]
    assert all(np.allclose(one[key], two[key]) for key in one if one[key].dtype.kind == "f")
    assert (one["pfm"] == two["pfm"]).all()


def test_unknown_bases_count_for_nothing(tmp_path: Path) -> None:
    text = letters(10, {FOR: (1, 5)})
    text[0] = text[0][:12] + "N" + text[0][13:]  # the motif's last base
    _, _, arrays = run(tmp_path, text=text)
    assert arrays["sites"][0] == 10  # 7 matches are enough
    assert arrays["pfm"][0].sum(axis=0).tolist() == [10] * 7 + [9]
    assert arrays["letter_relevance"][0][0, 1] == pytest.approx((9 * 2 + 1) / 10)


@pytest.mark.parametrize("task", ["labels", "values"])
def test_windows_without_classes_are_one_group(tmp_path: Path, task: str) -> None:
    model, windows = save_net(tmp_path), save_windows(tmp_path / "w.h5", letters(12, PLANT))
    with h5py.File(windows, "r+") as file:
        file.attrs["task"] = task
        file["targets"] = np.zeros((12, 2), np.float32)
    job = FilterJob(model, windows, tmp_path / "out", target="site", device="cpu", logos=0)
    assert find_filters(job)["windows"] == {"all": 12}
    table = pd.read_csv(tmp_path / "out" / "filters.tsv", sep="\t")
    assert table["relevance.all"].tolist() == pytest.approx([1, -4 / 3, 0.25], rel=1e-5)
    with pytest.raises(InputError, match="have no class of their own; name an output with --target"):
        find_filters(FilterJob(model, windows, tmp_path / "out", device="cpu"))


def test_silent_filters_have_no_matrix_and_a_note(tmp_path: Path) -> None:
    summary, table, _ = run(tmp_path, text=letters(20, {FOR: (1, 5)}))
    assert summary["active"] == 1
    assert any("2 of 3 filters are active nowhere" in note for note in summary["notes"])
    assert table["consensus"].isna().tolist() == [False, True, True]
    with (tmp_path / "out" / "filters.meme").open() as handle:
        assert [(m.name, m.num_occurrences) for m in bio.parse(handle, "minimal")] == [("filter_0", 20)]


def test_no_active_filter_at_all_is_no_crash(tmp_path: Path) -> None:
    summary, table, arrays = run(tmp_path, text=letters(4, {}), logos=None)
    assert (summary["active"], summary["clusters"]) == (0, 0)
    assert table["sites"].tolist() == [0, 0, 0]
    assert list((tmp_path / "out" / "logos").iterdir()) == []
    assert (arrays["similarity"] == 0).all()


@pytest.mark.parametrize(
    "options",
    [
        {"composite": "zplus"},
        {"composite": "relative"},
        {"prune": Prune(0.25)},
        {"prune": Prune(0.25, redistribute="matrix")},
        {"reference": 2, "seed": 3},
    ],
    ids=str,
)
def test_methods_reach_the_engine(tmp_path: Path, options: dict) -> None:
    """What `find_filters` sums is what `explain` says with the same options."""
    import lrpgen

    text = letters(12, PLANT)
    _, table, _ = run(tmp_path, text=text, batch_size=12, **options)
    found = explain(
        tmp_path / "m.safetensors", lrpgen.encode(text), target=0, layers=["conv:out"], device="cpu", **options
    )
    by_filter = found.layers["conv:out"].sum(2).mean(0).tolist()
    assert table["relevance.site"].tolist() == pytest.approx(by_filter, rel=1e-5, abs=1e-9)
    assert table["relevance.site"].abs().sum() > 0


def test_a_filter_and_its_reverse_complement_are_one_group(tmp_path: Path) -> None:
    _, table, arrays = run(tmp_path)
    assert table["cluster"].tolist() == [1, 2, 1]
    assert table["nearest"][0] == "filter_2"
    assert arrays["similarity"][0, 2] == pytest.approx(1)


def test_similarity_by_hand() -> None:
    """The same motif one column later: two of three columns overlap, each with a third of the norm."""
    background = np.full(4, 0.25)

    def ppm(*columns: int) -> np.ndarray:
        return np.stack([np.eye(4)[c] if c >= 0 else background for c in columns], axis=1)

    shifted = similarity(np.stack([ppm(0, 1, 2), ppm(3, 0, 1), ppm(-1, -1, -1)]), background)
    assert shifted[0, 1] == pytest.approx(2 / 3)
    assert (shifted[2] == 0).all()
    assert (shifted == shifted.T).all()
    assert groups(np.array([[1, 0.1, 0.9], [0.1, 1, 0.2], [0.9, 0.2, 1]])).tolist() == [1, 2, 1]


def test_the_folder_is_whole_and_repeats(tmp_path: Path) -> None:
    summary = run(tmp_path, logos=None)[0]
    first = {p.relative_to(tmp_path): p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    run(tmp_path, logos=None)
    again = {p.relative_to(tmp_path): p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert first.keys() == again.keys()
    assert [str(p) for p in first if p.suffix != ".h5" and first[p] != again[p]] == []
    names = {str(p.relative_to("out")) for p in first}
    assert {f"logos/filter_{i}.{kind}" for i in range(3) for kind in ("svg", "png")} < names
    assert {"filters.tsv", "filters.meme", "filters.h5", "ranking.svg", "ranking.png", "summary.json"} < names
    assert json.loads(first[Path("out/summary.json")]) == summary


NOT_MOTIFS = {
    "no 1-d or 2-d convolution": nn.Sequential(nn.Flatten(), nn.Linear(4 * WIDTH, 2)),
    "is a grouped convolution": nn.Sequential(nn.Conv1d(4, 4, 5, groups=2), nn.Flatten(), nn.Linear(4 * 56, 2)),
    "do not read all four bases": nn.Sequential(
        nn.Unflatten(1, (1, 4)), nn.Conv2d(1, 2, (2, 5)), nn.Flatten(), nn.Linear(2 * 3 * 56, 2)
    ),
    "wider than the window": nn.Sequential(nn.Conv1d(4, 2, 99, padding="same"), nn.Flatten(), nn.Linear(120, 2)),
    "reads values computed from the bases": nn.Sequential(
        nn.Softmax(1), nn.Conv1d(4, 2, 5), nn.Flatten(), nn.LazyLinear(2)
    ),
}


@pytest.mark.parametrize("words", NOT_MOTIFS)
def test_what_has_no_filters_says_so(words: str) -> None:
    net = NOT_MOTIFS[words]
    net(torch.zeros(1, 4, WIDTH))  # makes the lazy layer
    with pytest.raises(InputError, match=words):
        first_layer(as_graph(net, torch.zeros(1, 4, WIDTH)))


def test_the_right_convolution_of_several() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.short, self.long = nn.Conv1d(4, 2, 5, padding=2), nn.Conv1d(4, 3, 9, padding=4)
            self.head = nn.Linear(5, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(torch.cat([self.short(x), self.long(x)], 1).relu().amax(2))

    graph = as_graph(Two(), torch.zeros(1, 4, WIDTH))
    assert (first_layer(graph).layer, first_layer(graph).others) == ("short", ["long"])
    assert (first_layer(graph, "long").filters, first_layer(graph, "long").width) == (3, 9)
    with pytest.raises(InputError, match="choose one of short, long"):
        first_layer(graph, "head")


def test_dilated_filters_read_the_bases_they_read() -> None:
    net = nn.Sequential(nn.Conv1d(4, 2, 3, dilation=4, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
    net(torch.zeros(1, 4, WIDTH))
    places = first_layer(as_graph(net, torch.zeros(1, 4, WIDTH))).uses[0].places
    assert places[0].tolist() == [-1, 3, 7]
    assert places[1].tolist() == [1, 5, 9]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"share": 1.0}, "outside 0..1"),
        ({"batch_size": 0}, "at least 1"),
        ({"target": "nothing"}, "not one of the model's classes"),
        ({"labels_": ("nothing",)}, "has no class 'nothing'"),
        ({"layer": "head"}, "no convolution 'head' reads the bases"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(tmp_path: Path, options: dict, words: str) -> None:
    options = {key.rstrip("_"): value for key, value in options.items()}
    model, windows = save_net(tmp_path), save_windows(tmp_path / "w.h5", letters(4, PLANT))
    with pytest.raises(InputError, match=words):
        find_filters(FilterJob(model, windows, tmp_path / "out", device="cpu", **options))
    assert not (tmp_path / "out").exists()
