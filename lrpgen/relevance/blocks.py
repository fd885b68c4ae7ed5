"""Progress of a job: finished blocks of windows beside the output, so that a killed job goes on where it was.

Blocks lie in `OUTPUT.parts/KEY/`, each a small relevance store that appears whole or not at all. KEY is a hash of all
that decides the result, so blocks of another model, method or set of windows are never taken for this job's. Two
processes at the same job do not harm each other: what one finishes the other finds, and both end with the same store.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..files import writing
from ..progress import say
from ..provenance import code_hash
from .batches import ON_CPU
from .gathering import join
from .store import Writer, create, open_store

LEAST = 1024  # windows in a block: smaller ones cost more in files than a kill costs in work
MOST_BLOCKS = 64  # in a job: a kill costs a 64th of it at most


class Blocks:
    """Blocks of `rows`. Batches start anew in each: where a job was killed does not change what is computed together.

    batch_size : as told; None where it was left to the memory that is free. Then blocks do not depend on it: a job that
    goes on elsewhere, with other batches, takes what is there, which differs by rounding at most.
    """

    def __init__(self, output: Path, attrs: dict[str, Any], rows: np.ndarray, batch_size: int | None) -> None:
        size = max(LEAST, -(-len(rows) // MOST_BLOCKS))
        step = batch_size or ON_CPU
        size = -(-size // step) * step
        self.output, self.attrs = output, attrs
        self.blocks = [rows[at : at + size] for at in range(0, len(rows), size)]
        code = code_hash("lrp", "models", "relevance", "sequences")
        decides = json.dumps([attrs, size, batch_size, code, hashlib.sha256(rows.tobytes()).hexdigest()])
        self.parts = output.with_name(output.name + ".parts")
        self.folder = self.parts / hashlib.sha256(decides.encode()).hexdigest()[:16]
        self._clean()

    def left(self, verify: bool = False) -> list[tuple[int, np.ndarray]]:
        """(number, rows) of each block that is not there yet; `verify` reads those that are and forgets damaged ones."""
        found = []
        for number, block in enumerate(self.blocks):
            path = self._path(number)
            if verify and path.exists():
                try:
                    with open_store(path) as store:
                        store.verify()
                except InputError as error:
                    say(f"{error}; explaining its {len(block):,} windows again")
                    path.unlink(missing_ok=True)
            if not path.exists():
                found.append((number, block))
        return found

    @contextmanager
    def writing(self, number: int) -> Iterator[Writer]:
        """The store of one block. If its folder vanishes meanwhile, because another process finished the job, it is
        simply not there afterwards."""
        explained = False
        try:
            with create(self._path(number), self.attrs) as writer:
                yield writer
                explained = True
        except FileNotFoundError:
            if not explained:
                raise

    def join(self) -> bool:
        """Join all blocks to the output and remove them; False where some are gone, because another process was here."""
        paths = [self._path(number) for number in range(len(self.blocks))]
        try:
            join(paths, self.output, self.attrs)
        except InputError:
            if all(path.exists() for path in paths):
                raise
            return False
        shutil.rmtree(self.folder, ignore_errors=True)
        self._clean()
        return True

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:05d}.h5"

    def _clean(self) -> None:
        """Remove what jobs with other parameters left behind."""
        if not self.parts.is_dir():
            return
        with writing(self.parts):
            for other in self.parts.iterdir():
                if other != self.folder:
                    say(f"{other} is progress of a job with other models, options or windows; removing it")
                    shutil.rmtree(other)
            if not self.folder.exists():
                self.parts.rmdir()
