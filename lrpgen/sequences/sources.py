"""The three sources of windows: annotated splice sites and decoys, regions of a genome, a set of sequences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from ..errors import InputError
from . import splice
from .bed import read_bed
from .fasta import Genome, read_fasta
from .negatives import dinucleotide_shuffle
from .onehot import encode_array
from .options import WindowOptions
from .split import (
    ACROSS,
    PARTS,
    FractionSplit,
    PositionSplit,
    by_fraction,
    check_parts,
    group,
    repeated_elsewhere,
)

SPLICE_WIDTH = 200
# Why something was left out, as the summary says it.
CONTRADICTING = "donor and acceptor at once"
OVER_END, SHORT_CONTIG = "over the contig's end", "contig shorter than the width"
ACROSS_SPLIT, ELSEWHERE = "across the split", "same sequence in another part"
TWICE, LIKE_POSITIVE = "region given twice", "negative equal to a positive"
LISTED_CONTIGS = 25  # contigs named in the summary


@dataclass
class Draft:
    """Windows before the last checks. `table`: chrom start end name score strand label split; `onehot`: (N, 4, L).

    `dropped` counts what was left out by reason, `notes` goes into the summary, `hint` names the options that move
    the split.
    """

    table: pd.DataFrame
    onehot: np.ndarray
    classes: list[str]
    dropped: dict[str, int]
    notes: dict[str, Any]
    hint: str


def splice_sites(options: WindowOptions) -> Draft:
    """Donors, acceptors and decoys of a genome, split by position."""
    assert options.bed is not None
    width, hint = options.width or SPLICE_WIDTH, "--validation-start and --test-start"
    split = PositionSplit(options.validation_start, options.test_start)
    with Genome(options.fasta) as genome:
        bed = read_bed(options.bed, genome.contigs, blocks=True)
        annotated, introns = splice.annotated_sites(bed, options.bed)
        twice = annotated["contradicting"].to_numpy()
        sites, dropped = _inside(_around_boundary(_rows(annotated, ~twice), width), genome, width)
        parts = split.parts(sites["start"].to_numpy(), sites["end"].to_numpy())
        dropped |= {CONTRADICTING: int(twice.sum()), ACROSS_SPLIT: int((parts == ACROSS).sum())}
        sites = _rows(sites, parts != ACROSS).assign(split=_part_names(parts[parts != ACROSS]))
        kinds, names = sites["kind"].to_numpy(), sites["split"].to_numpy()
        check_parts(kinds, names, list(splice.KINDS), hint)
        wanted = {
            (part, kind): options.decoys_per_site * int(((names == part) & (kinds == kind)).sum())
            for part in PARTS
            for kind in splice.KINDS
        }
        decoys = splice.draw_decoys(genome, annotated, wanted, width, split, options.seed)
        decoys = _around_boundary(decoys, width).assign(label="decoy")
        table = _in_genome_order(pd.concat([sites.assign(label=kinds), decoys], ignore_index=True), genome)
        table = table.assign(name=splice.site_names(table), score=np.float32(0))
        onehot = _read(genome, table)
        notes: dict[str, Any] = {"contigs": _contigs_used(genome, table)}
    real = (table["label"] != "decoy").to_numpy()
    odd = splice.noncanonical(table["kind"].to_numpy()[real], onehot[real])
    notes |= {"introns": introns, "noncanonical": odd, "regions_in": len(bed)}
    notes["split"] = {"kind": "position", "validation_start": split.validation_start, "test_start": split.test_start}
    notes["decoys_wanted"] = sum(wanted.values())
    copies = repeated_elsewhere(onehot, table["split"].map(PARTS.index).to_numpy())
    dropped[ELSEWHERE] = int(copies.sum())
    return Draft(_rows(table, ~copies), onehot[~copies], [*splice.KINDS, "decoy"], dropped, notes, hint)


def _around_boundary(table: pd.DataFrame, width: int) -> pd.DataFrame:
    start = splice.window_start(table["boundary"].to_numpy(np.int64), table["strand"].to_numpy(), width)
    return table.assign(start=start, end=start + width)


def regions(options: WindowOptions) -> Draft:
    """Regions of a genome as positives, their dinucleotide shuffles as negatives, split at random."""
    assert options.bed is not None
    split = FractionSplit(options.validation_fraction, options.test_fraction)
    with Genome(options.fasta) as genome:
        bed = read_bed(options.bed, genome.contigs)
        width = options.width or _one_width(options.bed, bed)
        start = bed["start"] + (bed["end"] - bed["start"]) // 2 - width // 2
        table, dropped = _inside(bed.assign(start=start, end=start + width, label="positive"), genome, width)
        repeated = table.duplicated(["chrom", "start", "strand"]).to_numpy()
        dropped[TWICE] = int(repeated.sum())
        table = _in_genome_order(_rows(table, ~repeated), genome)
        columns = (table[name] for name in ("name", "chrom", "start", "end", "strand"))
        names = [f"{c}:{s}-{e}:{d}" if n == "." else n for n, c, s, e, d in zip(*columns, strict=True)]
        positives = _read(genome, table)
        notes = {"contigs": _contigs_used(genome, table), "regions_in": len(bed)}
    table, onehot, parent = _with_shuffles(options, table.assign(name=names), positives)
    return _at_random(options, split, table, onehot, group(onehot, table, parent), dropped, notes)


def _one_width(path: Path, bed: pd.DataFrame) -> int:
    widths, line = (bed["end"] - bed["start"]).to_numpy(), bed["line"].to_numpy()
    if (widths != widths[0]).any():
        at = int(np.argmax(widths != widths[0]))
        raise InputError(
            f"{path}:{line[at]}: mixed widths, {widths[at]} bp here and {widths[0]} bp on line {line[0]}; "
            "give --width to cut all regions to one width around their centres"
        )
    return int(widths[0])


def sequences(options: WindowOptions) -> Draft:
    """Sequences of a FASTA as positives; negatives from a second FASTA or by dinucleotide shuffle; split at random."""
    split = FractionSplit(options.validation_fraction, options.test_fraction)
    table, onehot = _sequence_table(options.fasta, options.width, "positive")
    notes = {"regions_in": len(table)}
    if options.negatives is None:
        table, onehot, parent = _with_shuffles(options, table, onehot)
    else:
        others, negatives = _sequence_table(options.negatives, options.width, "negative", onehot.shape[2])
        notes["regions_in"] += len(others)
        table, onehot = pd.concat([table, others], ignore_index=True), np.concatenate([onehot, negatives])
        parent = None
    return _at_random(options, split, table, onehot, group(onehot, None, parent), {}, notes)


def _sequence_table(
    path: Path, width: int | None, label: str, must: int | None = None
) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows and one-hot of a FASTA of sequences. With `width`, longer ones are cut to their middle; without, all must
    have the length `must` (None: that of the first)."""
    rows, arrays, need = [], [], width or must
    for name, sequence in read_fasta(path):
        need = need or len(sequence)
        start = (len(sequence) - need) // 2
        if start < 0 or (width is None and len(sequence) != need):
            _wrong_length(path, name, len(sequence), need, width is not None)
        rows.append((name, start, start + need, name, np.float32(0), "+", label))
        arrays.append(encode_array(sequence[start : start + need], f"{path}: record {name!r}", start))
    columns = ["chrom", "start", "end", "name", "score", "strand", "label"]
    return pd.DataFrame(rows, columns=columns), np.stack(arrays)


def _wrong_length(path: Path, name: str, length: int, need: int, given: bool) -> NoReturn:
    if given:
        raise InputError(f"{path}: record {name!r} has {length} letters, --width is {need}; use a smaller width")
    raise InputError(
        f"{path}: mixed widths, record {name!r} has {length} letters and the first sequence {need}; "
        "give --width, at most that of the shortest, to cut all to their middle"
    )


def _with_shuffles(
    options: WindowOptions, table: pd.DataFrame, positives: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Positives followed by their shuffles, and for each row the row it was made from."""
    copies = options.negatives_per_positive
    if copies == 0:
        raise InputError("one class only: --negatives-per-positive 0 leaves no negatives; give 1 or more")
    shuffles = dinucleotide_shuffle(positives, copies, options.seed)
    origin = np.repeat(np.arange(len(table)), copies)
    made = table.take(origin.tolist()).assign(label="negative", score=np.float32(0))
    made["name"] = [f"shuffle-{i % copies + 1}:{name}" for i, name in enumerate(made["name"])]
    onehot = np.concatenate([positives, shuffles.reshape(-1, *positives.shape[1:])])
    return pd.concat([table, made], ignore_index=True), onehot, np.concatenate([np.arange(len(table)), origin])


def _at_random(
    options: WindowOptions,
    split: FractionSplit,
    table: pd.DataFrame,
    onehot: np.ndarray,
    groups: np.ndarray,
    dropped: dict[str, int],
    notes: dict[str, Any],
) -> Draft:
    """Negatives that equal a positive go (one sequence, two labels), and groups are dealt out."""
    positive = (table["label"] == "positive").to_numpy()
    known = {row.tobytes() for row in onehot[positive]}
    keep = np.array([mine or row.tobytes() not in known for mine, row in zip(positive, onehot, strict=True)])
    table, onehot, groups = _rows(table, keep), onehot[keep], groups[keep]
    labels = table["label"].tolist()
    if "negative" not in labels:
        raise InputError("one class only: every negative equals a positive; give other --negatives or sequences")
    parts = by_fraction(groups, labels, split, options.seed)
    shares = {"validation_fraction": split.validation_fraction, "test_fraction": split.test_fraction}
    return Draft(
        table.assign(split=_part_names(parts)),
        onehot,
        ["positive", "negative"],
        {**dropped, LIKE_POSITIVE: int((~keep).sum())},
        {"split": {"kind": "random", **shares}, **notes},
        "--validation-fraction and --test-fraction, or give more regions that are no copies and do not overlap",
    )


MAKERS: dict[str, Callable[[WindowOptions], Draft]] = {
    "splice-sites": splice_sites,
    "regions": regions,
    "sequences": sequences,
}


def _inside(table: pd.DataFrame, genome: Genome, width: int) -> tuple[pd.DataFrame, dict[str, int]]:
    """Rows whose window is inside its contig, and counts of the rest. Raises `InputError` if none is."""
    chrom, start, end = (table[name].to_numpy() for name in ("chrom", "start", "end"))
    length = np.array([genome.contigs[name] for name in chrom])
    short = length < width
    inside = ~short & (start >= 0) & (end <= length)
    if table.empty:
        raise InputError(
            f"zero regions left in {genome.path}: each site is a donor and an acceptor at once; check the BED"
        )
    if short.all():
        raise InputError(
            f"--width {width} is larger than contig {chrom[0]!r} ({length[0]} bp), so zero regions are left; "
            "use a smaller width"
        )
    if not inside.any():
        raise InputError(f"zero regions left: every window of {width} bp leaves its contig; use a smaller --width")
    return _rows(table, inside), {SHORT_CONTIG: int(short.sum()), OVER_END: int((~inside & ~short).sum())}


def _rows(table: pd.DataFrame, mask: np.ndarray) -> pd.DataFrame:
    return table.loc[mask].reset_index(drop=True)


def _part_names(parts: np.ndarray) -> np.ndarray:
    return np.array(PARTS, dtype=object)[parts]


def _in_genome_order(table: pd.DataFrame, genome: Genome) -> pd.DataFrame:
    number = {name: index for index, name in enumerate(genome.contigs)}
    keys = ("strand", "start", np.array([number[name] for name in table["chrom"]]))
    order = np.lexsort([key if isinstance(key, np.ndarray) else table[key].to_numpy() for key in keys])
    return table.take(order.tolist()).reset_index(drop=True)


def _read(genome: Genome, table: pd.DataFrame) -> np.ndarray:
    """int8 (N, 4, L), 5'->3' of each row's strand."""
    columns = (table[name].tolist() for name in ("chrom", "start", "end", "strand"))
    return np.stack([genome.onehot(*row) for row in zip(*columns, strict=True)])


def _contigs_used(genome: Genome, table: pd.DataFrame) -> dict[str, int]:
    used = set(table["chrom"])
    return dict([item for item in genome.contigs.items() if item[0] in used][:LISTED_CONTIGS])
