"""Batches of one part of a file (windows, or images) under a memory budget, in an order that the seed alone decides.

A part that fits the budget is read once and fully shuffled every epoch. Of a larger part, blocks (neighbours in the
file) are read in a new random order every epoch and pass through a pool as large as the budget, from which
batches are drawn at random: each block is unpacked once an epoch, and no more than the pool is ever held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from ...errors import LrpgenError
from ...sequences import open_windows

Piece = tuple[np.ndarray, np.ndarray]  # positions within the part (n,), samples (n, ...), one byte a value
Reader = Callable[[slice], np.ndarray]
# A block is about a chunk of the file: so many neighbours, fewer of large samples.
BLOCK_ROWS, BLOCK_BYTES = 64, 1 << 22
BLOCKS_PER_READ = 4  # blocks that one request to a reader asks for
AUTO_WORKERS = 2


@dataclass(frozen=True)
class Samples:
    """A file that training reads. shape : of one sample, one byte a value. dtype : int8 or uint8.
    opener : opens `path` and gives what reads a slice of its rows; a function of a module, since readers are processes."""

    path: Path
    shape: tuple[int, ...]
    opener: Callable[[Path], AbstractContextManager[Reader]]
    dtype: type = np.int8

    @property
    def bytes(self) -> int:
        """Of one sample."""
        return prod(self.shape)


def windows(path: Path, width: int) -> Samples:
    """One-hot windows of `width` bp: int8 (4, L)."""
    return Samples(path, (4, width), _open_windows)


@contextmanager
def _open_windows(path: Path) -> Iterator[Reader]:
    with open_windows(path) as file:
        yield file.onehot


class Blocks(Dataset):
    """Blocks of the file by number; every process that reads opens the file for itself."""

    def __init__(self, source: Samples, rows: np.ndarray) -> None:
        """rows: ascending row numbers of the part."""
        self.source = source
        size = max(1, min(BLOCK_ROWS, BLOCK_BYTES // source.bytes))
        cuts = np.flatnonzero(np.diff(rows // size)) + 1
        self.rows = np.split(rows, cuts)
        self.first = np.concatenate([[0], cuts])
        self._read: Reader | None = None
        self._stack = ExitStack()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, numbers: Iterable[int]) -> Piece:
        """The samples of some blocks, one after the other."""
        if self._read is None:
            self._read = self._stack.enter_context(self.source.opener(self.source.path))
        read, positions, samples = self._read, [], []
        for number in numbers:
            rows, start = self.rows[number], int(self.rows[number][0])
            # A slice is much faster than a list of rows, and the chunk is unpacked whole anyway.
            samples.append(read(slice(start, int(rows[-1]) + 1))[rows - start])
            positions.append(self.first[number] + np.arange(len(rows)))
        return np.concatenate(positions), np.concatenate(samples)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_read": None, "_stack": ExitStack()}

    def close(self) -> None:
        self._stack.close()
        self._read = None


class Part:
    """Samples of one part of the split.

    Parameters
    ----------
    rows : ascending row numbers in the file. budget : bytes of samples that may be held.
    workers : reading processes; -1 takes none where the part fits or cores are few, else AUTO_WORKERS.
    """

    def __init__(self, source: Samples, rows: np.ndarray, budget: int, workers: int, cores: int) -> None:
        self.count, self.source = len(rows), source
        self.capacity = budget // source.bytes  # samples
        self.fits = self.count <= self.capacity
        self._blocks = Blocks(source, rows)
        auto = 0 if self.fits or cores <= AUTO_WORKERS else AUTO_WORKERS
        self._loader = _loader(self._blocks, auto if workers < 0 else workers)
        self._held: np.ndarray | None = None

    def close(self) -> None:
        """Close the file and end the reading processes."""
        self._blocks.close()
        self._loader = None
        self._held = None

    def in_order(self, size: int) -> Iterator[Piece]:
        """All samples in the order of the file, `size` at a time."""
        if self.fits:
            held, everything = self._whole(), np.arange(self.count)
            yield from ((everything[at : at + size], held[at : at + size]) for at in range(0, self.count, size))
        else:
            yield from _rebatched(self._pieces(np.arange(len(self._blocks))), size)

    def shuffled(self, size: int, generator: torch.Generator) -> Iterator[Piece]:
        """All samples once, in random batches of `size` (the last may be smaller); `generator` decides the order."""
        if self.fits:
            held = self._whole()
            for positions in torch.randperm(self.count, generator=generator).split(size):
                yield positions.numpy(), held[positions.numpy()]
        else:
            rng = np.random.default_rng(int(torch.randint(2**62, (1,), generator=generator)))
            yield from self._pooled(rng.permutation(len(self._blocks)), size, rng)

    def _pooled(self, order: np.ndarray, size: int, rng: np.random.Generator) -> Iterator[Piece]:
        capacity = max(self.capacity, size)
        pool = np.empty((capacity, *self.source.shape), self.source.dtype)
        members = np.empty(capacity, np.int64)
        free = np.arange(capacity)
        for positions, samples in self._pieces(order):
            at = 0
            while at < len(positions):
                slots, free = free[: len(positions) - at], free[len(positions) - at :]
                pool[slots], members[slots] = samples[at : at + len(slots)], positions[at : at + len(slots)]
                at += len(slots)
                if len(free) == 0:
                    free = rng.choice(capacity, size, replace=False)
                    yield members[free], pool[free]
        rest = rng.permutation(np.setdiff1d(np.arange(capacity), free))
        for at in range(0, len(rest), size):
            yield members[rest[at : at + size]], pool[rest[at : at + size]]

    def _whole(self) -> np.ndarray:
        if self._held is None:
            self._held = np.empty((self.count, *self.source.shape), self.source.dtype)
            for positions, samples in self._pieces(np.arange(len(self._blocks))):
                self._held[positions] = samples
            self._blocks.close()
        return self._held

    def _pieces(self, order: np.ndarray) -> Iterator[Piece]:
        requests = [order[at : at + BLOCKS_PER_READ].tolist() for at in range(0, len(order), BLOCKS_PER_READ)]
        if self._loader is None:
            yield from (self._blocks[request] for request in requests)
        else:
            self._loader.sampler.requests = requests  # type: ignore[attr-defined]
            try:
                yield from self._loader
            except LrpgenError as error:  # torch puts the reader's traceback before our sentence
                said = str(error).strip().splitlines()[-1]
                raise type(error)(said.partition(": ")[2]) from None


class _Requests:
    """A sampler that hands out the requests of the current epoch, so that readers live for the whole training."""

    def __init__(self) -> None:
        self.requests: list[list[int]] = []

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.requests)

    def __len__(self) -> int:
        return len(self.requests)


def _loader(blocks: Blocks, workers: int) -> DataLoader | None:
    if workers == 0:
        return None
    return DataLoader(
        blocks,
        batch_size=None,
        sampler=_Requests(),
        num_workers=workers,
        collate_fn=cast(Any, _as_it_is),
        persistent_workers=True,
        generator=torch.Generator(),  # its own, so that dropout's random numbers do not depend on `workers`
    )


def _as_it_is(piece: Piece) -> Piece:
    return piece


def _rebatched(pieces: Iterable[Piece], size: int) -> Iterator[Piece]:
    """The same samples in the same order, `size` at a time."""
    kept: Piece | None = None
    for piece in pieces:
        positions, samples = piece if kept is None else (np.concatenate(pair) for pair in zip(kept, piece, strict=True))
        whole = len(positions) // size * size
        for at in range(0, whole, size):
            yield positions[at : at + size], samples[at : at + size]
        kept = positions[whole:], samples[whole:]
    if kept is not None and len(kept[0]):
        yield kept
