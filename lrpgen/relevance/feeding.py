"""Batches read ahead: one thread reads and encodes the next ones while the device computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch

from .work import Asked

AHEAD = 3  # batches read or being read beyond the one in work: what waits stays in memory


def fed(read: Callable[[np.ndarray], Asked], parts: Iterable[np.ndarray], pin: bool = False) -> Generator[Asked]:
    """`read(part)` of each part, in order. What `read` raises is raised here, where its batch would be.

    pin : into memory from which a GPU copies by itself. The thread ends with the iterator: close it where it may be left
    early (`contextlib.closing`).
    """
    with ThreadPoolExecutor(1, thread_name_prefix="lrpgen-read") as reader:
        waiting: deque[Future[Asked]] = deque()
        try:
            for part in parts:
                waiting.append(reader.submit(_read, read, part, pin))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            reader.shutdown(wait=True, cancel_futures=True)


def _read(read: Callable[[np.ndarray], Asked], part: np.ndarray, pin: bool) -> Asked:
    asked = read(part)
    if not pin:
        return asked
    return asked._replace(onehot=torch.from_numpy(asked.onehot).pin_memory().numpy())  # the array keeps it alive
