"""Relevance (or hits) in annotated features against the turned track: `lrpgen enrich` calls this."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...errors import InputError
from ...files import atomic, check_output
from ...progress import progress, say
from ..contigs import few, hint
from .annotation import read_annotation
from .derive import features_of, merged
from .rotation import cumulative, p_value, turned_sums
from .signal import VALUES, Signal, open_signal, part_of

MOST_SHIFTS = 1_000_000
TOLD = 20  # rows said aloud, those of the smallest p


@dataclass(frozen=True)
class EnrichJob:
    """track : bigWig, relevance store or BED of hits. annotation : GFF3, GTF or BED. output : the table by feature type;
    the table of single features goes beside it, as `<stem>.features.tsv`.

    genome : FASTA that says how long contigs are. target : class of a store. features : types; None = the usual ones.
    promoter : bp upstream of a transcript's start. shifts : turns of the track. value : part of the relevance (VALUES).
    by_name : hits of each name (motif) apart, in rows of their own.
    """

    track: Path
    annotation: Path
    output: Path
    genome: Path | None = None
    target: str | None = None
    features: tuple[str, ...] | None = None
    promoter: int = 1000
    shifts: int = 1000
    value: str = "signed"
    by_name: bool = False
    seed: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.shifts <= MOST_SHIFTS:
            raise InputError(f"shifts={self.shifts} lies outside 1..{MOST_SHIFTS}; 1000 is common")
        if self.promoter < 1:
            raise InputError(f"promoter={self.promoter} must be at least 1 bp")
        if self.value not in VALUES:
            raise InputError(f"value {self.value!r} is not known; choose one of {', '.join(VALUES)}")

    @property
    def features_output(self) -> Path:
        return self.output.with_name(f"{self.output.name.removesuffix('.tsv')}.features.tsv")


@dataclass
class _Kind:
    """One row of the table in the making: sums and known bases as observed, and for each turn."""

    name: str
    feature: str
    orientation: str
    observed: np.ndarray
    null: np.ndarray
    intervals: int = 0
    bases: int = 0

    def add(self, before: tuple[np.ndarray, np.ndarray], spans: np.ndarray, turns: np.ndarray) -> None:
        """before: cumulative sums and counts (L + 1,) of one track; spans (m, 2) are disjoint."""
        for row, sums in enumerate(before):
            self.observed[row] += (sums[spans[:, 1]] - sums[spans[:, 0]]).sum()
        self.null[0] += turned_sums(before[0], spans, turns)
        everywhere = before[1][-1] == len(before[1]) - 1
        self.null[1] += (spans[:, 1] - spans[:, 0]).sum() if everywhere else turned_sums(before[1], spans, turns)


_Kinds = dict[tuple[str, str, str], _Kind]


def enrich(job: EnrichJob) -> pd.DataFrame:
    """Write both tables, and return that of the feature types.

    The statistic is the mean of the track over the union of all features of a type (for hits: hits per base). Tracks with
    strands give a row for `sense`, one for `antisense`, and features without a strand one for `both`. Null, z and p: see
    `rotation`; q is by Benjamini and Hochberg over the rows. Memory: some 30 bytes per base of the longest contig, twice
    that with strands.

    Raises
    ------
    InputError : a file that cannot be read or does not fit (contigs, assembly), an option that is not known.
    """
    check_output(job.output)
    annotation = read_annotation(job.annotation)
    signal = open_signal(job.track, genome=job.genome, lengths=annotation.lengths, target=job.target)
    contigs = _shared(job, signal, annotation.features["contig"])
    features: Any = features_of(annotation, contigs, promoter=job.promoter, wanted=list(job.features or []) or None)
    names = signal.names(by_name=job.by_name)
    kinds: _Kinds = {}
    singles, whole = [], {name: np.zeros(2) for name in names}
    random = np.random.default_rng(job.seed)
    with progress("enrichment", len(contigs), "contigs") as advance:
        for contig, length in contigs.items():
            turns = random.integers(1, max(length, 2), job.shifts) % length
            here = features[features["contig"] == contig]
            for name in names if len(here) else []:
                before = cumulative(part_of(signal.read(contig, name), job.value))
                whole[name] += [track[:, -1].sum() for track in before]
                _add(kinds, name, here, before, turns)
                single = _single(here, *before).assign(hits=name)
                singles.append(single[single["sum"] > 0] if job.by_name else single)
            advance(1)
    table = _table(list(kinds.values()), whole, list(dict.fromkeys(features["type"])))
    ranked: Any = _ranked(pd.concat(singles))
    if not job.by_name:
        table, ranked = table.drop(columns="hits"), ranked.drop(columns="hits")
    _write(job.output, table)
    _write(job.features_output, ranked)
    _say(table)
    return table


def _say(table: Any) -> None:
    best = table.sort_values("p", kind="stable").head(TOLD).sort_index()
    names = best["hits"] + " in " if "hits" in best else [""] * len(best)
    columns = (best[name] for name in ("feature", "strand", "mean", "expected", "q"))
    for name, kind, strand, mean, expected, q in zip(names, *columns, strict=True):
        say(f"{name}{kind} ({strand}): mean {mean:.4g}, expected {expected:.4g}, q {q:.3g}")


def _shared(job: EnrichJob, signal: Signal, named: Any) -> dict[str, int]:
    """Contigs of the track that have features, in the track's order."""
    annotated = list(dict.fromkeys(named))
    shared = {name: length for name, length in signal.contigs.items() if name in set(annotated)}
    if not shared:
        raise InputError(
            f"{job.annotation} is on contigs {few(annotated)}, {job.track} on {few(signal.contigs)}; none is in both: "
            f"{hint(annotated, signal.contigs)}"
        )
    if lost := [name for name in annotated if name not in shared]:
        say(
            f"note: {len(lost)} of {len(annotated)} contigs of {job.annotation} are not in {job.track} ({few(lost)}); their "
            "features are left out"
        )
    return shared


def _add(kinds: _Kinds, name: str, features: Any, before: tuple[np.ndarray, np.ndarray], turns: np.ndarray) -> None:
    """Add one contig's features to the rows they belong to."""
    for kind, of in features.groupby("type", sort=False):
        for orientation, track, strands in _reads(stranded=len(before[0]) == 2):
            chosen = of if strands is None else of[of["strand"] == strands]
            if not len(chosen):
                continue
            spans = merged(chosen["start"].to_numpy(np.int64), chosen["end"].to_numpy(np.int64))
            key = (name, str(kind), orientation)
            row = kinds.setdefault(key, _Kind(*key, np.zeros(2), np.zeros((2, len(turns)))))
            row.add((before[0][track], before[1][track]), spans, turns)
            if orientation != "both" or track == 0:  # features that are read on both strands count once
                row.intervals += len(spans)
                row.bases += int((spans[:, 1] - spans[:, 0]).sum())


def _reads(*, stranded: bool) -> list[tuple[str, int, str | None]]:
    """(orientation, track, strand of the features that read it)."""
    if not stranded:
        return [("both", 0, None)]
    return [
        ("sense", 0, "+"), ("sense", 1, "-"), ("antisense", 1, "+"), ("antisense", 0, "-"), ("both", 0, "."), ("both", 1, "."),
    ]  # fmt: skip


def _table(kinds: list[_Kind], whole: dict[str, np.ndarray], order: list[str]) -> pd.DataFrame:
    from scipy.stats import false_discovery_control

    kinds = sorted(kinds, key=lambda kind: order.index(kind.feature))
    rows = [_row(kind, whole[kind.name]) for kind in kinds]
    table: Any = pd.DataFrame(rows)
    tested = table["p"].notna()
    table["q"] = np.nan
    if tested.any():
        table.loc[tested, "q"] = false_discovery_control(table.loc[tested, "p"])
    return table


def _row(kind: _Kind, whole: np.ndarray) -> dict[str, str | int | float]:
    usable = kind.null[1] > 0
    null = kind.null[0][usable] / kind.null[1][usable]
    # Sums of the same numbers in another order differ in their last digits; those are no evidence.
    observed = _mean(*kind.observed)
    null = np.where(np.isclose(null, observed, rtol=1e-9, atol=1e-15), observed, null)
    tested = np.isfinite(observed) and len(null) > 0
    expected, sd = (float(null.mean()), float(null.std())) if tested else (np.nan, np.nan)
    return {
        "hits": kind.name,
        "feature": kind.feature,
        "strand": kind.orientation,
        "intervals": kind.intervals,
        "bases": kind.bases,
        "known_bases": int(kind.observed[1]),
        "sum": float(kind.observed[0]),
        "mean": observed,
        "overall": _mean(*whole),
        "expected": expected,
        "sd": sd,
        "z": (observed - expected) / sd if tested and sd > 0 else np.nan,
        "p": p_value(observed, null) if tested else np.nan,
    }


def _mean(total: float, count: float) -> float:
    return float(total / count) if count > 0 else np.nan


def _single(features: Any, sums: np.ndarray, counts: np.ndarray) -> pd.DataFrame:
    """Sum, known bases and mean of each feature: on its own strand where the track has strands, else on both."""
    start, end = features["start"].to_numpy(np.int64), features["end"].to_numpy(np.int64)
    both = np.stack([before[:, end] - before[:, start] for before in (sums, counts)])  # (2, tracks, n)
    if both.shape[1] == 2:
        strand = features["strand"].to_numpy()
        total, known = np.select([strand == "+", strand == "-"], [both[:, 0], both[:, 1]], both.sum(axis=1))
    else:
        total, known = both[:, 0]
    mean = np.divide(total, known, out=np.full(len(total), np.nan), where=known > 0)
    return features.assign(known_bases=known.astype(int), sum=total, mean=mean)


def _ranked(table: Any) -> pd.DataFrame:
    """Features with known bases, by name of the hits, type and falling mean."""
    table = table[table["known_bases"] > 0].rename(columns={"type": "feature"})
    order = {name: number for number, name in enumerate(dict.fromkeys(table["feature"]))}
    table = table.iloc[np.lexsort((-table["mean"], table["feature"].map(order), table["hits"]))]
    return table.assign(rank=table.groupby(["hits", "feature"], sort=False).cumcount() + 1)


def _write(path: Path, table: pd.DataFrame) -> None:
    with atomic(path) as tmp:
        table.to_csv(tmp, sep="\t", index=False, float_format="%.6g")
