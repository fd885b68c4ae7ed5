"""When is a likeness a name? Known motifs, splice sites and made-up sequence, named by one test after the other.

`make bench-names` writes benchmarks/names.json (5 minutes of one core): per kind of pattern the share that each criterion names,
for known motifs also the share named rightly, and how similar the best significant matches are.

Known motifs: JASPAR matrices as a model's pattern would show them, counted from 20 to 500 sites of which a tenth are
noise, with flanks, trimmed as patterns are, either way round; or from 50 sites with half of them noise, or with a
quarter of the columns cut off. Right is the same matrix, or one of the same family by JASPAR's own annotation.
None of the others has a name to find: donors and acceptors of the embedded data (30 to 300 drawn, and clusters of all
by k-means, with 8 to 30 columns), made-up tracts and runs, and JASPAR matrices with their columns in random order or
half of one beside half of another (which may hold a whole short motif). Each pattern is named alone.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from lrpgen.files import write_json
from lrpgen.motifs import matrices, names
from lrpgen.motifs.matrixfile import Library, open_jaspar, read_jaspar
from lrpgen.motifs.qvalues import MAX_Q, adjusted
from lrpgen.provenance import versions
from lrpgen.sequences import WindowOptions, build_windows

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data" / "hla"
EVEN = np.full(4, 0.25)
FLANK = 5  # columns of background on either side of a known motif, for the trimming to find
SHUFFLES = 199  # of each kind; enough for one pattern at q = 0.05
QUANTILES = (0, 0.05, 0.5, 0.95, 1)
KINDS = {  # of known motifs: sites, share of noise, share of columns cut off
    "known, 20 sites": (20, 0.1, 0.0),
    "known, 100 sites": (100, 0.1, 0.0),
    "known, 500 sites": (500, 0.1, 0.0),
    "known, half of 50 sites noise": (50, 0.5, 0.0),
    "known, a quarter cut off": (50, 0.1, 0.25),
}
CRITERIA = (
    "q",
    "q, shuffled columns",
    "q, shuffled columns, shuffled letters",
    "q, similarity",
    "q, similarity, shuffled columns",  # what lrpgen does
)
ENDS = {"donor": ((-3, 0), (5, 12)), "acceptor": ((-28, -8), (0, 3))}  # first and past-last base: ranges, boundary 0

Patterns = dict[str, list[np.ndarray]]


def drawn(ppm: np.ndarray, sites: int, random: np.random.Generator) -> np.ndarray:
    """Counts of `sites` sequences from `ppm`."""
    return np.stack([random.multinomial(sites, column / column.sum()) for column in ppm.T], axis=1)


def as_pattern(
    ppm: np.ndarray, sites: int, noise: float, cut: float, random: np.random.Generator
) -> tuple[np.ndarray, bool]:
    """`ppm` as a pattern of the pipeline, and whether the pipeline would keep it."""
    lost = int(cut * ppm.shape[1])
    left = int(random.integers(lost + 1))
    flanked = np.pad(ppm[:, left : ppm.shape[1] - lost + left], ((0, 0), (FLANK, FLANK)), constant_values=0.25)
    stray = int(random.binomial(sites, noise))
    pfm = drawn(flanked, sites - stray, random) + drawn(np.full_like(flanked, 0.25), stray, random)
    pfm = pfm[:, slice(*matrices.trim_bounds(pfm, names.heights(pfm / sites), EVEN))]
    shares = matrices.probabilities(pfm, EVEN)
    return shares[:: (turn := int(random.choice([1, -1]))), ::turn], matrices.best_bits(pfm, EVEN, 10) >= 3


def splice_patterns(count: int, random: np.random.Generator) -> Patterns:
    """`count` draws of each kind of site, and clusters of all sites."""
    from sklearn.cluster import KMeans

    fasta, bed = DATA / "BA000025.2.fa.gz", DATA / "BA000025.2.cds.bed"
    windows = build_windows(WindowOptions("splice-sites", fasta, bed, seed=1))
    found: Patterns = defaultdict(list)
    for site, (first, last) in ENDS.items():
        onehot = windows.onehot[(windows.regions["label"] == site).to_numpy()].astype(np.float64)
        middle = onehot.shape[2] // 2
        for i in range(count):
            here = onehot[:, :, middle + random.integers(*first) : middle + random.integers(*last)]
            chosen = random.choice(len(here), int(random.integers(30, 301)), replace=False)
            found[f"{site}s"].append(here[chosen].mean(axis=0))
            if len(found[f"{site}s, clusters"]) < count:
                means = KMeans(int(random.integers(5, 13)), random_state=i)
                labels = means.fit_predict(here.reshape(len(here), -1))
                clusters = [here[labels == label] for label in np.unique(labels)]
                found[f"{site}s, clusters"] += [cluster.mean(axis=0) for cluster in clusters if len(cluster) >= 20]
    return found


def made_up(count: int, random: np.random.Generator) -> Patterns:
    """Tracts, runs and repeats of 10 to 24 columns from 30 to 300 sites."""
    found: Patterns = defaultdict(list)
    for _ in range(count):
        width, other, c = int(random.integers(10, 25)), random.uniform(0.02, 0.1), random.uniform(0.3, 0.7)
        strong = np.array([other, (1 - 2 * other) * c, other, (1 - 2 * other) * (1 - c)])
        one, two = (np.where(np.arange(4) == base, 0.88, 0.04) for base in random.choice(4, 2, replace=False))
        for kind, columns in (
            ("pyrimidine tracts", [strong] * width),
            ("tract and CAG", [strong] * width + [EVEN, *np.eye(4)[[1, 0, 2]]]),
            ("GC-rich", [np.array([0.08, 0.42, 0.42, 0.08])] * width),
            ("one base", [one] * width),
            ("two bases in turn", ([one, two] * width)[:width]),
        ):
            sites = int(random.integers(30, 301))
            found[kind].append(drawn(np.stack(columns, axis=1), sites, random) / sites)
    return found


def scrambled(library: Library, count: int, random: np.random.Generator) -> Patterns:
    """JASPAR's matrices, spoilt."""
    found: Patterns = defaultdict(list)
    for _ in range(count):
        one, two = (library.motifs[i].ppm for i in random.choice(len(library.motifs), 2, replace=False))
        mixed = one[:, random.permutation(one.shape[1])]
        halves = np.hstack([one[:, : one.shape[1] // 2], two[:, two.shape[1] // 2 :]])
        for kind, ppm in (("JASPAR, columns mixed", mixed), ("JASPAR, two halves", halves)):
            shares, kept = as_pattern(ppm, 100, 0.1, 0, random)
            if kept:
                found[kind].append(shares)
    return found


def judged(query: np.ndarray, targets: list[np.ndarray], random: np.random.Generator) -> dict[str, Any]:
    """`by`: the target that each of CRITERIA names `query` by, if any; the best `similarity` of a significant target."""
    p, _, offsets, _, strands = names.tomtom([query], targets)[:, 0]
    q = adjusted(p)
    significant = sorted(np.flatnonzero(q <= MAX_Q).tolist(), key=lambda j: p[j])
    if not significant:
        return {}
    columns = [query[:, random.permutation(query.shape[1])] for _ in range(SHUFFLES)]
    letters = list(random.permuted(np.tile(query, (SHUFFLES, 1, 1)), axis=1))
    beaten = {}
    for kind, shuffles in (("columns", columns), ("letters", letters)):
        null = names.lowest(shuffles, targets, len(targets))
        beaten[kind] = {j for j in significant if (1 + (null <= p[j]).sum()) / (1 + SHUFFLES) <= MAX_Q}
    alike = {j: names.similarity(query, targets[j], int(offsets[j]), bool(strands[j])) for j in significant}
    similar = sorted((j for j in significant if alike[j] >= names.SIMILAR), key=lambda j: -alike[j])
    named = (
        significant,
        [j for j in significant if j in beaten["columns"]],
        [j for j in significant if j in beaten["columns"] & beaten["letters"]],
        similar,
        [j for j in similar if j in beaten["columns"]],
    )
    by = {criterion: found[0] for criterion, found in zip(CRITERIA, named, strict=True) if found}
    return {"by": by, "similarity": max(alike.values())}


def row(judgements: list[dict[str, Any]], answers: list[int] | None, families: list[Any]) -> dict[str, Any]:
    """Shares of one kind of pattern."""
    alike = [judgement["similarity"] for judgement in judgements if judgement]
    shares: dict[str, Any] = {}
    for criterion in CRITERIA:
        named = [judgement.get("by", {}).get(criterion) for judgement in judgements]
        share = {"named": sum(name is not None for name in named)}
        if answers is not None:
            pairs = [(name, answer) for name, answer in zip(named, answers, strict=True) if name is not None]
            share["right"] = sum(families[name] == families[answer] for name, answer in pairs)
            share["same matrix"] = sum(name == answer for name, answer in pairs)
        shares[criterion] = {key: round(value / len(judgements), 3) for key, value in share.items()}
    quantiles = np.quantile(alike, QUANTILES).round(2).tolist() if alike else []
    keys = [f"{100 * quantile:.0f} %" for quantile in QUANTILES]
    return {"patterns": len(judgements), **shares, "best similarity where q": dict(zip(keys, quantiles, strict=False))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=60, help="patterns of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "names.json")
    arguments = parser.parse_args()
    random = np.random.default_rng(arguments.seed)
    database = open_jaspar()
    library = read_jaspar(database)
    targets = [known.ppm for known in library.motifs]
    record = {m.matrix_id: (m.tf_class, m.tf_family) for m in database.fetch_motifs(tax_group=["vertebrates"])}
    families = [record[known.id] for known in library.motifs]
    chosen = random.choice(len(targets), arguments.count, replace=False).tolist()
    table = {}
    for kind, how in KINDS.items():
        made = {j: as_pattern(targets[j], *how, random) for j in chosen}
        kept = {j: shares for j, (shares, keep) in made.items() if keep}
        table[kind] = row([judged(shares, targets, random) for shares in kept.values()], list(kept), families)
    others = splice_patterns(arguments.count, random) | made_up(arguments.count, random)
    for kind, found in (others | scrambled(library, arguments.count, random)).items():
        table[kind] = row([judged(shares, targets, random) for shares in found], None, families)
    machine = f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, no GPU used"
    head = {"machine": machine, "versions": versions()}
    write_json(arguments.output, {**head, "library": library.source, "least similarity": names.SIMILAR, "kinds": table})


if __name__ == "__main__":
    main()
