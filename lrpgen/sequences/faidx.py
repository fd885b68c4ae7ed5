"""The index of a FASTA file: used where it is up to date, else built whole or not at all, also by several jobs at once.

pyfaidx writes its index in place, so a second job could read half of it. Here it is built under a private name and
renamed: beside the FASTA where that folder can be written, else in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any

from ..cache import cache_folder
from ..errors import InputError

SUFFIXES = (".fai", ".gzi")


def open_index(path: Path) -> Any:
    """A `pyfaidx.Faidx` on `path` (its kind was checked before); raises `InputError` for a file it cannot index."""
    folders = [path.parent, index_cache(path)]
    for folder in folders:
        if _fresh(path, folder):
            found = _open_existing(path, folder)
            if found is not None:
                return found
    with tempfile.TemporaryDirectory(prefix="lrpgen-index-") as private:
        _build(path, Path(private))
        for folder in folders:
            if _install(path, Path(private), folder):
                break
        # Files that are open or read to the end may go: pyfaidx keeps the index in memory.
        return _open(path, Path(private))


def index_cache(path: Path) -> Path:
    """Where the index goes when the FASTA's own folder is read-only: one folder per FASTA file and state of it."""
    stat = path.stat()
    key = f"{path.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}"
    return cache_folder("fasta", hashlib.sha256(key.encode()).hexdigest()[:16])


def _names(path: Path, folder: Path) -> list[Path]:
    packed = path.name.lower().endswith((".gz", ".bgz"))
    return [folder / f"{path.name}{suffix}" for suffix in (SUFFIXES if packed else SUFFIXES[:1])]


def _fresh(path: Path, folder: Path) -> bool:
    made = path.stat().st_mtime
    try:
        return all(name.stat().st_mtime >= made and name.stat().st_size > 0 for name in _names(path, folder))
    except OSError:
        return False


def _open_existing(path: Path, folder: Path) -> Any:
    """None for an index that another program left broken: it is built again."""
    try:
        found = _open(path, folder)
    except (OSError, ValueError, InputError):
        return None
    return found if found.index else None


def _open(path: Path, folder: Path) -> Any:
    from pyfaidx import BgzfBlock, Faidx

    class Block(BgzfBlock):
        """pyfaidx 0.9 looks blocks up with bisect_left and this order, which leaves a fetch that begins exactly at a
        block's start in the block before it, at offset 65536: an error for blocks of full size."""

        __slots__ = ()

        def __lt__(self, other: Any) -> bool:
            return self.ustart <= other

    names = [str(name) for name in _names(path, folder)]
    gzi = names[1] if len(names) > 1 else None
    index: Any = Faidx(str(path), indexname=names[0], gzi_indexname=gzi, as_raw=True, rebuild=False, build_index=False)
    if gzi:
        index.gzi_index = [Block(*block) for block in index.gzi_index]
    return index


def _build(path: Path, folder: Path) -> None:
    from pyfaidx import Faidx, FastaIndexingError

    names = [str(name) for name in _names(path, folder)]
    try:
        Faidx(str(path), indexname=names[0], gzi_indexname=names[1] if len(names) > 1 else None).file.close()
    except FastaIndexingError as error:
        text = str(error).rstrip(".")
        raise InputError(f"FASTA {path} cannot be indexed: {text}; fix or rewrap it") from error
    except UnicodeDecodeError as error:
        raise InputError(f"FASTA {path} is not a text file; check the path") from error
    except (ValueError, OSError, EOFError, struct.error, zlib.error) as error:
        if "Duplicate key" in str(error):
            name = str(error).split('"')[1]
            raise InputError(f"FASTA {path} has two contigs named {name!r}; rename or remove one") from error
        raise InputError(f"FASTA {path} is damaged or cut short ({error}); copy or compress it again") from error
    newest = path.stat().st_mtime  # may lie in the future on a shared disk: the index must not look older
    for name in names:
        if os.stat(name).st_mtime < newest:
            os.utime(name, (newest, newest))


def _install(path: Path, private: Path, folder: Path) -> bool:
    """Copy the index into `folder`, each file whole by a rename; False where the folder cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source, target in zip(_names(path, private), _names(path, folder), strict=True):
            handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=folder)
            os.close(handle)
            try:
                shutil.copy2(source, name)
                os.replace(name, target)
            finally:
                Path(name).unlink(missing_ok=True)
    except OSError:
        return False
    return True
