"""The network's page: what it says, what its data file holds, and that it is there only where it has something to show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_network import GROUPS, HOSTILE, write
from fake_results import build
from page_reading import Report

from lrpgen.errors import InputError
from lrpgen.report import write_report
from lrpgen.report.network import read_network
from lrpgen.report.numbers import share, signed
from lrpgen.report.page import MOST_BYTES


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Report]:
    fake = build(tmp_path_factory.mktemp("network") / "sample", sites=20, further=True)
    return write(fake.folder), Report(write_report(fake.folder, fake.folder / "report" / "index.html"))


def test_nodes_are_buttons_with_their_numbers(made: tuple[dict, Report]) -> None:
    found, report = made
    page = report["network"]
    labels = [str(attrs["aria-label"]) for tag, attrs in page.elements if tag == "g" and attrs.get("role") == "button"]
    assert len(labels) == len(GROUPS) * len(found["nodes"])
    node = found["nodes"][0]
    value, part = node["relevance"]["donor"], node["share"]["donor"]
    assert labels[0] == f"conv1 {node['name']}: relevance {signed(value)}, share {share(part)}"
    assert len(page.html.encode()) < MOST_BYTES


def test_paths_and_selections_are_told(made: tuple[dict, Report]) -> None:
    found, report = made
    text = report["network"].text
    best = found["paths"]["donor"][0]
    names = [
        found["layers"][found["nodes"][i]["layer"]]["name"] + " " + found["nodes"][i]["name"] for i in best["nodes"]
    ]
    way = " \u2192 ".join(names)
    assert f"{signed(best['relevance'])} {way}" in text
    label = next(
        one for one in report["network"].values("aria-label") if one.startswith("Relevance through the network")
    )
    assert f"Critical path: {way}, {signed(best['relevance'])}." in label
    one = found["layers"][0]["selection"]
    assert f"conv1 {one['selector'].replace('_', ' ')} {one['k']} of 3 {one['k_random']}" in text


def test_first_layer_channels_show_the_logo_of_their_filter(made: tuple[dict, Report]) -> None:
    found, report = made
    shown = {attrs["data-logo"] for tag, attrs in report["network"].elements if "data-logo" in attrs}
    assert shown == {str(i) for i, node in enumerate(found["nodes"]) if node["layer"] == 0}


def test_the_data_file_holds_every_node_as_text(made: tuple[dict, Report]) -> None:
    found, report = made
    data = report.file("network")
    assert data["groups"] == GROUPS
    assert [len(node["heat"][0]) for node in data["nodes"]] == [24] * len(found["nodes"])
    assert len(data["nodes"][0]["unit"]["values"]) == 4
    assert HOSTILE in report["network"].text
    assert not any(tag in ("img", "b") and attrs.get("src") == "x" for tag, attrs in report["network"].elements)


def test_pictures_have_maps(tmp_path: Path) -> None:
    fake = build(tmp_path / "sample", sites=20)
    write(fake.folder, pictures=True)
    data = Report(write_report(fake.folder, tmp_path / "out" / "index.html")).file("network")
    assert [len(rows) for rows in data["nodes"][0]["heat"][0]] == [8] * 8
    assert {len(node["unit"]["values"]) for node in data["nodes"] if node["unit"]} == {8}


def test_without_the_folder_there_is_no_page(tmp_path: Path) -> None:
    fake = build(tmp_path / "sample", sites=20)
    report = Report(write_report(fake.folder, tmp_path / "out" / "index.html"))
    assert "network" not in report.pages
    assert "network.html" not in report.values("href")
    assert not (tmp_path / "out" / "data" / "network.js").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [({"version": 99}, "is not what `lrpgen neurons` of this version writes"), ({"nodes": []}, "is damaged")],
)
def test_a_damaged_file_is_one_line(tmp_path: Path, change: dict, words: str) -> None:
    found = write(tmp_path) | change
    (tmp_path / "network" / "network.json").write_text(json.dumps(found))
    with pytest.raises(InputError, match=words):
        read_network(tmp_path / "network")
