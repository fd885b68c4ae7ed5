"""Outputs appear whole or not at all: write to a temporary name in the same folder, then rename."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import InputError, OutputError

FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file reached the largest size that is allowed here",
}


@contextlib.contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it to `path` on success, remove it on any failure.

    Raises `OutputError` when the folder cannot be written or the disk is full; a previous file at `path` stays.
    """
    path = Path(path)
    tmp = _temporary(path)
    try:
        with writing(path):
            yield tmp
            tmp.chmod(0o644)  # some writers make private files
            os.replace(tmp, path)
    finally:
        tmp.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_dir(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Like `atomic` for a folder: it is filled under a temporary name and takes the place of a previous one."""
    path = Path(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        tmp = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        tmp.chmod(0o755)
    try:
        with writing(path):
            yield tmp
            shutil.rmtree(path, ignore_errors=True)
            os.replace(tmp, path)
    finally:
        shutil.rmtree(tmp, ignore_errors=True)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the operating system's errors while writing `path` into one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise OutputError(f"{path}: {FULL[error.errno]}; free some space and run the command again") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST):
            raise OutputError(
                f"{path}: cannot write here ({error.strerror}); choose another output or fix the permissions"
            ) from error
        raise


def _temporary(path: Path) -> Path:
    if path.is_dir():
        raise OutputError(f"{path} is a folder; name a file for the output")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # The suffix stays last: writers choose their format by it.
            handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
        except FileNotFoundError as error:  # a file system that takes no files, such as /proc
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM)) from error
        os.close(handle)
    return Path(name)


def check_output(path: str | os.PathLike[str]) -> None:
    """Raise `OutputError` where no file can be written at `path`: before hours of work, not after them."""
    _temporary(Path(path)).unlink()


def existing(path: str | os.PathLike[str], what: str) -> Path:
    """`path` if it is a non-empty readable file, else an `InputError` that names it."""
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{what} {path} is a folder; give a file")
    if not path.is_file():
        raise InputError(f"{what} {path} does not exist; check the path")
    if not os.access(path, os.R_OK):
        raise InputError(f"{what} {path} cannot be read; check its permissions")
    if path.stat().st_size == 0:
        raise InputError(f"{what} {path} is empty; check the step that made it")
    return path


def write_text(path: str | os.PathLike[str], text: str) -> None:
    with atomic(path) as tmp:
        tmp.write_text(text, encoding="utf-8")


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    write_text(path, json.dumps(value, indent=2) + "\n")


def read_json(path: str | os.PathLike[str], what: str) -> Any:
    try:
        return json.loads(existing(path, what).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{what} {path} is not valid JSON ({error}); make it again") from error


def sha256(path: str | os.PathLike[str]) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
