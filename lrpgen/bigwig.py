"""bigWig files fed piece by piece, in memory that does not grow with the contig.

pyBigWig, which takes values piece by piece, keeps all zoom levels until it closes a file: 13 bytes per base of its own
value. pybigtools keeps them in a temporary file, but pulls its values from an iterator. So each file gets a thread that
pulls what the caller pushes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np

from .errors import OutputError
from .files import atomic

Runs = tuple[str, np.ndarray, np.ndarray, np.ndarray]  # contig, starts, ends, values
WAITING = 2  # pieces that wait for the writer
STEP = 4096  # runs turned into Python numbers at a time


class BigWig:
    """A bigWig that is being written; use through `writing_bigwig`."""

    def __init__(self, path: Path, contigs: dict[str, int]) -> None:
        import pybigtools

        self._file: Any = pybigtools.open(str(path), "w")
        self.contigs = contigs
        self.bases = 0
        self.error: BaseException | None = None
        self._queue: Queue[Runs | None] = Queue(WAITING)
        self._ended = False
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def add(self, chrom: str, starts: np.ndarray, ends: np.ndarray, values: np.ndarray) -> None:
        """Runs [start, end) of one value each, behind those added before."""
        if len(starts):
            self.bases += int((ends - starts).sum())
            self._queue.put((chrom, starts, ends, values))

    def end(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _write(self) -> None:
        try:
            self._file.write(self.contigs, self._entries())
        except BaseException as error:  # the library's own are no `Exception`
            self.error = error
        finally:
            while not self._ended:  # the library gave up: nobody may wait for it
                self._ended = self._queue.get() is None

    def _entries(self) -> Iterator[tuple[str, int, int, float]]:
        while (runs := self._queue.get()) is not None:
            chrom, *columns = runs
            for at in range(0, len(columns[0]), STEP):
                yield from zip(repeat(chrom), *(column[at : at + STEP].tolist() for column in columns), strict=False)
        self._ended = True


@contextmanager
def writing_bigwig(path: Path, contigs: dict[str, int]) -> Iterator[BigWig]:
    """A new bigWig at `path`, whole or not at all. It names the contigs that have values, in the order they came.

    Raises `OutputError` where it did not reach the disk whole; a bigWig without any value cannot be.
    """
    with atomic(path) as tmp:
        file = BigWig(tmp, contigs)
        try:
            yield file
        finally:
            file.end()
        if (found := covered(tmp)) != file.bases:
            raise OutputError(
                f"{path} did not reach the disk whole ({found} of {file.bases} bases); is the disk full, or the folder "
                "of temporary files (TMPDIR)?"
            ) from file.error


def covered(path: Path) -> int:
    """Bases that have a value, by the header; -1 for a file that is none."""
    import pyBigWig

    try:
        with pyBigWig.open(str(path)) as file:
            return file.header()["nBasesCovered"]
    except RuntimeError:
        return -1
