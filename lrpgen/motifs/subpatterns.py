"""Subpatterns: reads of one pattern that fall into kinds (a spacing, a half with its neighbour, another core).

The idea is TF-MoDISco's (Shrikumar et al. 2018), which clusters the seqlets of each pattern once more. Ours is the
question whether there is anything to split. A matrix already says that a column is A in one half of the reads and G in
the other; a subpattern is more than that: columns that go together. So the reads are parted in two (2-means), and the
parts are two kinds only if
- columns go together: the parting explains LINKED times what one explains at most after every column has been dealt
  out anew among the reads, which keeps every column and undoes their ties;
- there is a gap: along the line between the two centres the parting explains more variance than halves of a uniform
  spread would (3/4), so that one smooth spread, however wide, is never two.
Each part is asked again, until none parts.
"""

from __future__ import annotations

import numpy as np

MIN_SUPPORT = 20  # seqlets of a pattern, and of a subpattern (TF-MoDISco's smallest final cluster)
SAMPLE = 2000  # reads the partings are found on; the rest follow the nearest centre
LINKED = 1.5  # a lone column explains 1 times what it does by chance, two that always go together 2 times
GAP = 0.75  # share of its variance that a uniform spread loses when halved; a normal one loses 2 / pi
SHUFFLES = 19  # columns dealt out anew: one in twenty homogeneous patterns would beat them all, were LINKED 1
ROUNDS = 50  # of Lloyd's algorithm, which settles in far fewer


def split(contributions: np.ndarray, *, seed: int = 1, min_support: int = MIN_SUPPORT) -> list[np.ndarray]:
    """Rows (ascending) of each subpattern of aligned reads `contributions` (n, 4, w), most rows first.

    One array of all rows when nothing separates, so that the arrays always hold every row once. No subpattern has
    fewer than `min_support` rows. The sign of the contributions does not matter. Deterministic for a `seed`.
    Source: Ours, after TF-MoDISco's subpatterns.
    """
    n = len(contributions)
    reads = _unit(contributions.reshape(n, 4 * contributions.shape[2]).astype(np.float64))
    random = np.random.default_rng(seed)
    sample = np.sort(random.choice(n, SAMPLE, replace=False)) if n > SAMPLE else np.arange(n)
    parts = _parted(np.arange(n), reads, sample, contributions.shape[2], min_support, random)
    return sorted(parts, key=lambda rows: (-len(rows), rows[:1].tolist()))


def _parted(
    rows: np.ndarray, reads: np.ndarray, sample: np.ndarray, width: int, least: int, random: np.random.Generator
) -> list[np.ndarray]:
    """`rows` as one part, or the parts of its parts."""
    mine = sample[np.isin(sample, rows)]
    centres = _two_kinds(reads[mine], width, random) if len(mine) >= 2 * least else None
    if centres is None:
        return [rows]
    second = _nearer_second(reads[rows], centres)
    if min(second.sum(), (~second).sum()) < least:
        return [rows]
    halves = (rows[~second], rows[second])
    return [part for half in halves for part in _parted(half, reads, sample, width, least, random)]


def _two_kinds(reads: np.ndarray, width: int, random: np.random.Generator) -> np.ndarray | None:
    """Centres (2, 4 w) of two kinds of `reads` (n, 4 w), or None when they are of one kind."""
    centres, explained, gap = _halve(reads)
    line = centres[1] - centres[0]
    if gap <= GAP:
        return None
    columns = reads.reshape(len(reads), 4, width)
    for _ in range(SHUFFLES):
        order = random.random((len(reads), 1, width)).argsort(axis=0)
        dealt = np.take_along_axis(columns, order, axis=0).reshape(len(reads), -1)
        if explained < LINKED * max(_halve(dealt)[1], _halve(dealt, line)[1]):
            return None
    return centres


def _halve(reads: np.ndarray, begin: np.ndarray | None = None) -> tuple[np.ndarray, float, float]:
    """2-means of `reads` (n, d), begun along `begin` or else their first principal axis.

    Returns the centres (2, d), the variance explained, and its share of the variance along the line between them.
    How much of the pattern a read carries (its part along the mean) is not asked: weak and strong reads are one kind.
    """
    mean = reads.mean(axis=0)
    axis = mean / (np.linalg.norm(mean) or 1.0)
    rest = reads - np.outer(reads @ axis, axis)
    rest -= rest.mean(axis=0)
    line = np.linalg.eigh(rest.T @ rest)[1][:, -1] if begin is None else begin
    second = rest @ line > 0
    for _ in range(ROUNDS):
        if second.all() or not second.any():
            break
        line = rest[second].mean(axis=0) - rest[~second].mean(axis=0)
        middle = (rest[second].mean(axis=0) + rest[~second].mean(axis=0)) / 2
        moved = (rest - middle) @ line > 0
        if (moved == second).all():
            break
        second = moved
    if second.all() or not second.any():
        return np.stack([mean, mean]), 0.0, 0.0
    share = second.mean()
    explained = share * (1 - share) * float(line @ line)
    along = float(np.var(rest @ line) / (line @ line or 1.0))
    return np.stack([reads[~second].mean(axis=0), reads[second].mean(axis=0)]), explained, explained / (along or 1.0)


def _nearer_second(reads: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return (reads - centres.mean(axis=0)) @ (centres[1] - centres[0]) > 0


def _unit(reads: np.ndarray) -> np.ndarray:
    norm = np.linalg.norm(reads, axis=1, keepdims=True)
    return reads / np.where(norm > 0, norm, 1.0)
