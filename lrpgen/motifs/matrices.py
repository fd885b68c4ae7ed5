"""Matrices of a pattern: counts, probabilities, information, trimming, consensus. All are (4, W), rows A C G T."""

from __future__ import annotations

import numpy as np

CWM_SHARE = 0.2  # a column carries relevance from this share of the strongest column's |CWM| on
MIN_BITS = 0.25  # a column carries information from this much on, beyond what so few seqlets show by chance
GAP = 2  # columns without information that may lie inside a pattern
PSEUDOCOUNT = 0.5  # spread over the bases by the background, for information only; matrices stay plain counts

IUPAC = {
    "A": "A", "C": "C", "G": "G", "T": "T", "AG": "R", "CT": "Y", "CG": "S", "AT": "W", "GT": "K", "AC": "M",
}  # fmt: skip


def shares(counts: np.ndarray) -> np.ndarray:
    """Base frequencies (4,) of `counts` (4,), with one added to each."""
    return (counts + 1.0) / (counts + 1.0).sum()


def probabilities(pfm: np.ndarray, background: np.ndarray) -> np.ndarray:
    """PPM of counts `pfm`: each column sums to 1; a column without counts is the background."""
    total = pfm.sum(axis=0)
    return np.where(total > 0, pfm / np.maximum(total, 1), background[:, None])


def information(pfm: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Bits per column (W,): relative entropy to the background, counts smoothed by PSEUDOCOUNT."""
    smooth = pfm + PSEUDOCOUNT * background[:, None]
    ppm = smooth / smooth.sum(axis=0)
    return np.maximum((ppm * np.log2(ppm / background[:, None])).sum(axis=0), 0)


def trim_bounds(pfm: np.ndarray, cwm: np.ndarray, background: np.ndarray) -> tuple[int, int]:
    """First and past-last column of the pattern; the whole width when nothing stands out.

    From the columns that carry relevance it grows outwards over columns that carry information, across up to GAP
    that do not: relevance alone would cut weak but long parts (a polypyrimidine tract).
    """
    strength = np.abs(cwm).sum(axis=0)
    strong = np.flatnonzero((strength >= CWM_SHARE * strength.max()) & (strength > 0))
    if not len(strong):
        return 0, pfm.shape[1]
    left, right = int(strong[0]), int(strong[-1]) + 1
    informative = np.flatnonzero(bits_beyond_chance(pfm, background) >= MIN_BITS)
    for column in informative[::-1]:
        if left - GAP - 1 <= column < left:
            left = int(column)
    for column in informative:
        if right <= column <= right + GAP:
            right = int(column) + 1
    return left, right


def bits_beyond_chance(pfm: np.ndarray, background: np.ndarray) -> np.ndarray:
    """`information` less what so few sites show on average, (4 - 1) / (2 ln 2 sites) bits, not below zero."""
    sites = np.maximum(pfm.sum(axis=0), 1)
    return np.maximum(information(pfm, background) - 3 / (2 * np.log(2) * sites), 0)


def best_bits(pfm: np.ndarray, background: np.ndarray, columns: int) -> float:
    """Most `bits_beyond_chance` in any `columns` neighbouring columns."""
    bits = bits_beyond_chance(pfm, background)
    return float(np.convolve(bits, np.ones(min(columns, len(bits)))).max()) if len(bits) else 0.0


def consensus(ppm: np.ndarray) -> str:
    """IUPAC consensus by Cavener's rule (1987).

    One base above 50 % and twice the next, else two bases that make up more than 75 %, else N.
    """
    letters = []
    for column in ppm.T:
        first, second = np.argsort(-column, kind="stable")[:2]
        if column[first] > 0.5 and column[first] >= 2 * column[second]:
            letters.append("ACGT"[first])
        elif column[first] + column[second] > 0.75:
            letters.append(IUPAC["".join(sorted("ACGT"[i] for i in (first, second)))])
        else:
            letters.append("N")
    return "".join(letters)
