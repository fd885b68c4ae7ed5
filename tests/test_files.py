"""Outputs appear whole or not at all, also on a full disk."""

import contextlib
import errno
import os
import subprocess
import sys

import pytest

from lrpgen.errors import InputError, OutputError
from lrpgen.files import atomic, atomic_dir, existing, read_json, write_json, write_text


def test_a_failure_leaves_the_previous_file_and_nothing_else(tmp_path):
    path = tmp_path / "a" / "out.txt"
    write_text(path, "good")
    with contextlib.suppress(RuntimeError), atomic(path) as tmp:
        tmp.write_text("half")
        raise RuntimeError
    assert path.read_text() == "good"
    assert [p.name for p in path.parent.iterdir()] == ["out.txt"]


def test_a_folder_takes_the_place_of_the_old_one(tmp_path):
    path = tmp_path / "out"
    with atomic_dir(path) as tmp:
        (tmp / "old").touch()
    with contextlib.suppress(RuntimeError), atomic_dir(path) as tmp:
        (tmp / "half").touch()
        raise RuntimeError
    assert [p.name for p in path.iterdir()] == ["old"]
    with atomic_dir(path) as tmp:
        (tmp / "new").touch()
    assert [p.name for p in path.iterdir()] == ["new"]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_errors_of_the_system_are_one_sentence(tmp_path, number):
    with pytest.raises(OutputError, match="disk is full" if number == errno.ENOSPC else "cannot write"), \
            atomic(tmp_path / "x"):  # fmt: skip
        raise OSError(number, os.strerror(number))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write here"):
        write_text(tmp_path / "file" / "x.txt", "x")


SCRIPT = """
import sys
from lrpgen.relevance.store import create
from lrpgen.errors import OutputError
import numpy as np
sys.path.insert(0, {tests!r})
from test_store import batch, ATTRS
try:
    with create(sys.argv[1], ATTRS) as writer:
        for i in range(200):
            writer.append(batch(200, first=200 * i))
except OutputError as error:
    print(error)
    sys.exit(2)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_leaves_the_previous_store(tmp_path, request):
    """A real file system of 1 MB: the new store does not fit, the old file stays, no other is left."""
    disk = tmp_path / "disk"
    disk.mkdir()
    tests = str(request.config.rootpath / "tests" / "relevance")
    (tmp_path / "run.py").write_text(SCRIPT.format(tests=tests))
    shell = (
        f"mount -t tmpfs -o size=1m none {disk} && echo good > {disk}/r.h5 && "
        f"{{ {sys.executable} {tmp_path}/run.py {disk}/r.h5; echo code $?; ls -A {disk}; cat {disk}/r.h5; }}"
    )
    environment = {**os.environ, "PYTHONPATH": str(request.config.rootpath)}
    done = subprocess.run(["unshare", "-m", "sh", "-c", shell], capture_output=True, text=True, env=environment)
    assert "the disk is full" in done.stdout, done.stderr
    assert done.stdout.splitlines()[-3:] == ["code 2", "r.h5", "good"]


def test_missing_empty_and_broken_inputs_are_named(tmp_path):
    with pytest.raises(InputError, match=r"model .*x does not exist"):
        existing(tmp_path / "x", "model")
    (tmp_path / "x").touch()
    with pytest.raises(InputError, match="is empty"):
        existing(tmp_path / "x", "model")
    (tmp_path / "x").write_text("{")
    with pytest.raises(InputError, match="not valid JSON"):
        read_json(tmp_path / "x", "metrics")
    write_json(tmp_path / "x", {"a": 1})
    assert read_json(tmp_path / "x", "metrics") == {"a": 1}
