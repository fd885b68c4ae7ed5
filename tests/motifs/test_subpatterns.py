"""Subpatterns: two kinds are told apart, one kind never is, however few or many reads there are."""

from __future__ import annotations

import numpy as np
import pytest
from planted import encode

from lrpgen.motifs.subpatterns import MIN_SUPPORT, split

A, G = "GATTACAGCC", "TTGACTCAAG"


def reads(site: str, n: int, random: np.random.Generator, loyalty: float = 0.85, noise: float = 0.1) -> np.ndarray:
    """(n, 4, 30) contributions: letters of `site` from column 5 on, each kept with chance `loyalty`, else another;
    the rest random letters with little contribution. Reads differ in strength."""
    letters = random.integers(4, size=(n, 30))
    height = random.normal(0, noise, (n, 30))
    for i, base in enumerate(site, start=5):
        if base != "N":
            other = random.integers(4, size=n)
            letters[:, i] = np.where(random.random(n) < loyalty, "ACGT".index(base), other)
            height[:, i] += np.where(letters[:, i] == "ACGT".index(base), 1.0, -0.3)
    height *= random.uniform(0.5, 2, (n, 1))
    return height[:, None] * (letters[:, None] == np.arange(4)[:, None])


KINDS = {
    "spacing": (f"{A[:6]}NN{G[:6]}", f"{A[:6]}NNNNN{G[:6]}"),
    "with and without a neighbour": (f"{A}NN{G[:8]}", A),
    "another core": ("GATTACAGCC", "GATGGTAGCC"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [100, 500, 4000])
def test_two_kinds_are_told_apart(kind: str, n: int) -> None:
    random = np.random.default_rng(n)
    major, minor = KINDS[kind]
    mixed = np.concatenate([reads(major, n * 6 // 10, random), reads(minor, n * 4 // 10, random)])
    order = random.permutation(n)
    found = split(mixed[order])
    assert len(found) == 2
    assert len(found[0]) > len(found[1])
    right = sum(np.sum((order[rows] < n * 6 // 10) == first) for rows, first in zip(found, (True, False), strict=True))
    assert right >= 0.95 * n
    assert (np.sort(np.concatenate(found)) == np.arange(n)).all()
    assert all((a == b).all() for a, b in zip(found, split(mixed[order]), strict=True))


def test_three_kinds() -> None:
    random = np.random.default_rng(5)
    sites = (f"{A[:6]}{G[:6]}", f"{A[:6]}NN{G[:6]}", f"{A[:6]}NNNNN{G[:6]}")
    found = split(np.concatenate([reads(site, n, random) for site, n in zip(sites, (300, 200, 100), strict=True)]))
    assert [len(rows) for rows in found] == pytest.approx([300, 200, 100], abs=12)


@pytest.mark.parametrize("loyalty", [0.5, 0.75, 1.0])
def test_one_kind_is_not_split(loyalty: float) -> None:
    """Weak and strong reads, and columns of mixed letters, are still one pattern."""
    for seed in range(10):
        random = np.random.default_rng(seed)
        n = (60, 600)[seed % 2]
        assert [len(rows) for rows in split(reads(A, n, random, loyalty), seed=seed)] == [n]


def test_one_column_alone_is_no_subpattern() -> None:
    random = np.random.default_rng(2)
    both = np.concatenate([reads("GATTACAGCC", 300, random), reads("GATTCCAGCC", 200, random)])
    assert len(split(both)) == 1


def test_noise_is_not_split() -> None:
    for seed in range(10):
        assert len(split(reads("", (50, 500)[seed % 2], np.random.default_rng(seed), noise=1.0), seed=seed)) == 1


def test_a_kind_of_too_few_stays() -> None:
    random = np.random.default_rng(4)
    few = np.concatenate([reads(A, 200, random), reads(G, MIN_SUPPORT - 5, random)])
    assert [len(rows) for rows in split(few)] == [len(few)]
    assert [len(rows) for rows in split(few, min_support=5)] == [200, MIN_SUPPORT - 5]


@pytest.mark.parametrize("n", [0, 1, 19, 60])
def test_nothing_to_tell_apart(n: int) -> None:
    for values in (np.zeros((n, 4, 8)), np.repeat(encode("GATTACAG")[None], n, axis=0)):
        assert [rows.tolist() for rows in split(values)] == [list(range(n))]


def test_the_sign_does_not_matter() -> None:
    random = np.random.default_rng(6)
    mixed = np.concatenate([reads(site, n, random) for site, n in zip(KINDS["spacing"], (90, 60), strict=True)])
    assert all((a == b).all() for a, b in zip(split(mixed), split(-mixed), strict=True))
