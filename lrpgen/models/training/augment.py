"""Augmentation of one-hot batches: the other strand, small shifts. Chosen by a numpy generator, so it can be repeated."""

from __future__ import annotations

import numpy as np

from ...sequences.onehot import reverse_complement_array


def augment(onehot: np.ndarray, rng: np.random.Generator, *, rc: bool, shift: int) -> np.ndarray:
    """A changed copy of int8 (n, 4, L): each window reverse-complemented with probability 1/2, moved by -shift..shift.

    What moves in from beyond the window is not in the file: zero columns.
    """
    if rc:
        turned = rng.random(len(onehot)) < 0.5
        onehot = onehot.copy()
        onehot[turned] = reverse_complement_array(onehot[turned])
    if shift:
        padded = np.pad(onehot, ((0, 0), (0, 0), (shift, shift)))
        views = np.lib.stride_tricks.sliding_window_view(padded, onehot.shape[2], axis=2)  # (n, 4, 2 shift + 1, L)
        onehot = views[np.arange(len(onehot)), :, rng.integers(0, 2 * shift + 1, len(onehot))]
    return onehot
