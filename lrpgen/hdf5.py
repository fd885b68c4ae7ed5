"""HDF5 files that say what they are, appear whole or not at all, and survive a full disk."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from . import __version__
from .errors import InputError
from .files import atomic, existing


class _Patient(io.FileIO):
    """A file that keeps the first error of the system and takes every later write without doing it.

    The HDF5 library tries again to write its caches while it closes and crashes the process where that fails too; so it
    is let go in peace, and the error is raised afterwards.
    """

    error: OSError | None = None

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        done = 0
        while self.error is None and done < len(view):
            try:
                done += super().write(view[done:]) or 0
            except OSError as error:
                self.error = error
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0


@contextlib.contextmanager
def create(
    path: str | os.PathLike[str],
    attrs: dict[str, Any],
    json_attrs: Sequence[str],
    check: Callable[[Path], None] | None = None,
) -> Iterator[h5py.File]:
    """A new file at `path`, renamed into place at the end. `json_attrs` names the attributes stored as JSON.

    check : looks at the whole file before it takes its name, and raises where it is not as it should be.

    Raises `OutputError` when the disk is full or the folder cannot be written; a previous file stays.
    """
    with atomic(path) as tmp:
        raw = _Patient(tmp, "r+")
        try:
            with h5py.File(raw, "w") as file:
                for key, value in {**attrs, "lrpgen_version": __version__}.items():
                    file.attrs[key] = json.dumps(value) if key in json_attrs else value
                yield file
        except (OSError, RuntimeError) as error:  # HDF5 reading back what could not be written
            raise raw.error or error from None
        finally:
            raw.close()
        if raw.error:
            raise raw.error
        if check:
            check(tmp)


@contextlib.contextmanager
def reading(
    path: str | os.PathLike[str],
    what: str,
    made_by: str,
    form: str,
    version: int | tuple[int, ...],
    needed: Sequence[str],
) -> Iterator[h5py.File]:
    """Open `path` read-only. `needed`: attributes and datasets it must have; `version`: the one or ones that are read.

    Raises `InputError` when it is missing, damaged, something else, of another version or incomplete.
    """
    path = existing(path, what)
    try:
        file = h5py.File(path, "r", locking=False)  # nobody writes into a file that has its name
    except OSError as error:
        raise InputError(f"{path} is not a readable HDF5 file (damaged or cut short?); make it again") from error
    with file:
        with _damage(path):
            if file.attrs.get("format") != form:
                raise InputError(f"{path} is not a {what}; give the output of {made_by}")
            known = version if isinstance(version, tuple) else (version,)
            if (found := file.attrs.get("version")) not in known:
                reads = " and ".join(str(one) for one in known)
                raise InputError(f"{path} has version {found} of a {what}, this lrpgen reads {reads}; make it again")
            if missing := [key for key in needed if key not in file.attrs and key not in file]:
                raise InputError(f"{what} {path} lacks {', '.join(missing)}; make it again")
        yield file


@contextlib.contextmanager
def _damage(path: Path) -> Iterator[None]:
    """What HDF5 says of attributes that it cannot make sense of, as one sentence."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise InputError(f"{path} is damaged (its attributes cannot be read); make it again") from error


def attributes(file: h5py.File, json_attrs: Sequence[str]) -> dict[str, Any]:
    """All attributes as plain Python values, those in `json_attrs` parsed."""
    found = {}
    with _damage(Path(file.filename)):
        for key, value in file.attrs.items():
            plain = value.item() if isinstance(value, np.generic) else value
            found[key] = json.loads(plain) if key in json_attrs and isinstance(plain, str) else plain
    return found
