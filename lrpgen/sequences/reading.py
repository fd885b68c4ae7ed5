"""Text lines from plain or compressed files, with errors that name the file."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from ..errors import InputError
from ..files import existing

GZIP_MAGIC = b"\x1f\x8b"


def is_gzip(path: Path) -> bool:
    with open(path, "rb") as handle:
        return handle.read(2) == GZIP_MAGIC


def is_bgzip(path: Path) -> bool:
    """Whether a gzip file is made of bgzip blocks: its extra field starts with the subfield `BC` of two bytes."""
    with open(path, "rb") as handle:
        head = handle.read(18)
    return head[:2] == GZIP_MAGIC and len(head) == 18 and bool(head[3] & 4) and head[12:16] == b"BC\x02\x00"


def lines(path: Path, what: str) -> Iterator[tuple[int, str]]:
    """(line number from 1, line without its end) of a text file; gzip and bgzip are told by their first bytes.

    Raises `InputError` for a missing, empty, damaged or binary file.
    """
    path = existing(path, what)
    number = 0
    try:
        with gzip.open(path, "rt", encoding="utf-8") if is_gzip(path) else open(path, encoding="utf-8") as handle:
            for number, line in enumerate(handle, start=1):
                yield number, line.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{what} {path} is not a text file (line {number + 1}); check the path") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"{what} {path} is damaged or cut short after line {number} ({error}); copy or compress it again"
        ) from error
    if number == 0:
        raise InputError(f"{what} {path} is empty; check the step that made it")
