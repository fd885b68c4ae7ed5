"""A frame: the aligned places of one pattern in the windows. Everything else of a pattern is read through it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Frame:
    """`width` aligned columns at n places.

    window (n,) rows of the arrays, start (n,) 0-based left ends in the window, reverse (n,) True where the pattern
    reads along the window's other strand. A place may reach past the window's ends until `inside` drops it.
    """

    window: np.ndarray
    start: np.ndarray
    reverse: np.ndarray
    width: int

    def __len__(self) -> int:
        return len(self.window)

    def flip(self) -> Frame:
        """The same places, read along the other strand."""
        return replace(self, reverse=~self.reverse)

    def cut(self, left: int, right: int) -> Frame:
        """Columns left..right (half-open; may lie outside 0..width) of every place."""
        width = right - left
        start = np.where(self.reverse, self.start + self.width - right, self.start + left)
        return replace(self, start=start, width=width)

    def take(self, rows: np.ndarray) -> Frame:
        return replace(self, window=self.window[rows], start=self.start[rows], reverse=self.reverse[rows])

    def join(self, other: Frame) -> Frame:
        """The places of both, these first."""
        return Frame(
            np.concatenate([self.window, other.window]),
            np.concatenate([self.start, other.start]),
            np.concatenate([self.reverse, other.reverse]),
            self.width,
        )

    def read(self, array: np.ndarray) -> np.ndarray:
        """(n, 4, width) of `array` (N, 4, L), reverse-complemented where the place is; zeros past the ends."""
        length = array.shape[2]
        at = self.start[:, None] + np.arange(self.width)
        values = array[self.window[:, None], :, np.clip(at, 0, length - 1)]  # (n, width, 4)
        values = np.where(((at >= 0) & (at < length))[:, :, None], values, 0)
        turned = np.where(self.reverse[:, None, None], values[:, ::-1, ::-1], values)
        return turned.transpose(0, 2, 1)


def realigned(frame: Frame, array: np.ndarray, reach: int, rounds: int = 10) -> Frame:
    """Each place moved by up to `reach` bases, and turned over, to where `array` fits the frame's mean best.

    Repeats with the new mean until nothing moves. Ties leave a place where it is. Places that end up on one
    another are kept once.
    """
    for _ in range(rounds):
        mean = frame.read(array).mean(axis=0)
        wide = frame.cut(-reach, frame.width + reach).read(array)
        scores = np.stack([_slide(wide, mean), _slide(wide, mean[::-1, ::-1])], axis=1)  # (n, 2, 2 reach + 1)
        scores[:, 0, reach] += 1e-6 * np.abs(scores).max()
        turned, shift = np.divmod(scores.reshape(len(frame), -1).argmax(axis=1), 2 * reach + 1)
        shift = np.where(frame.reverse, -(shift - reach), shift - reach)
        moved = replace(frame, start=frame.start + shift, reverse=frame.reverse ^ (turned == 1))
        if (moved.start == frame.start).all() and (moved.reverse == frame.reverse).all():
            break
        frame = moved
    places = np.column_stack([frame.window, frame.start])
    return frame.take(np.sort(np.unique(places, axis=0, return_index=True)[1]))


def _slide(wide: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Dot products of `matrix` (4, W) with each stretch of W columns of `wide` (n, 4, V): (n, V - W + 1)."""
    stretches = np.lib.stride_tricks.sliding_window_view(wide, matrix.shape[1], axis=2)
    return np.einsum("ncvw,cw->nv", stretches, matrix, optimize=True)


def alignment(a: np.ndarray, b: np.ndarray) -> tuple[float, int, bool]:
    """Best (cosine, offset, reverse) of matrix `b` (4, V) laid over `a` (4, W), either way round.

    Column 0 of `b` (turned over where reverse) lies on column `offset` of `a`. Columns without a partner count
    against the cosine, since both norms are of the whole matrices.
    """
    norm = float(np.linalg.norm(a) * np.linalg.norm(b)) or 1.0
    best = (-np.inf, 0, False)
    for reverse in (False, True):
        turned = b[::-1, ::-1] if reverse else b
        scores = np.sum([np.correlate(x, y, mode="full") for x, y in zip(a, turned, strict=True)], axis=0)
        at = int(np.argmax(scores))
        if scores[at] / norm > best[0] + 1e-9:  # ties stay forward
            best = (float(scores[at] / norm), at - (b.shape[1] - 1), reverse)
    return best
