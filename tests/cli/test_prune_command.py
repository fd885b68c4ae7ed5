"""`lrpgen prune`, and what `--prune-positive` takes: a share, `auto`, or its file."""

import hashlib
import json

import pytest
from filter_nets import FOR, WIDTH, letters, save_net, save_windows

from lrpgen.relevance.store import open_store

ON_CPU = ["--device", "cpu", "--threads", "1"]


@pytest.fixture
def made(tmp_path, monkeypatch):
    """m.safetensors, and w.h5 with the motif in every window: one hidden unit has all relevance, so no share drops it."""
    monkeypatch.chdir(tmp_path)
    save_net(tmp_path)
    save_windows(tmp_path / "w.h5", letters(30, {FOR: (1, 20)}), split="validation")
    return tmp_path


def choose(call, *options):
    command = ["prune", "--model", "m.safetensors", "--windows", "w.h5", "-o", "prune.json", "--inputs", "20"]
    code, _, err = call(*command, *ON_CPU, *options)
    assert code == 0, err
    return err


def explain(call, *options):
    return call("explain", "--model", "m.safetensors", "--windows", "w.h5", "-o", "r.h5", *ON_CPU, *options)


def edit(**change):
    """prune.json with some values changed."""
    with open("prune.json") as file:
        found = json.load(file)
    with open("prune.json", "w") as file:
        json.dump({**found, **change}, file)


def pruned():
    with open_store("r.h5") as store:
        return store.attrs["method"]["prune"]


def test_a_choice_is_made_written_and_used(call, made):
    assert "pruning p = 0.9, chosen on 20 validation windows: AOPC" in choose(call)
    found = json.loads((made / "prune.json").read_text())
    assert (found["format"], found["version"], found["share"], found["inputs"]) == ("lrpgen-prune", 1, 0.9, 20)
    assert (found["composite"], found["redistribute"], found["reference"]) == ("epsilon", "lambda", None)
    assert [row["failed"] for row in found["tried"]] == [[]] * 6
    assert found["criterion"].startswith("the largest share")
    code, _, err = explain(call, "--prune-positive", "prune.json")
    assert code == 0, err
    assert pruned()["positive"] == 0.9
    code, _, err = call(
        *("filters", "--model", "m.safetensors", "--windows", "w.h5", "-o", "f", "--logos", "0", *ON_CPU),
        *("--prune-positive", "prune.json"),
    )
    assert code == 0, err
    assert json.loads((made / "f" / "summary.json").read_text())["prune"] == [0.9, 0.45]


def test_auto_makes_the_same_choice_on_the_way(call, made):
    code, _, err = explain(call, "--prune-positive", "auto")
    assert code == 0, err
    assert "pruning p = 0.9, chosen on 30 validation windows" in err
    assert pruned()["positive"] == 0.9
    code, out, err = explain(call, "--prune-positive", "auto", "--describe")
    assert code == 0, err
    assert "0.9 / 0.45" in out


def test_the_draw_is_seeded_and_knows_the_split(call, made):
    text = letters(40, {FOR: (1, 20)}, alphabet="ACGT")
    save_windows(made / "w.h5", text, split=["validation" if i < 25 else "train" for i in range(40)])
    bases = []
    for seed in (1, 1, 2):
        choose(call, "--seed", seed)
        bases.append(json.loads((made / "prune.json").read_text())["base"])
    assert bases[0] == bases[1] != bases[2]
    choose(call, "--inputs", "100")
    assert json.loads((made / "prune.json").read_text())["inputs"] == 25


def test_a_choice_of_nothing_prunes_nothing_whatever_the_negative_share(call, made):
    choose(call, "--prune-negative", "0.2")
    edit(share=0.0)
    code, _, err = explain(call, "--prune-positive", "prune.json", "--prune-negative", "0.2")
    assert code == 0, err
    assert pruned() is None


def test_members_share_one_choice(call, made):
    (made / "n.safetensors").write_bytes((made / "m.safetensors").read_bytes())
    choose(call, "--model", "n.safetensors")
    assert len(json.loads((made / "prune.json").read_text())["model_sha256"]) == 2
    code, _, err = explain(call, "--prune-positive", "prune.json")  # `filters` looks at one member, too
    assert code == 0, err


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({}, ["--composite", "epsilon_plus"], "holds the choice for composite epsilon, this is composite epsilon_plus"),
        ({}, ["--redistribute", "matrix"], "holds the choice for redistribute lambda, this is redistribute matrix"),
        ({}, ["--reference", "3"], "holds the choice for reference None, this is reference 3"),
        ({}, ["--prune-negative", "0.1"], "holds the choice for negative None, this is negative 0.1"),
        ({"model_sha256": ["0"]}, [], "holds the choice for another model than m.safetensors"),
        ({"version": 2}, [], "prune.json is no file of `lrpgen prune` that this version reads"),
        ({"share": None}, [], "prune.json holds no share"),
        ({"share": 3}, [], "outside 0..1"),
    ],
)
def test_a_file_made_for_something_else_is_refused(call, made, change, options, words):
    setting = {"composite": "epsilon", "redistribute": "lambda", "reference": None, "negative": None}
    (made / "prune.json").write_text(json.dumps({"format": "lrpgen-prune", "version": 1, "share": 0.5, **setting}))
    edit(**{"model_sha256": [hashlib.sha256((made / "m.safetensors").read_bytes()).hexdigest()], **change})
    code, _, err = explain(call, "--prune-positive", "prune.json", *options)
    assert code == 2, err
    assert words in err
    assert len(err.splitlines()) == 1
    assert not (made / "r.h5").exists()


TILES = ["explain", "--model", "m.safetensors", "--genome", "g.fa", "--target", "site", "-o", "r.h5"]
WINDOWS = ["explain", "--model", "m.safetensors", "--windows", "w.h5", "-o", "r.h5"]
PRUNE = ["prune", "--model", "m.safetensors", "--windows", "w.h5", "-o", "p.json"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ([*TILES, "--prune-positive", "auto"], "auto chooses on windows; run `lrpgen prune` first"),
        ([*WINDOWS, "--prune-positive", "auto", "--shard", "1/2"], "auto is for one shard; run `lrpgen prune` first"),
        ([*WINDOWS, "--prune-positive", "much"], "--prune-positive much is neither a share, nor auto, nor a file"),
        ([*WINDOWS, "--prune-positive", "m.safetensors"], "m.safetensors is not valid JSON"),
        ([*WINDOWS, "--prune-positive", "nan"], "outside 0..1"),
        (PRUNE, "w.h5 has none of the explained windows in its validation part"),
        ([*PRUNE, "--labels", "none"], "holds no window labelled none"),
        ([*PRUNE, "--redistribute", "x"], "choose lambda or matrix"),
        ([*PRUNE, "--inputs", "1"], "--inputs"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(call, tmp_path, monkeypatch, command, words):
    monkeypatch.chdir(tmp_path)
    save_net(tmp_path)
    save_windows(tmp_path / "w.h5", letters(6, {FOR: (1, 20)}))  # all of the test part
    (tmp_path / "g.fa").write_text(">c\n" + "ACGT" * WIDTH + "\n")
    before = {path.name for path in tmp_path.iterdir()}
    code, _, err = call(*command)
    assert code == 2, err
    assert words in err
    assert len(err.splitlines()) == 1
    assert {path.name for path in tmp_path.iterdir()} == before
