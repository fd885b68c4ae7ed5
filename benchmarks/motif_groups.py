"""Grouping of seqlets against known truth, the built-in grouping beside modisco-lite's: `python benchmarks/motif_groups.py`.

Seqlets are drawn from JASPAR matrices (both strands, off centre, some with a second motif beside them, noise between),
so that every cluster can be scored. Needs the extra `motifs`. Prints one row per setting, seed and method.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lrpgen.motifs.cutouts import REACH, Cutouts
from lrpgen.motifs.frames import Frame
from lrpgen.motifs.matrixfile import open_jaspar, read_jaspar
from lrpgen.motifs.names import heights
from lrpgen.motifs.patterns import find_patterns

WIDTH = 2 * REACH + 1
ALIKE = ("MA0079.5", "MA1516.2", "MA0039.5", "MA0598.4", "MA0645.2", "MA0474.4")  # SP/KLF and ETS families
LOW = 9.0  # bits in all: a low-information matrix


@dataclass(frozen=True)
class Truth:
    """contributions, hypothetical, onehot (n, 4, WIDTH); label (n,): which motif, -1 none."""

    onehot: np.ndarray
    contributions: np.ndarray
    hypothetical: np.ndarray
    label: np.ndarray


def simulate(ppms: list[np.ndarray], sizes: list[int], noise: int, zeros: float, seed: int) -> Truth:
    """`sizes[k]` seqlets of `ppms[k]` and `noise` seqlets of nothing; a share of `zeros` of the bases is exactly zero.

    A base of a motif has its log odds (not below -2 bits) as hypothetical contribution, times the seqlet's strength;
    a seqlet of nothing has as strong a run of 5 to 15 random bases. One in five has another motif in its flank.
    """
    random = np.random.default_rng(seed)
    label = random.permutation(np.repeat([-1, *range(len(ppms))], [noise, *sizes]))
    n = len(label)
    letters = random.integers(4, size=(n, WIDTH))
    hypothetical = random.normal(0, 0.15, (n, 4, WIDTH))
    for i, kind in enumerate(label):
        centre = WIDTH // 2 + int(random.integers(-6, 7))
        strength = np.exp(random.normal(0, 0.3))
        if kind < 0:
            width = int(random.integers(5, 16))
            at = slice(centre - width // 2, centre - width // 2 + width)
            height = random.gamma(2, 0.6, width) * strength
            hypothetical[i, :, at] += np.where(np.eye(4)[letters[i, at]].T == 1, height, -height / 3)
        else:
            _plant(hypothetical[i], letters[i], ppms[kind], centre, strength, random)
        if ppms and random.random() < 0.2:
            side = int(random.choice([-1, 1])) * int(random.integers(26, 36))
            _plant(hypothetical[i], letters[i], ppms[random.integers(len(ppms))], centre + side, strength, random)
    onehot = (letters[:, None] == np.arange(4)[:, None]).astype(np.int8)
    contributions = onehot * hypothetical
    cut = np.quantile(np.abs(contributions).sum(axis=1), zeros) if zeros else -1.0
    kept = np.abs(contributions).sum(axis=1, keepdims=True) > cut
    return Truth(onehot, (contributions * kept).astype("f4"), (hypothetical * kept).astype("f4"), label)


def _plant(
    hypothetical: np.ndarray,
    letters: np.ndarray,
    ppm: np.ndarray,
    centre: int,
    strength: float,
    random: np.random.Generator,
) -> None:
    if random.random() < 0.5:
        ppm = ppm[::-1, ::-1]
    width = ppm.shape[1]
    start = min(max(centre - width // 2, 0), WIDTH - width)
    at = slice(start, start + width)
    letters[at] = (ppm.cumsum(axis=0) < random.random(width)).sum(axis=0).clip(0, 3)
    hypothetical[:, at] += (
        np.maximum(np.log2(np.maximum(ppm, 1e-3) / 0.25), -2) * strength * (1 + random.normal(0, 0.2, width))
    )


def places(truth: Truth, method: str, seed: int) -> list[Frame]:
    """The places of the patterns found, each seqlet a window of its own."""
    n = len(truth.label)
    arrays = (truth.onehot, truth.contributions, truth.hypothetical)
    cutouts = Cutouts(*arrays, np.arange(n), np.zeros(n, dtype=int), WIDTH, np.full(4, 0.25))
    return [pattern.frame for pattern in find_patterns(cutouts, "+", grouping=method, seed=seed)[0]]


def score(frames: list[Frame], truth: Truth, motifs: int) -> dict[str, float]:
    """recovered: motifs that are most of a group; recall: share of motif seqlets in a group of their motif; purity:
    share of grouped seqlets that are of their group's motif; spurious: groups of noise; double: further groups of a motif."""
    winners, right, grouped = [], 0, 0
    for frame in frames:
        counts = np.bincount(truth.label[np.unique(frame.window)] + 1, minlength=motifs + 1)
        winners.append(int(counts.argmax()) - 1)
        right += int(counts[winners[-1] + 1]) if winners[-1] >= 0 else 0
        grouped += int(counts.sum())
    found = set(winners) - {-1}
    return {
        "groups": len(frames),
        "recovered": len(found),
        "recall": round(right / max(int((truth.label >= 0).sum()), 1), 3),
        "purity": round(right / max(grouped, 1), 3),
        "spurious": winners.count(-1),
        "double": len(winners) - winners.count(-1) - len(found),
    }


def settings(library: dict[str, np.ndarray], random: np.random.Generator) -> dict[str, tuple[Any, ...]]:
    """(matrices, seqlets of each, seqlets of nothing, share of zeros) by name."""
    bits = {k: float(heights(p).sum()) for k, p in library.items()}
    pick = lambda names, k: [library[str(name)] for name in random.choice(sorted(names), k, replace=False)]  # noqa: E731
    low = [k for k, b in bits.items() if b < LOW]
    return {
        "ten": (pick(library, 10), [200] * 10, 1000, 0.0),
        "ten, 87 % zeros": (pick(library, 10), [200] * 10, 1000, 0.87),
        "ten, 95 % zeros": (pick(library, 10), [200] * 10, 1000, 0.95),
        "low information": (pick(low, 5), [300] * 5, 500, 0.87),
        "alike": ([library[k] for k in ALIKE if k in library], [250] * len(ALIKE), 500, 0.87),
        "rare": (pick(library, 4), [2000, 1000, 50, 50], 1900, 0.87),
        "noise": ([], [], 3000, 0.87),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", help="one setting by name")
    parser.add_argument("--no-modisco", action="store_true")
    parser.add_argument("--scale", type=float, default=1.0)
    arguments = parser.parse_args()
    library = {known.id: known.ppm for known in read_jaspar(open_jaspar()).motifs}
    rows = []
    for seed in range(arguments.seeds):
        for name, (ppms, sizes, noise, zeros) in settings(library, np.random.default_rng(100 + seed)).items():
            if arguments.only not in (None, name):
                continue
            sizes = [round(size * arguments.scale) for size in sizes]
            truth = simulate(ppms, sizes, round(noise * arguments.scale), zeros, seed)
            for method in ("greedy",) if arguments.no_modisco else ("greedy", "modisco"):
                start = time.process_time()
                frames = places(truth, method, seed)
                seconds = round(time.process_time() - start, 1)
                setting = {"setting": name, "seed": seed, "method": method, "of": len(ppms)}
                scored = score(frames, truth, len(ppms))
                rows.append({**setting, **scored, "cpu_seconds": seconds})
                print(*rows[-1].values(), sep="\t", flush=True)
    table: Any = pd.DataFrame(rows).drop(columns="seed").groupby(["setting", "method"], sort=False).mean()
    print(f"\n{table.round(3).to_string()}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()
