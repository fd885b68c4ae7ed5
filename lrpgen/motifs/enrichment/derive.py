"""Features that files leave out: introns, untranslated regions, promoters, and what lies between genes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from ...errors import InputError
from .annotation import EITHER_UTR, INTERVAL, Annotation

SHOWN = (
    "gene", "exon", "CDS", "five_prime_UTR", "three_prime_UTR", "intron", "promoter", "intergenic", INTERVAL,
)  # fmt: skip
COLUMNS = ["type", "contig", "start", "end", "strand", "name"]


def features_of(
    annotation: Annotation, lengths: Mapping[str, int], *, promoter: int, wanted: list[str] | None = None
) -> pd.DataFrame:
    """COLUMNS, one row per distinct feature on the contigs of `lengths`, those of the types SHOWN or `wanted`.

    Derived where the file has none of its own: introns are the gaps between a transcript's exons (its CDS, where it has no
    exons), untranslated regions its exons outside of its CDS. Promoters are the `promoter` bp upstream of the start of each
    transcript, or of each gene where none is given; intergenic is what no gene covers, on either strand.

    Raises
    ------
    InputError : a feature past its contig's end (with its line), a type that is not there.
    """
    table: Any = annotation.features  # pandas' types know too little of rows chosen by a condition
    table = table[table["contig"].isin(list(lengths))]
    over = table["end"].to_numpy() > table["contig"].map(dict(lengths)).to_numpy()
    if over.any():
        row = table.iloc[int(np.argmax(over))]
        raise InputError(
            f"{annotation.path}:{row['line']}: {row['contig']}:{row['start']}-{row['end']} goes past the end of the contig "
            f"({lengths[row['contig']]} bp); annotation and track must be of one assembly"
        )
    parts = [table[table["type"] != EITHER_UTR], *_from_transcripts(table)]
    parts += [_promoters(table, lengths, promoter), _intergenic(table, lengths)]
    whole: Any = pd.concat([part[COLUMNS] for part in parts if len(part)], ignore_index=True)
    known = list(dict.fromkeys(whole["type"]))
    chosen = wanted or [name for name in SHOWN if name in known]
    if missing := [name for name in chosen if name not in known]:
        raise InputError(f"{annotation.path} has no feature {missing[0]!r}; choose from {', '.join(known)}")
    if not chosen:
        raise InputError(f"{annotation.path} has none of {', '.join(SHOWN)}; choose from {', '.join(known)}")
    whole = whole[whole["type"].isin(chosen)].drop_duplicates(COLUMNS[:-1])
    order = whole["type"].map({name: number for number, name in enumerate(chosen)})
    return whole.assign(order=order).sort_values(["order", "contig", "start", "end"], kind="stable")[COLUMNS]


@dataclass
class _Transcript:
    contig: str
    strand: str
    name: str
    exons: list[tuple[int, int]] = field(default_factory=list)
    coding: list[tuple[int, int]] = field(default_factory=list)


def _from_transcripts(table: Any) -> list[pd.DataFrame]:
    """Introns and untranslated regions, unless the file has such."""
    have = set(table["type"])
    introns, utrs = "intron" not in have, not have & {"five_prime_UTR", "three_prime_UTR"}
    rows: list[tuple] = []
    for one in _transcripts(table):
        base = (one.contig, one.strand, one.name)
        exons, coding = _joined(one.exons), _joined(one.coding)
        blocks = exons or coding
        if introns:
            rows += [("intron", *base, a[1], b[0]) for a, b in pairwise(blocks)]
        if utrs and exons and coding and one.strand != ".":
            rows += [(kind, *base, a, b) for kind, a, b in _untranslated(exons, coding, one.strand)]
    return [pd.DataFrame(rows, columns=["type", "contig", "strand", "name", "start", "end"])]


def _transcripts(table: Any) -> Iterable[_Transcript]:
    """Exons and CDS by transcript. Plain loops: a human annotation has a quarter of a million transcripts."""
    found: dict[tuple[str, str], _Transcript] = {}
    parts = table[table["type"].isin(["exon", "CDS"])]
    columns = (parts[name] for name in ("contig", "start", "end", "strand", "type", "name", "transcripts"))
    for contig, start, end, strand, kind, name, transcripts in zip(*columns, strict=True):
        for transcript in transcripts:
            one = found.setdefault((contig, transcript), _Transcript(contig, strand, name))
            (one.exons if kind == "exon" else one.coding).append((start, end))
    return found.values()


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The union of spans, ascending."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def merged(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(n, 2): the union of intervals, ascending and disjoint; neighbours that touch become one."""
    if not len(start):
        return np.empty((0, 2), np.int64)
    order = np.argsort(start, kind="stable")
    start, reach = start[order], np.maximum.accumulate(end[order])
    new = np.flatnonzero(start[1:] > reach[:-1]) + 1
    first = np.concatenate([[0], new])
    return np.stack([start[first], reach[np.concatenate([new - 1, [len(start) - 1]])]], axis=1)


def _untranslated(
    exons: list[tuple[int, int]], coding: list[tuple[int, int]], strand: str
) -> list[tuple[str, int, int]]:
    left, right = coding[0][0], coding[-1][1]
    before, after = ("five_prime_UTR", "three_prime_UTR") if strand == "+" else ("three_prime_UTR", "five_prime_UTR")
    found = [(before, a, min(b, left)) for a, b in exons if a < left]
    return found + [(after, max(a, right), b) for a, b in exons if b > right]


def _promoters(table: Any, lengths: Mapping[str, int], size: int) -> pd.DataFrame:
    kinds = table["type"].astype(str)
    of = table[(kinds == "transcript") | kinds.str.endswith("RNA")]
    of = of if len(of) else table[kinds == "gene"]
    of = of[of["strand"] != "."]
    plus = (of["strand"] == "+").to_numpy()
    limit = of["contig"].map(dict(lengths)).to_numpy(np.int64)
    start = np.where(plus, np.maximum(of["start"] - size, 0), of["end"])
    end = np.where(plus, of["start"], np.minimum(of["end"] + size, limit))
    found = of.assign(type="promoter", start=start, end=end)
    return found[found["end"] > found["start"]]


def _intergenic(table: Any, lengths: Mapping[str, int]) -> pd.DataFrame:
    rows = []
    for contig, genes in table[table["type"] == "gene"].groupby("contig", sort=False):
        spans = merged(genes["start"].to_numpy(np.int64), genes["end"].to_numpy(np.int64))
        edges = np.concatenate([[0], spans.ravel(), [lengths[str(contig)]]]).reshape(-1, 2)
        rows += [("intergenic", contig, a, b, ".", ".") for a, b in edges if b > a]
    return pd.DataFrame(rows, columns=COLUMNS)
