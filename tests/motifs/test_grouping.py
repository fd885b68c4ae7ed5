"""Grouping: planted motifs come out at their places, on both strands, at any sparsity; what shares nothing does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from planted import encode, reverse_complement

from lrpgen.motifs.frames import Frame
from lrpgen.motifs.grouping import REACH, WIDTH, group

SITES = ("GATTACAGCC", "CCTTGGAGTT", "TGCSTAANNGGC", "RCGTGACW")  # none looks like another
SPAN = 97
LETTERS = {"N": "ACGT", "S": "CG", "R": "AG", "W": "AT"}


@dataclass
class Planted:
    """contributions (n, 4, SPAN); kind (n,) index of the site or -1; start (n,) and reverse (n,) of the site."""

    contributions: np.ndarray
    kind: np.ndarray
    start: np.ndarray
    reverse: np.ndarray


def plant(sites: tuple[str, ...], sizes: list[int], noise: int, zeros: float, seed: int, reach: int = 8) -> Planted:
    """Sites up to `reach` off the centre, a tenth of their letters random; some have another site 30 bases away.
    Seqlets of no site have ten random letters as strong as a site's."""
    random = np.random.default_rng(seed)
    kind = random.permutation(np.repeat([-1, *range(len(sites))], [noise, *sizes]))
    n = len(kind)
    letters = random.choice(list("ACGT"), size=(n, SPAN))
    height = random.normal(0, 0.05, (n, SPAN))
    start, reverse = np.zeros(n, dtype=int), random.random(n) < 0.5

    def write(i: int, site: str, left: int, turned: bool) -> None:
        word = "".join(random.choice(list("ACGT" if random.random() < 0.1 else LETTERS.get(b, b))) for b in site)
        letters[i, left : left + len(site)] = list(reverse_complement(word) if turned else word)
        weight = np.array([0.1 if b == "N" else 1.0 for b in site])
        height[i, left : left + len(site)] = random.normal(1, 0.1, len(site)) * (weight[::-1] if turned else weight)

    for i, k in enumerate(kind):
        length = len(sites[k]) if k >= 0 else 10
        start[i] = SPAN // 2 - length // 2 + random.integers(-reach, reach + 1)
        if k >= 0:
            write(i, sites[k], start[i], bool(reverse[i]))
        else:
            height[i, start[i] : start[i] + length] = random.normal(1, 0.1, length)
        if sites and random.random() < 0.3:
            write(i, sites[random.integers(len(sites))], start[i] + 30, bool(random.random() < 0.5))
        height[i] *= random.uniform(0.5, 2)
    if zeros:
        height[np.abs(height) <= np.quantile(np.abs(height), zeros)] = 0
    onehot = np.stack([encode("".join(row)) for row in letters])
    return Planted((onehot * height[:, None]).astype(np.float32), kind, start, reverse)


def check(data: Planted, sizes: list[int], frames: list[Frame], recall: float) -> None:
    """One frame per site, at least a share `recall` of its seqlets in it and few others, aligned to the base and strand."""
    kinds = [np.bincount(data.kind[frame.window] + 1, minlength=len(sizes) + 1) for frame in frames]
    assert sorted(int(counts.argmax()) - 1 for counts in kinds) == list(range(len(sizes)))
    for frame, counts in zip(frames, kinds, strict=True):
        most = int(counts.argmax()) - 1
        assert counts[most + 1] >= recall * sizes[most]
        assert counts[most + 1] >= 0.85 * len(frame)
        assert len(set(frame.window.tolist())) == len(frame)
        mine = data.kind[frame.window] == most
        turned = frame.reverse[mine] ^ data.reverse[frame.window[mine]]
        left = data.start[frame.window[mine]] - frame.start[mine]
        length = len(SITES[most])
        place = np.where(frame.reverse[mine], WIDTH - left - length, left)
        assert max(np.mean(turned), np.mean(~turned)) >= 0.97
        assert np.mean(place == np.bincount(place[place >= 0]).argmax()) >= 0.95
        assert frame.width == WIDTH


@pytest.mark.parametrize("zeros", [0.0, 0.5, 0.87, 0.95])
def test_planted_sites_are_the_groups(zeros: float) -> None:
    sizes = [120, 90, 70, 50]
    data = plant(SITES, sizes, 200, zeros, seed=3)
    frames = group(data.contributions)
    # Sites with two changed letters look like chance; at 95 % zeros half of the sites' bases are gone with the rest.
    check(data, sizes, frames, recall=0.7 if zeros < 0.9 else 0.3)
    assert [len(frame) for frame in frames] == sorted((len(frame) for frame in frames), reverse=True)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_rare_motif_among_many(seed: int) -> None:
    sizes = [1000, 50]
    data = plant(SITES[:2], sizes, 3950, 0.87, seed)
    check(data, sizes, group(data.contributions, seed=seed), recall=0.5)


@pytest.mark.parametrize("seed", range(5))
def test_what_shares_nothing_is_no_group(seed: int) -> None:
    data = plant((), [], 600, (0.0, 0.87)[seed % 2], seed)
    assert group(data.contributions, seed=seed) == []


def test_similar_motifs_stay_two() -> None:
    sites = ("GATTACAGCC", "GATTACTCAC")
    data = plant(sites, [200, 150], 100, 0.87, seed=4)
    frames = group(data.contributions)[:2]  # seqlets changed where the two differ may be a small third
    kinds = [np.bincount(data.kind[frame.window] + 1, minlength=3) for frame in frames]
    assert sorted(int(counts.argmax()) - 1 for counts in kinds) == [0, 1]
    assert all(counts.max() >= 0.9 * counts.sum() for counts in kinds)


def test_the_sign_does_not_matter_and_a_seed_repeats() -> None:
    data = plant(SITES[:2], [80, 60], 60, 0.9, seed=6)
    frames = [group(values, seed=3) for values in (data.contributions, data.contributions, -data.contributions)]
    for other in frames[1:]:
        assert len(other) == len(frames[0]) == 2
        for a, b in zip(frames[0], other, strict=True):
            assert (a.window == b.window).all()
            assert (a.start == b.start).all()
            assert (a.reverse == b.reverse).all()


@pytest.mark.parametrize("n", [0, 1, 19, 200])
def test_nothing_to_group(n: int) -> None:
    assert group(np.zeros((n, 4, SPAN), dtype=np.float32)) == []


def test_short_windows_are_filled_with_nothing() -> None:
    """Windows narrower than what is compared: the columns past their ends count as zeros."""
    data = plant(SITES[:1], [60], 0, 0.9, seed=7, reach=REACH // 2)
    [frame] = group(data.contributions[:, :, SPAN // 2 - 12 : SPAN // 2 + 13])
    assert len(frame) >= 40
    left = data.start[frame.window] - (SPAN // 2 - 12) - frame.start
    assert len(set(np.where(frame.reverse, WIDTH - left - len(SITES[0]), left).tolist())) == 1
