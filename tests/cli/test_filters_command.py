"""`lrpgen filters` as a person meets it."""

import json

import pytest
from filter_nets import AGAINST, FOR, letters, save_net, save_windows


def test_the_folder_appears(call, tmp_path):
    model = save_net(tmp_path)
    windows = save_windows(tmp_path / "w.h5", letters(20, {FOR: (2, 5), AGAINST: (3, 20)}))
    options = ["--share", "0.4", "--logos", "1", "--reference", "uniform", "--prune-positive", "0", "--device", "cpu"]
    code, _, err = call("filters", "--model", model, "--windows", windows, "-o", tmp_path / "out", *options)
    assert code == 0, err
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["sites"], summary["reference"], summary["prune"]) == ("above 0.4 of the maximum", "uniform", None)
    assert [path.name for path in (tmp_path / "out" / "logos").glob("*.svg")] == ["filter_1.svg"]  # -4/3 is strongest


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--windows", "none.h5"], "windows file none.h5 does not exist"),
        (["--windows", "text"], "text is not a readable HDF5 file"),
        (["--windows", "w.h5", "--share", "2"], "share 2.0 of the greatest activation lies outside 0..1"),
        (["--windows", "w.h5", "--labels", "donor"], "has no class 'donor'"),
        (["--windows", "w.h5", "--layer", "x"], "no convolution 'x' reads the bases; choose one of conv"),
        (["--windows", "w.h5", "--composite", "x"], "x"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(call, tmp_path, monkeypatch, options, words):
    save_net(tmp_path)
    save_windows(tmp_path / "w.h5", letters(4, {FOR: (1, 5)}))
    (tmp_path / "text").write_text("no data at all\n")
    monkeypatch.chdir(tmp_path)
    before = {path.name for path in tmp_path.iterdir()}
    code, _, err = call("filters", "--model", "m.safetensors", "-o", "out", "--device", "cpu", *options)
    assert code == 2, err
    assert words in err.splitlines()[-1]
    assert {path.name for path in tmp_path.iterdir()} == before


def test_a_model_without_filters_is_a_note_where_filters_are_optional(call, tmp_path):
    model = save_net(tmp_path, "no convolution")
    windows = save_windows(tmp_path / "w.h5", letters(4, {FOR: (1, 5)}))
    arguments = ("filters", "--model", model, "--windows", windows, "-o", tmp_path / "out")
    code, _, err = call(*arguments)
    assert (code, (tmp_path / "out").exists()) == (2, False)
    assert "the model has no 1-d or 2-d convolution that reads the bases" in err
    code, _, err = call(*arguments, "--optional")
    assert code == 0, err
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["filters"], len(summary["notes"])) == (0, 1)


def test_a_model_without_a_card_is_one_line(call, tmp_path):
    (tmp_path / "text").write_text("no data at all\n")
    code, _, err = call("filters", "--model", tmp_path / "text", "--windows", tmp_path / "text", "-o", tmp_path / "out")
    assert code == 2
    assert "not a readable safetensors" in err
