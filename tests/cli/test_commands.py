"""The command line as a person meets it: help that teaches, one line for bad input, exit code 2."""

import os
import subprocess
import sys

import pytest

import lrpgen
from lrpgen.cli.main import COMMANDS, app


def run(*arguments, cwd=None):
    command = [sys.executable, "-m", "lrpgen.cli.main", *arguments]
    environment = {**os.environ, "COLUMNS": "200"}
    environment["PYTHONPATH"] = os.pathsep.join([os.getcwd(), environment.get("PYTHONPATH", "")])
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=120)


def test_help_lists_every_command(call):
    code, out, _ = call("--help")
    assert code == 0
    assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example_and_a_seed(call, command):
    code, out, _ = call(command, "--help")
    assert code == 0
    assert f"Example: lrpgen {command}" in " ".join(out.split())
    assert "--seed" in out


def test_version(call):
    assert call("--version")[:2] == (0, f"lrpgen {lrpgen.__version__}\n")


def test_doctor_says_what_there_is(call):
    code, out, _ = call("doctor")
    assert code == 0
    for word in ("python", "torch", "device", "threads", "free disk"):
        assert word in out


def test_doctor_says_what_is_missing_for_what(monkeypatch):
    from lrpgen import doctor

    monkeypatch.setitem(doctor.FEATURES, "no_such_module", ("flying", "pip install wings"))
    assert "missing        no_such_module: needed for flying; pip install wings" in doctor.examine()


def test_help_and_import_do_not_load_torch():
    code = "import sys, lrpgen.cli.main; assert not {'torch', 'matplotlib', 'numba'} & set(sys.modules), 'heavy'"
    assert subprocess.run([sys.executable, "-c", code], cwd=os.getcwd()).returncode == 0


BAD = {
    "no windows": (["train", "none.h5", "-o", "m.safetensors"], "windows file none.h5 does not exist"),
    "text for windows": (["train", "text", "-o", "m.safetensors"], "text is not a readable HDF5 file"),
    "no model": (["predict", "none.h5", "--model", "m", "-o", "p.tsv"], "does not exist"),
    "neither": (["explain", "--model", "text", "-o", "r.h5"], "either --windows or --genome"),
    "both": (
        ["explain", "--model", "m", "--windows", "w", "--genome", "g", "-o", "r.h5"],
        "either --windows or --genome",
    ),
    "shard": (["explain", "--model", "m", "--windows", "w", "--shard", "half", "-o", "r.h5"], "not of the form K/N"),
    "share": (["explain", "--model", "m", "--windows", "w", "--prune-positive", "2", "-o", "r.h5"], "outside 0..1"),
    "no output": (["explain", "--model", "m", "--windows", "w"], "needs --output"),
    "redistribution": (
        ["explain", "--model", "m", "--windows", "w", "--redistribute", "x", "-o", "r.h5"],
        "choose lambda or matrix",
    ),
    "text for model": (["explain", "--model", "text", "--windows", "w", "-o", "r.h5"], "not a readable safetensors"),
    "text for shard": (["gather", "text", "-o", "r.h5"], "text is not a readable HDF5 file"),
    "text for tiles": (["tracks", "text", "--genome", "text", "-o", "t"], "text is not a readable HDF5 file"),
    "text for store": (["motifs", "text", "--target", "donor", "-o", "m"], "text is not a readable HDF5 file"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_and_exit_2(name, call, tmp_path, monkeypatch):
    arguments, words = BAD[name]
    (tmp_path / "text").write_text("no data at all\n")
    monkeypatch.chdir(tmp_path)
    code, _, err = call(*arguments)
    assert code == 2, err
    assert words in err
    assert len(err.splitlines()) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["text"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--no-such-option"], "--no-such-option"),
        (["train"], "windows"),
        (["nonsense"], "nonsense"),
        (["explain", "--model", "m", "-o", "x", "--stride", "abc"], "--stride"),
    ],
)
def test_wrong_options_are_one_line_too(call, arguments, words):
    code, _, err = call(*arguments)
    assert code == 2
    assert words in err
    assert "--help shows what there is" in err
    assert len(err.splitlines()) == 1


def test_the_bare_name_teaches(call):
    code, out, _ = call()
    assert code == 0
    assert "windows" in out


def test_no_traceback_from_the_real_program(tmp_path):
    done = run("train", "none.h5", "-o", str(tmp_path / "m.safetensors"))
    assert done.returncode == 2
    assert done.stderr == "lrpgen: error: windows file none.h5 does not exist; check the path\n"


def test_unwritable_output(tmp_path, call):
    (tmp_path / "file").write_text("x")
    shard = tmp_path / "none.h5"
    code, _, err = call("gather", shard, "-o", tmp_path / "file" / "r.h5")
    assert code == 2
    assert len(err.splitlines()) == 1


def test_app_has_the_commands_it_names():
    assert {command.name for command in app.registered_commands} == set(COMMANDS)
