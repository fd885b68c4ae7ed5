"""The built-in grouping of seqlets: no compiled kernels and no graph library, in seconds where others take minutes.

Ours, from well-known parts. A group is a mean core that seqlets of *both* halves of the data fit better than chance:
1. Decoys: each seqlet once more with its contributions where they are and its letters drawn at random. How many decoys
   fit a core as well as a seqlet does says what share of a group is chance; a group goes down to MAX_Q.
2. Peel: among some seqlets as seeds, the one most others look like gathers its group (mean shift: gather, realign,
   average, again), the group is set aside, and so on.
3. Crossed: the mean of one half of a group judges the other half, so that no seqlet is judged by a mean it is in.
   Seqlets that share nothing would otherwise fit their own mean.
4. Similar motifs are gathered together: `split` parts a group whose columns go together.
5. Compete: every seqlet to the core it fits best. What no core has is peeled again, until nothing comes.
Against known truth, beside modisco-lite: benchmarks/motif_groups.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .frames import Frame, alignment
from .subpatterns import MIN_SUPPORT, split

CORE = 21  # columns compared, odd: most known motifs are narrower, and noise beside a short one counts against it
REACH = 10  # bases a seqlet's centre may lie off its motif's, as seqlets are called on 25 bases at most
WIDTH = 41  # columns of a frame, as of modisco-lite's
MAX_Q = 0.1  # share of a group that may be chance: `patterns` trims and asks for bits, which this much cannot hide
SAME = 0.95  # cosine of two cores, or of two CWMs in `patterns` and `merge`, from which they are one
SEEDS, OTHERS = 1000, 5000  # looked at per round of peeling: 50 seqlets of 20,000 are still 2 of the seeds
ROUNDS = 10  # of gathering, which settles in about five
CONTESTS = 4  # rounds of competition; few seqlets change sides after the second
PEELINGS = 20  # each finds all it can, so that few are needed
PLACES = 2 * REACH + 1
BLOCK = 20_000_000  # cosines held at once (80 MB)


@dataclass(frozen=True)
class Group:
    """Seqlets (n,) and where the core lies on each (n,): offset + REACH, and PLACES more where turned."""

    rows: np.ndarray
    place: np.ndarray


class Seqlets:
    """The seqlets and their decoys, laid out so that a dot product with a core is a cosine, in two halves."""

    def __init__(self, contributions: np.ndarray, random: np.random.Generator) -> None:
        self.middle = contributions.shape[2] // 2
        self.contributions = contributions
        self.real = _stretches(contributions, self.middle)
        self.decoys = _stretches(_decoys(contributions, random), self.middle)
        self.half = random.permutation(len(contributions)) % 2

    def frame(self, group: Group, width: int) -> Frame:
        """`width` (odd) columns around the group's core."""
        offset = group.place % PLACES - REACH
        return Frame(group.rows, self.middle + offset - width // 2, group.place >= PLACES, width)

    def both_halves(self, rows: np.ndarray) -> bool:
        """Whether two seqlets at least lie in each half."""
        return min(np.bincount(self.half[rows], minlength=2)) >= 2

    def cores(self, group: Group) -> np.ndarray:
        """Means (2, 4, CORE) of the group's seqlets in each half, over the columns that carry most."""
        reads = self.frame(group, CORE + 2 * REACH).read(self.contributions)
        norm = np.linalg.norm(reads[:, :, REACH:-REACH], axis=(1, 2), keepdims=True)
        reads = reads / np.where(norm > 0, norm, 1)
        weight = np.square(reads.mean(axis=0)).sum(axis=0)
        left = int(np.convolve(weight, np.ones(CORE), mode="valid").argmax())
        half = self.half[group.rows]
        return np.stack([reads[half == h].mean(axis=0)[:, left : left + CORE] for h in (0, 1)])

    def crossed(self, stretches: np.ndarray, cores: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Best cosines and places (len(rows), k) with `cores` (k, 2, 4, CORE), each row by the other half's mean."""
        score = np.empty((len(rows), len(cores)), np.float32)
        place = np.empty((len(rows), len(cores)), np.int16)
        for h in (0, 1):
            mine = self.half[rows] == h
            score[mine], place[mine] = _best(stretches, rows[mine], cores[:, 1 - h])
        return score, place


def group(contributions: np.ndarray, *, seed: int = 1) -> list[Frame]:
    """Groups of seqlets that look alike: frames of WIDTH columns on `contributions`, most seqlets first.

    `contributions` (n, 4, W): one seqlet of one sign per row, times the sign or not (it does not matter), its centre
    at column W // 2; the other columns may hold anything. No seqlet is in two groups; many may be in none. A frame
    may reach past the columns. Fewer than MIN_SUPPORT seqlets, or all zeros, are no group. Deterministic for a `seed`.
    20,000 seqlets take about 1 GB. Source: Ours (see above).
    """
    random = np.random.default_rng(seed)
    seqlets = Seqlets(contributions.astype(np.float32, copy=False), random)
    free = np.asarray(contributions.any(axis=(1, 2)))
    cores: list[np.ndarray] = []
    groups: list[Group] = []
    for _ in range(PEELINGS):
        new = _peeled(seqlets, np.flatnonzero(free), random)
        if not new:
            break
        groups = _contested(seqlets, [*cores, *new])
        cores = [seqlets.cores(members) for members in groups]
        for members in groups:
            free[members.rows] = False
    return [seqlets.frame(members, WIDTH) for members in sorted(groups, key=lambda g: -len(g.rows))]


def _peeled(seqlets: Seqlets, rows: np.ndarray, random: np.random.Generator) -> list[np.ndarray]:
    """Cores of the groups among `rows` that this draw of seeds leads to."""
    if len(rows) < MIN_SUPPORT:
        return []
    seeds = random.choice(rows, min(SEEDS, len(rows)), replace=False)
    others = random.choice(rows, min(OTHERS, len(rows)), replace=False)
    around = Group(seeds, np.full(len(seeds), REACH))
    seed_cores = seqlets.frame(around, CORE).read(seqlets.contributions)
    scores = _best(seqlets.real, others, seed_cores)[0]
    scores[others[:, None] == seeds] = -1  # nobody is their own neighbour
    chance = _best(seqlets.decoys, others, seed_cores)[0]
    near = scores >= [_limit(a, b) for a, b in zip(scores.T, chance.T, strict=True)]
    cores: list[np.ndarray] = []
    free, untried = np.isin(np.arange(len(seqlets.half)), rows), np.ones(len(seeds), dtype=bool)
    while True:
        neighbours = np.where(free[seeds] & untried, near[free[others]].sum(axis=0), 0)
        first = int(neighbours.argmax())
        if neighbours[first] < 1 / MAX_Q:  # so few cannot be told from chance
            return cores
        untried[first] = False
        members = _gathered(seqlets, np.stack([seed_cores[first]] * 2), np.flatnonzero(free))
        if len(members.rows) >= MIN_SUPPORT:
            cores += _kinds(seqlets, members)
            free[members.rows] = False


def _gathered(seqlets: Seqlets, cores: np.ndarray, rows: np.ndarray) -> Group:
    """Those of `rows` that fit a core better than chance, the core moved to their mean until they stay the same."""
    members = Group(rows[:0], rows[:0])
    for _ in range(ROUNDS):
        score, place = seqlets.crossed(seqlets.real, cores[None], rows)
        inside = score[:, 0] >= _limit(score[:, 0], seqlets.crossed(seqlets.decoys, cores[None], rows)[0][:, 0])
        before, members = members, Group(rows[inside], place[inside, 0])
        if not seqlets.both_halves(members.rows):
            return Group(rows[:0], rows[:0])
        if np.array_equal(before.rows, members.rows):
            break
        cores = seqlets.cores(members)
    return members


def _kinds(seqlets: Seqlets, members: Group) -> list[np.ndarray]:
    """Cores of the kinds of seqlets in a group."""
    parts = split(seqlets.frame(members, CORE).read(seqlets.contributions))
    kinds = [Group(members.rows[rows], members.place[rows]) for rows in parts]
    return [seqlets.cores(kind) for kind in kinds if seqlets.both_halves(kind.rows)]


def _distinct(cores: list[np.ndarray]) -> list[np.ndarray]:
    """The cores without those that an earlier one is the SAME as, either way round."""
    kept: list[np.ndarray] = []
    for core in cores:
        if all(alignment(other.mean(axis=0), core.mean(axis=0))[0] < SAME for other in kept):
            kept.append(core)
    return kept


def _contested(seqlets: Seqlets, cores: list[np.ndarray]) -> list[Group]:
    """Every seqlet with the core it fits best, if it does so better than chance; groups of MIN_SUPPORT at least."""
    rows = np.arange(len(seqlets.half))
    groups: list[Group] = []
    for _ in range(CONTESTS):
        if not (cores := _distinct(cores)):
            return []
        score, place = seqlets.crossed(seqlets.real, np.stack(cores), rows)
        chance = seqlets.crossed(seqlets.decoys, np.stack(cores), rows)[0]
        winner, winner_by_chance = score.argmax(axis=1), chance.argmax(axis=1)
        groups = []
        for k in range(len(cores)):
            limit = _limit(score[winner == k, k], chance[winner_by_chance == k, k])
            mine = np.flatnonzero((winner == k) & (score[:, k] >= limit))
            if len(mine) >= MIN_SUPPORT and seqlets.both_halves(mine):
                groups.append(Group(mine, place[mine, k]))
        cores = [seqlets.cores(members) for members in groups]
    return groups


def _limit(scores: np.ndarray, chance: np.ndarray) -> float:
    """The lowest of `scores` above which the decoys' `chance` are at most MAX_Q as many; infinity if there is none.

    Paper: target-decoy estimate, (decoys + 1) / targets (He et al. 2015).
    """
    falling = np.sort(scores)[::-1]
    decoys = len(chance) - np.searchsorted(np.sort(chance), falling, side="left")
    good = np.flatnonzero(decoys + 1 <= MAX_Q * np.arange(1, len(falling) + 1))
    return float(falling[good[-1]]) if len(good) else np.inf


def _decoys(contributions: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Each column's contribution on a random letter, as frequent as among the seqlets' letters of both strands."""
    used = np.count_nonzero(contributions, axis=(0, 2)) + 1
    letters = random.choice(4, size=contributions.sum(axis=1).shape, p=(used + used[::-1]) / (2 * used.sum()))
    return contributions.sum(axis=1, keepdims=True) * (letters[:, None] == np.arange(4)[:, None])


def _stretches(contributions: np.ndarray, middle: int) -> np.ndarray:
    """(n, PLACES, 4 CORE) float32: the CORE columns at every offset from the centre, each scaled to length 1 at most.

    A stretch weaker than the seqlet's centre stays so: what lies beside the seqlet is no match for it.
    """
    everyone = Group(np.arange(len(contributions)), np.full(len(contributions), REACH))
    width = CORE + 2 * REACH
    start = np.full(len(contributions), middle - width // 2)
    wide = Frame(everyone.rows, start, np.zeros(len(contributions), dtype=bool), width).read(contributions)
    slid = np.lib.stride_tricks.sliding_window_view(wide, CORE, axis=2).transpose(0, 2, 1, 3)
    values = slid.reshape(len(wide), PLACES, 4 * CORE).astype(np.float32)
    norm = np.linalg.norm(values, axis=2, keepdims=True)
    norm = np.maximum(norm, norm[:, REACH : REACH + 1])
    values /= np.where(norm > 0, norm, 1)
    return values


def _best(stretches: np.ndarray, rows: np.ndarray, cores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Best cosine of each of `rows` with each of `cores` (k, 4, CORE), either way round: (len(rows), k), and place."""
    both = np.concatenate([cores, cores[:, ::-1, ::-1]]).reshape(2 * len(cores), -1)
    norm = np.linalg.norm(both, axis=1, keepdims=True)
    both = (both / np.where(norm > 0, norm, 1)).T.astype(np.float32)
    score = np.empty((len(rows), len(cores)), np.float32)
    place = np.empty((len(rows), len(cores)), np.int16)
    step = max(1, BLOCK // (both.shape[1] * PLACES))
    for first in range(0, len(rows), step):
        part = stretches[rows[first : first + step]]
        values = (part.reshape(-1, 4 * CORE) @ both).reshape(len(part), PLACES, 2, len(cores))
        values = values.transpose(0, 2, 1, 3).reshape(len(part), 2 * PLACES, len(cores))
        place[first : first + step] = values.argmax(axis=1)
        score[first : first + step] = values.max(axis=1)
    return score, place
