"""The built-in grouping of seqlets, for when modisco-lite is not installed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .frames import Frame, alignment
from .subpatterns import split

CORE = 21  # columns compared: JASPAR's vertebrate matrices are 6 to 35 wide, nine in ten at most 19
REACH = 10  # bases a seqlet's centre may lie off its motif's
WIDTH = 41  # columns of a frame, as patterns.py takes from modisco-lite
MAX_Q = 0.1  # share of a group that may be there by chance, as decoys tell
MIN_SUPPORT = 20
SEEDS, OTHERS = 500, 5000
ROUNDS = 10
MAX_GROUPS = 200
import os
DISTINCT = float(os.environ.get('DIST','0.95'))


@dataclass(frozen=True)
class Stretches:
    """All ways to lay a core over each seqlet: values (n, 2 REACH + 1, 4 CORE), scaled, so that a dot product is a cosine."""

    values: np.ndarray

    @classmethod
    def of(cls, contributions: np.ndarray) -> Stretches:
        half = CORE // 2
        wide = contributions[:, :, contributions.shape[2] // 2 - half - REACH :][:, :, : CORE + 2 * REACH]
        values = np.lib.stride_tricks.sliding_window_view(wide, CORE, axis=2).transpose(0, 2, 1, 3)
        values = values.reshape(len(wide), 2 * REACH + 1, 4 * CORE).astype(np.float32)
        norm = np.linalg.norm(values, axis=2, keepdims=True)
        norm = np.maximum(norm, norm[:, REACH : REACH + 1])
        return cls(values / np.where(norm > 0, norm, 1))

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: np.ndarray) -> Stretches:
        return Stretches(self.values[rows])

    def best(self, cores: np.ndarray, block: int = 500) -> tuple[np.ndarray, np.ndarray]:
        """Best cosine (n, k) with `cores` (k, 4, CORE), and its place (n, k): offset + REACH, + 2 REACH + 1 if turned."""
        both = np.concatenate([_unit(cores), _unit(cores[:, ::-1, ::-1])]).T  # (84, 2k)
        k = len(cores)
        score = np.empty((len(self), k), np.float32)
        place = np.empty((len(self), k), np.int16)
        block = max(1, 20_000_000 // (both.shape[1] * (2 * REACH + 1)))
        for i in range(0, len(self), block):
            part = self.values[i : i + block]
            values = (part.reshape(-1, 4 * CORE) @ both).reshape(len(part), 2 * REACH + 1, 2, k)
            values = values.transpose(0, 2, 1, 3).reshape(len(part), -1, k)
            place[i : i + block] = values.argmax(axis=1)
            score[i : i + block] = values.max(axis=1)
        return score, place


def _unit(cores: np.ndarray) -> np.ndarray:
    flat = cores.reshape(len(cores), -1)
    norm = np.linalg.norm(flat, axis=1, keepdims=True)
    return (flat / np.where(norm > 0, norm, 1)).astype(np.float32)


def _decoys(contributions: np.ndarray, random: np.random.Generator) -> np.ndarray:
    value = contributions.sum(axis=1)
    used = np.abs(contributions).sum(axis=(0, 2))
    used = np.array([(np.abs(contributions[:, b]) > 0).sum() for b in range(4)], dtype=float)
    share = (used + used[::-1]) / (2 * used.sum()) if used.sum() else np.full(4, 0.25)
    letters = random.choice(4, size=value.shape, p=share)
    return value[:, None] * (letters[:, None] == np.arange(4)[:, None])


def _threshold(targets: np.ndarray, decoys: np.ndarray) -> float:
    """Smallest score at which at most MAX_Q of the targets as good are explained by decoys."""
    t = np.sort(targets)[::-1]
    d = np.sort(decoys)
    above = len(d) - np.searchsorted(d, t, side="left")
    good = np.flatnonzero((above + 1) / np.arange(1, len(t) + 1) <= MAX_Q)
    return float(t[good[-1]]) if len(good) else np.inf


def group(contributions: np.ndarray, *, seed: int = 1) -> list[Frame]:
    random = np.random.default_rng(seed)
    n, _, width = contributions.shape
    if width < CORE + 2 * REACH:
        raise ValueError
    data = Data(contributions, Stretches.of(contributions), Stretches.of(_decoys(contributions, random)), random.random(n) < 0.5)
    free = np.ones(n, dtype=bool)
    cores = []
    while free.sum() >= MIN_SUPPORT and len(cores) < MAX_GROUPS:
        new = _peel(data, free, random)
        if not new:
            break
        cores += new
    return _assigned(data, cores)


@dataclass(frozen=True)
class Data:
    contributions: np.ndarray
    stretches: Stretches
    decoys: Stretches
    half: np.ndarray


def _peel(data, free, random):
    rows = np.flatnonzero(free)
    seeds = random.choice(rows, min(SEEDS, len(rows)), replace=False)
    others = random.choice(rows, min(OTHERS, len(rows)), replace=False)
    mid = data.contributions.shape[2] // 2
    seed_cores = data.contributions[seeds][:, :, mid - CORE // 2 : mid + CORE // 2 + 1]
    targets = data.stretches.take(others).best(seed_cores)[0]
    targets[others[:, None] == seeds] = -1
    decoys = data.decoys.take(others).best(seed_cores)[0]
    limits = np.array([_threshold(targets[:, i], decoys[:, i]) for i in range(len(seeds))])
    near = targets >= limits
    found = []
    tried = np.zeros(len(seeds), bool)
    while True:
        counts = np.where(free[seeds] & ~tried, (near & free[others][:, None]).sum(axis=0), 0)
        i = counts.argmax()
        if counts[i] < 5:
            return found
        tried[i] = True
        members, place, core = _refined(data, np.repeat(seed_cores[i][None], 2, 0), free)
        if len(members) >= MIN_SUPPORT:
            found += _kinds(data, members, place)
            free[members] = False


def _kinds(data, members, place):
    reads = _frame(data, members, place, CORE).read(data.contributions)
    kept = []
    for rows in split(reads):
        core = _cores(data, members[rows], place[rows])
        cwm = core.mean(axis=0)
        if all(alignment(other.mean(axis=0), cwm)[0] < DISTINCT for other in kept):
            kept.append(core)
    return kept


def _refined(data, cores, free):
    rows = np.flatnonzero(free)
    before = None
    stretches, decoys, half = data.stretches.take(rows), data.decoys.take(rows), data.half[rows]
    for _ in range(ROUNDS):
        score, place = _crossed(stretches, cores[:, None], half)
        dscore, _ = _crossed(decoys, cores[:, None], half)
        limit = _threshold(score[:, 0], dscore[:, 0])
        inside = score[:, 0] >= limit
        members, at = rows[inside], place[inside, 0]
        if min(data.half[members].sum(), (~data.half[members]).sum()) < 2:
            return members[:0], at[:0], cores
        cores = _cores(data, members, at)
        if before is not None and len(before) == len(members) and (before == members).all():
            break
        before = members
    return members, at, cores


def _crossed(stretches, cores, half):
    """cores (2, k, 4, CORE), made of half 0 and half 1."""
    k = cores.shape[1]
    score = np.empty((len(half), k), np.float32)
    place = np.empty((len(half), k), np.int16)
    for h in (False, True):
        score[half == h], place[half == h] = stretches.take(half == h).best(cores[int(not h)])
    return score, place


def _frame(data, members, at, width):
    offset = at % (2 * REACH + 1) - REACH
    return Frame(members, data.contributions.shape[2] // 2 + offset - width // 2, at > 2 * REACH, width)


def _cores(data, members, at):
    """Means of the members of each half, at the CORE columns that carry the most."""
    wide = CORE + 2 * REACH
    reads = _frame(data, members, at, wide).read(data.contributions)
    norm = np.linalg.norm(reads[:, :, REACH:-REACH], axis=(1, 2), keepdims=True)
    reads = reads / np.where(norm > 0, norm, 1)
    energy = np.square(reads.mean(axis=0)).sum(axis=0)
    left = int(np.convolve(energy, np.ones(CORE), mode="valid").argmax())
    half = data.half[members]
    return np.stack([reads[half == h].mean(axis=0)[:, left : left + CORE] for h in (False, True)])


def _assigned(data, cores):
    for r in range(4):
        if not cores:
            return []
        score, place = _crossed(data.stretches, np.stack(cores, axis=1), data.half)
        dscore, _ = _crossed(data.decoys, np.stack(cores, axis=1), data.half)
        best, dbest = score.argmax(axis=1), dscore.argmax(axis=1)
        groups = []
        for k in range(len(cores)):
            mine = np.flatnonzero(best == k)
            limit = _threshold(score[mine, k], dscore[dbest == k, k])
            members = mine[score[mine, k] >= limit]
            if min(data.half[members].sum(), (~data.half[members]).sum()) < 2 or len(members) < MIN_SUPPORT:
                continue
            groups.append((members, place[members, k]))
        cores = [_cores(data, *g) for g in groups]
    groups.sort(key=lambda g: -len(g[0]))
    return [_frame(data, *g, WIDTH) for g in groups]
