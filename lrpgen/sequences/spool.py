"""Windows on their way to the output: their letters in a file without a name, a few bytes of each in memory.

A source appends its windows once; what is decided afterwards (copies, groups, parts) needs 21 bytes of each, and the
letters are read again, block by block, when the output is written. The file lies beside the output, takes one byte per
base, and is gone when the process ends, however it ends.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import numpy as np

from ..files import check_output, writing
from .onehot import UNKNOWN

BLOCK_BASES = 1 << 23  # bases handled at a time: memory does not grow with the number of windows
_COMPLEMENT = np.array([3, 2, 1, 0, UNKNOWN], dtype=np.uint8)


def block_rows(width: int) -> int:
    """Windows of `width` bp in one block; a multiple of 64, the rows of a chunk on disk, where that is possible."""
    rows = max(1, min(4096, BLOCK_BASES // width))
    return rows // 64 * 64 or rows


def other_strand(codes: np.ndarray) -> np.ndarray:
    """Codes uint8 (N, L) of the reverse complements."""
    return _COMPLEMENT[codes[:, ::-1]]


def digests(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For codes (N, L): 16 bytes each as uint64 (N, 2), the same for a sequence and its reverse complement; and
    whether the sequence is the one of the two that was hashed, so that both together tell sequences apart."""
    found, forward = bytearray(), np.empty(len(codes), dtype=bool)
    for row, (one, two) in enumerate(zip(codes, other_strand(codes), strict=True)):
        a, b = one.tobytes(), two.tobytes()
        forward[row] = a <= b
        found += blake2b(min(a, b), digest_size=16).digest()
    return np.frombuffer(bytes(found), dtype="<u8").reshape(-1, 2), forward


def first_rows(keys: np.ndarray) -> np.ndarray:
    """int64 (N,): for each row of `keys` (N, M), the first row that equals it."""
    order = np.lexsort(keys.T)  # stable: the first row of equals comes first
    ordered = keys[order]
    starts = np.ones(len(keys), dtype=bool)
    starts[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    first = np.empty(len(keys), dtype=np.int64)
    first[order] = order[starts][np.cumsum(starts) - 1]
    return first


class Spool:
    """Codes uint8 (as `onehot.codes`) of windows of one width; rows are numbered in the order they are appended."""

    def __init__(self, width: int, output: Path | None = None) -> None:
        """`output`: the file that is to be written in the end; raises `OutputError` where its folder cannot be."""
        self.width = width
        self._output = output or Path(tempfile.gettempdir()) / "windows"
        check_output(self._output)
        with writing(self._output):
            self._file = tempfile.TemporaryFile(dir=self._output.parent)  # noqa: SIM115 - closed by close()
        self._count = 0
        self._seen: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def __len__(self) -> int:
        return self._count

    def close(self) -> None:
        self._file.close()

    def append(self, codes: np.ndarray) -> None:
        """Add windows (n, width). Raises `OutputError` when the disk is full."""
        with writing(self._output):
            self._file.seek(0, 2)
            self._file.write(np.ascontiguousarray(codes).data)
            self._file.flush()
        self._count += len(codes)
        self._seen.append((*digests(codes), (codes == UNKNOWN).sum(axis=1, dtype=np.int32)))

    def read(self, start: int, end: int) -> np.ndarray:
        """Codes (end - start, width) of consecutive rows."""
        self._file.seek(start * self.width)
        return np.frombuffer(self._file.read((end - start) * self.width), dtype=np.uint8).reshape(-1, self.width)

    def blocks(self, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """(part of `rows`, their codes) for ascending row numbers."""
        size = block_rows(self.width)
        for at in range(0, len(rows), size):
            part = rows[at : at + size]
            found = np.empty((len(part), self.width), dtype=np.uint8)
            for run in np.split(np.arange(len(part)), np.flatnonzero(np.diff(part) != 1) + 1):
                found[run] = self.read(int(part[run[0]]), int(part[run[-1]]) + 1)
            yield part, found

    def keys(self) -> tuple[np.ndarray, np.ndarray]:
        """Digests (N, 2) and (N,), see `digests`."""
        self._settle()
        return self._seen[0][:2]

    def ambiguous(self) -> np.ndarray:
        """int32 (N,): N and other ambiguity codes in each window."""
        self._settle()
        return self._seen[0][2]

    def _settle(self) -> None:
        merged = [np.concatenate(column) for column in zip(*self._seen, strict=True)]
        self._seen = [(merged[0], merged[1], merged[2])]
