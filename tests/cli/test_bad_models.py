"""Wrong options, places and files for the commands about models: one sentence, exit code 2, nothing written."""

import json
import sys

import h5py
import numpy as np
import pytest
from planted_windows import planted, with_targets
from safetensors.torch import load_file, save_file

from lrpgen.cli.main import main
from lrpgen.errors import InputError
from lrpgen.models import read_card
from lrpgen.models.training import Training, checkpoint, train

CPU = ["--device", "cpu", "--threads", "1"]
TINY = {"filters": 4, "dense": 4}
FAST = ["--epochs", "1", "--set", "filters=4", "--set", "dense=4", *CPU]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with w.h5 (windows of two classes) and m.safetensors (a model of them)."""
    folder = tmp_path_factory.mktemp("made")
    planted(folder / "w.h5", n=60)
    options = Training(epochs=1, settings=TINY, device="cpu", threads=1)
    train(folder / "w.h5", folder / "m.safetensors", options)
    return folder


@pytest.fixture
def refused(monkeypatch, capsys):
    """Run a command; give its one line on standard error, after checking that it is one and the exit code is 2."""

    def go(*arguments):
        monkeypatch.setattr(sys, "argv", ["lrpgen", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        lines = capsys.readouterr().err.splitlines()
        assert stop.value.code == 2
        assert len(lines) == 1, lines
        return lines[0]

    return go


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--seed", "-1"), "--seed"),
        (("--seed", str(2**32)), "--seed"),
        (("--threads", "-1"), "--threads"),
        (("--learning-rate", "inf"), "must be a number above 0"),
        (("--augment-shift", "40"), "leaves nothing of windows of 40 bp"),
        (("--batch-size", "1"), "too small for the batch norm"),
        (("--set", "filters=0"), "filters=0 must be a whole number"),
        (("--set", "filters=4,8"), "must be a whole number"),
        (("--set", "dropout=NaN"), "dropout='NaN' must be a number"),
        (("--set", "first_activation=9"), "first_activation=9 must be a word"),
        (("--architecture", "resnet1d", "--set", "filters=8"), "commas between"),
        (("--architecture", "resnet1d", "--set", "blocks=0"), "blocks=0"),
        (("--architecture", "bpnet", "--set", "trimming=1.5"), "trimming=1.5"),
        (("--architecture", "bpnet", "--set", "profile=maybe"), "true or false"),
        (("--architecture", "deepac-rapid", "--set", "rc=maybe"), "rc 'maybe' is not known"),
    ],
)
def test_options_of_train(refused, made, tmp_path, options, words):
    assert words in refused("train", made / "w.h5", "-o", tmp_path / "n.safetensors", *CPU, *options)
    assert not list(tmp_path.iterdir())


def test_lists_and_words_reach_the_architecture(made, tmp_path, monkeypatch):
    settings = ["--set", "filters=4,4", "--set", "dense=[4, 4]", "--set", "rc=none"]
    out = tmp_path / "d.safetensors"
    arguments = ["train", made / "w.h5", "-o", out, "--architecture", "deepac-rapid", *settings, "--epochs", "1", *CPU]
    monkeypatch.setattr(sys, "argv", ["lrpgen", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    kwargs = read_card(out).kwargs
    assert (kwargs["filters"], kwargs["dense"], kwargs["rc"]) == ([4, 4], [4, 4], "none")


def test_no_output_over_an_input(refused, made):
    windows, model = made / "w.h5", made / "m.safetensors"
    before = windows.read_bytes(), model.read_bytes()
    again = made / ".." / made.name  # the same place in other words
    for arguments in (
        ("train", windows, "-o", again / "w.h5", *FAST),
        ("train", windows, "-o", made / "n.safetensors", "--history", made / "n.safetensors", *FAST),
        ("predict", windows, "--model", model, "-o", model),
        ("predict", windows, "--model", model, "-o", made / "p.tsv", "--metrics", made / "p.tsv"),
        ("explain", "--windows", windows, "--model", model, "-o", again / "w.h5"),
        ("models", "convert", model, "-o", model),
    ):
        assert "is also given as" in refused(*arguments)
    assert (windows.read_bytes(), model.read_bytes()) == before
    assert {path.name for path in made.iterdir()} == {"w.h5", "m.safetensors"}


def test_places_that_take_no_file_are_named_before_the_work(refused, made, tmp_path):
    windows, out = made / "w.h5", tmp_path / "n.safetensors"
    assert "is a folder" in refused("train", windows, "-o", tmp_path, *FAST)
    assert "is a folder" in refused("train", windows, "-o", out, "--history", tmp_path, *FAST)
    assert "cannot write here" in refused("train", windows, "-o", out, "--history", windows / "h.json", *FAST)
    assert "is a folder" in refused("train", tmp_path, "-o", out, *FAST)
    assert "is a folder" in refused("predict", windows, "--model", tmp_path, "-o", tmp_path / "p.tsv")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"width": "abc"}, "width 'abc'"),
        ({"width": 0}, "width 0"),
        ({"classes": "ab"}, "classes 'ab'"),
        ({"classes": ["a", "a"]}, "names a class twice"),
        ({"kwargs": [1]}, "kwargs"),
        ({"channels": "ACGU"}, "channels 'ACGU'"),
        ({"channels": "ACG"}, "channels 'ACG'"),
        ({"layout": "XYZ"}, "layout 'XYZ'"),
        ({"architecture": 5}, "architecture 5"),
        ({"architecture": "resnet1d"}, "resnet1d"),
    ],
)
def test_cards_that_cannot_be(refused, made, tmp_path, change, words):
    card = {**vars(read_card(made / "m.safetensors")), **change}
    bad = tmp_path / "bad.safetensors"
    save_file(load_file(made / "m.safetensors"), bad, metadata={"lrpgen": json.dumps(card)})
    assert words in refused("predict", made / "w.h5", "--model", bad, "-o", tmp_path / "p.tsv", *CPU)
    assert words in refused("models", "inspect", bad)
    assert not (tmp_path / "p.tsv").exists()


def test_more_outputs_than_names(refused, made, tmp_path):
    card = {**vars(read_card(made / "m.safetensors")), "classes": ["positive", "x", "negative"]}
    bad = tmp_path / "bad.safetensors"
    save_file(load_file(made / "m.safetensors"), bad, metadata={"lrpgen": json.dumps(card)})
    (tmp_path / "s.fa").write_text(">a\n" + "ACGT" * 10 + "\n")
    line = refused("predict", "--fasta", tmp_path / "s.fa", "--model", bad, "-o", tmp_path / "p.tsv", *CPU)
    assert "card names 3" in line


@pytest.mark.parametrize("drop", ["schedule", "groups", None])
def test_a_damaged_checkpoint_never_crashes(refused, made, tmp_path, monkeypatch, drop):
    def killed(*_args, **_kw):
        raise RuntimeError("killed")

    options = Training(epochs=1, settings=TINY, device="cpu", threads=1)
    out = tmp_path / "n.safetensors"
    monkeypatch.setattr("lrpgen.models.training.run.save_model", killed)
    with pytest.raises(RuntimeError, match="killed"):
        train(made / "w.h5", out, options)
    monkeypatch.undo()
    kept = checkpoint.beside(out)
    plain = json.loads(checkpoint_header(kept))
    plain.pop(drop, None)
    save_file(load_file(kept), kept, metadata={checkpoint.HEADER: json.dumps(plain) if drop else "{no JSON"})
    if drop is None:
        train(made / "w.h5", out, options)  # nothing can be read: starts anew
        assert out.is_file()
        return
    with pytest.raises(InputError, match="remove it to start anew"):
        train(made / "w.h5", out, options)
    assert not out.exists()


def checkpoint_header(path):
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        return file.metadata()[checkpoint.HEADER]


def test_explain_takes_the_windows_that_have_the_label(refused, tmp_path, monkeypatch, capsys):
    targets = np.random.default_rng(1).integers(0, 2, (60, 2))
    with_targets(planted(tmp_path / "w.h5", n=60), "labels", targets, ["first", "second"])
    options = Training(epochs=1, settings=TINY, device="cpu", threads=1)
    train(tmp_path / "w.h5", tmp_path / "m.safetensors", options)
    capsys.readouterr()
    base = ["explain", "--windows", tmp_path / "w.h5", "--model", tmp_path / "m.safetensors", "-o", tmp_path / "r.h5"]
    assert "name an output with --target" in refused(*base, *CPU)
    assert "is not one of the model's classes" in refused(*base, "--target", "none", *CPU)
    monkeypatch.setattr(sys, "argv", ["lrpgen", *map(str, base), "--target", "first", *CPU])
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    wanted = int(targets[:, 0].sum())
    assert f"{wanted} of {len(targets)} windows, those with first = 1" in capsys.readouterr().err
    with h5py.File(tmp_path / "r.h5") as file:
        assert file["relevance"].shape[0] == wanted  # pyright: ignore[reportAttributeAccessIssue]


def test_convert_takes_a_name_with_weights_and_no_output_to_keep(refused, made, tmp_path, monkeypatch):
    weights, out = tmp_path / "plain.safetensors", tmp_path / "c.safetensors"
    save_file(load_file(made / "m.safetensors"), weights)
    rest = ["--set", "filters=4", "--set", "dense=4", "--width", "40", "--classes", "a,b", "-o", out]
    assert "motif-cnn needs its weights" in refused("models", "convert", "motif-cnn", *rest)
    assert "leave --keep out" in refused("models", "convert", "motif-cnn", "--weights", weights, "--keep", "a", *rest)
    assert not out.exists()
    arguments = ["models", "convert", "motif-cnn", "--weights", weights, *rest]
    monkeypatch.setattr(sys, "argv", ["lrpgen", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    assert read_card(out).classes == ["a", "b"]


def test_a_file_that_disappears_from_its_readers(refused, made, tmp_path, monkeypatch):
    from lrpgen.models.training import run

    windows, fit = tmp_path / "gone.h5", run.fit
    windows.write_bytes((made / "w.h5").read_bytes())

    def after_removal(*arguments):
        windows.unlink()
        return fit(*arguments)

    monkeypatch.setattr(run, "fit", after_removal)
    line = refused("train", windows, "-o", tmp_path / "n.safetensors", "--workers", "1", *FAST)
    assert line == f"lrpgen: error: windows file {windows} does not exist; check the path"
    assert not list(tmp_path.iterdir())
