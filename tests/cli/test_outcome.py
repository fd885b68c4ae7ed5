"""What a command says at its end, to people (lines or a table), to machines (--json) and to those who asked for quiet."""

import json
import random
import sys

import pytest

from lrpgen.cli.outcome import Outcome, _json, _shown, _sized, _time
from lrpgen.progress import VOICE, progress, say

TRAIN = ("--epochs", 1, "--set", "filters=4", "--device", "cpu", "--threads", 1)


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    """A file of 60 windows, half of them negatives, in each part."""
    from lrpgen.cli.main import app

    folder = tmp_path_factory.mktemp("outcome")
    draw = random.Random(1)
    fasta = folder / "seqs.fa"
    fasta.write_text("".join(f">s{i}\n{''.join(draw.choices('ACGT', k=60))}\n" for i in range(60)))
    output = str(folder / "windows.h5")
    app(
        ["--quiet", "windows", "--source", "sequences", "--fasta", str(fasta), "--width", "60", "-o", output],
        standalone_mode=False,
    )
    return output


def test_a_summary_says_what_was_read_how_many_how_fast_and_where_it_lies(call, windows, tmp_path):
    code, out, err = call("train", windows, "-o", tmp_path / "m.safetensors", *TRAIN)
    assert (code, out) == (0, "")
    lines = err.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("train: done in "))
    told = dict(line.strip().split("  ", 1) for line in lines[at + 1 :])
    assert told["read: windows"].strip() == windows
    assert told["training"].strip().startswith("1 epochs in ")
    assert told["epochs"].strip() == "1"
    assert told["wrote: output"].strip().startswith(f"{tmp_path / 'm.safetensors'} (")


def test_json_is_one_object_on_stdout(call, windows, tmp_path):
    code, out, err = call("--json", "train", windows, "-o", tmp_path / "m.safetensors", *TRAIN)
    found = json.loads(out)
    assert code == 0
    assert found["command"] == "train"
    assert found["inputs"] == {"windows": windows}
    assert found["outputs"] == {"output": str(tmp_path / "m.safetensors")}
    assert found["numbers"]["epochs"] == 1
    assert found["seconds"] > 0
    assert [(phase["what"], phase["count"]) for phase in found["phases"]] == [("training", 1)]
    assert "train: done" in err


def test_json_holds_what_a_command_prints(call):
    code, out, _ = call("--json", "models", "list")
    found = json.loads(out)
    assert (code, found["command"]) == (0, "models list")
    assert "basset" in found["text"]


def test_quiet_leaves_only_the_path(call, windows, tmp_path):
    path = tmp_path / "m.safetensors"
    assert call("--quiet", "train", windows, "-o", path, *TRAIN) == (0, f"{path}\n", "")
    code, out, err = call("--quiet", "--json", "train", windows, "-o", path, *TRAIN)
    assert (code, json.loads(out)["outputs"]["output"], err) == (0, str(path), "")


def test_errors_are_heard_in_quiet_and_leave_stdout_empty(call, tmp_path):
    code, out, err = call("--quiet", "--json", "train", tmp_path / "none.h5", "-o", tmp_path / "m")
    assert (code, out) == (2, "")
    assert err.startswith("lrpgen: error: windows file ")


def test_the_next_command_speaks_again(call, capsys):
    call("--quiet", "models", "list")
    say("unheard")
    call("models", "list")
    say("heard")
    assert capsys.readouterr().err == "heard\n"


def test_an_option_behind_the_command_is_told_its_place(call):
    code, _, err = call("train", "w.h5", "-o", "m", "--quiet")
    assert code == 2
    assert err == "lrpgen: error: --quiet goes before the command; write: lrpgen --quiet COMMAND\n"


@pytest.mark.parametrize(("plain", "bars"), [(False, True), (True, False)])
def test_a_terminal_gets_a_table_unless_it_asked_for_lines(call, windows, tmp_path, monkeypatch, plain, bars):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    code, _, err = call(*["--plain"] * plain, "train", windows, "-o", tmp_path / "m.safetensors", *TRAIN)
    assert code == 0
    assert ("training: 1/1 epochs" in err) is not bars
    assert "train: done in" in err
    assert "wrote: output" in err


def test_phases_of_one_name_add_up(capsys):
    VOICE.begin(quiet=True)
    for n in (2, 3):
        with progress("reading", n, "files") as advance:
            advance(n)
    say("nobody hears this")
    assert VOICE.phases["reading"].count == 5
    assert capsys.readouterr().err == ""
    VOICE.begin()


def test_numbers_as_people_and_machines_read_them(tmp_path):
    assert _shown({"a": 1234, "b": 0.12345678, "c": None}) == "a 1,234, b 0.1235, c none"
    assert [_time(3.21), _time(75), _time(7500)] == ["3.2 s", "1 min 15 s", "2 h 5 min"]
    (tmp_path / "f").write_bytes(b"x" * 12_340)
    assert _sized(str(tmp_path / "f")) == f"{tmp_path / 'f'} (12.3 kB)"
    found = json.loads(_json(Outcome("x", {}, {}, {"auroc": float("nan"), "of": {"a": float("inf")}}), ""))
    assert found["numbers"] == {"auroc": None, "of": {"a": None}}
