"""Regions of a genome: with negatives (shuffles, matched loci, the user's own), or with labels or values of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ...errors import InputError
from ..background import gc_bins, matched_loci
from ..bed import Regions, scan_bed
from ..choose import by_place, choose_split
from ..cut import contig_names, contigs_used, in_genome_order, in_parts, inside, rows_of, spool_windows
from ..draft import UNLABELLED, Draft
from ..fasta import Genome
from ..folds import name_folds
from ..labels import read_labels
from ..names import UNNAMED, Text
from ..options import WindowOptions
from ..splits import NameSplit, PlaceSplit
from ..spool import Spool
from .records import append_records, is_fasta
from .region_names import FROM_GENOME, RegionNames, name_keys
from .shuffled import CLASSES, NEGATIVE, POSITIVE, with_shuffles

TWICE = "region given twice"


def regions(options: WindowOptions, output: Path | None) -> Draft:
    """Regions cut to one width around their centres, and what they are told from."""
    assert options.bed is not None
    with Genome(options.fasta) as genome:
        split = choose_split(options, list(genome.contigs))
        place = by_place(split)
        bed = scan_bed(options.bed, genome.contigs)
        width = options.width or _one_width(options.bed, bed.table)
        table, dropped = _cut(genome, bed.table, width)
        if isinstance(split, NameSplit):
            assert options.split_file is not None
            keys = name_keys(bed.names, options.bed, "--split-file")
            table["part"] = name_folds(options.split_file, keys)[table["source"]]
        else:
            table["part"] = place.parts(*(table[name].to_numpy() for name in ("contig", "start", "end")))
        table, outside = in_parts(table)
        if table.empty:
            raise InputError(f"zero regions left: none lies inside one part; change {place.hint}")
        spool = Spool(width, output)
        spool_windows(genome, table, spool)
        contigs = contig_names(genome)
        notes = {"contigs": contigs_used(genome, table), "regions_in": len(bed.table)}
        table["label"] = np.int16(UNLABELLED if options.labels else POSITIVE)
        draft = Draft(table, contigs, RegionNames(bed.names, contigs), spool, list(CLASSES), split)
        draft.dropped, draft.notes = dropped | outside, notes
        _complete(draft, options, genome, bed, place)
    return draft


def _complete(draft: Draft, options: WindowOptions, genome: Genome, bed: Regions, place: PlaceSplit) -> None:
    """Add negatives, or the table of labels."""
    kind = options.negatives_kind
    if options.labels is not None:
        assert options.bed is not None
        keys = name_keys(bed.names, options.bed, "--labels")
        draft.classes, values = read_labels(options.labels, keys, options.task, options.bed)
        draft.targets = values[draft.table["source"]]
        return
    draft.negative = NEGATIVE
    if kind == "shuffle":
        with_shuffles(draft, options)
    elif kind == "genome":
        _with_loci(draft, options, genome, bed.table, place)
    else:
        _with_file(draft, options, genome, bed, place)


def _with_loci(draft: Draft, options: WindowOptions, genome: Genome, taken: pd.DataFrame, place: PlaceSplit) -> None:
    """Add stretches of the genome with the GC content of the positives."""
    copies, width = options.negatives_per_positive, draft.spool.width
    drawn = matched_loci(
        genome, draft.table, gc_bins(draft.spool), _and_windows(taken, draft.table), place, copies, width, options.seed
    )
    drawn = in_genome_order(drawn).assign(label=np.int16(NEGATIVE), score=np.float32(0), source=np.int64(0))
    draft.notes["negatives_wanted"] = copies * len(draft.table)
    _append(draft, genome, drawn.assign(copy=np.int32(FROM_GENOME)))


def _and_windows(taken: pd.DataFrame, windows: pd.DataFrame) -> pd.DataFrame:
    """Regions as given and as cut: a window may reach beyond its region."""
    both = pd.concat([taken, windows], ignore_index=True)
    return pd.DataFrame({name: both[name].to_numpy() for name in ("contig", "start", "end")})


def _with_file(draft: Draft, options: WindowOptions, genome: Genome, bed: Regions, place: PlaceSplit) -> None:
    """Add the user's own negatives: regions of the same genome, or sequences."""
    assert options.negatives is not None
    if is_fasta(options.negatives):
        added, names = _sequences(draft, options, place)
    else:
        other = scan_bed(options.negatives, genome.contigs)
        draft.notes["regions_in"] += len(other.table)
        added, dropped = _cut(genome, other.table, draft.spool.width)
        added["part"] = place.parts(*(added[name].to_numpy() for name in ("contig", "start", "end")))
        added, outside = in_parts(added)
        for reason, count in (dropped | outside).items():
            draft.dropped[reason] = draft.dropped.get(reason, 0) + count
        spool_windows(genome, added, draft.spool)
        names = _named(other)
    given = _named(bed)
    added = added.assign(source=added["source"] + len(given), label=np.int16(NEGATIVE))
    draft.table = pd.concat([draft.table, added], ignore_index=True)
    draft.name = RegionNames(np.concatenate([given, names]), draft.contigs)


def _sequences(draft: Draft, options: WindowOptions, place: PlaceSplit) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows and names of a FASTA of negatives, each record a contig of its own behind those of the genome."""
    assert options.negatives is not None
    if options.split_kind not in ("fraction", "none"):
        raise InputError(
            f"{options.negatives} holds sequences, which lie on no contig, so --split {options.split_kind} cannot "
            "place them; give a BED file of negatives or use --split fraction"
        )
    added, names = append_records(draft.spool, options.negatives, options.width)
    draft.notes["regions_in"] += len(added)
    added["part"] = place.parts(*(added[name].to_numpy() for name in ("contig", "start", "end")))
    added["contig"] = (added["contig"] + len(draft.contigs)).astype(np.int32)
    draft.contigs = np.concatenate([draft.contigs, names])
    return added, names


def _named(bed: Regions) -> np.ndarray:
    return bed.names if bed.names is not None else np.full(len(bed.table), UNNAMED, dtype=Text)


def _append(draft: Draft, genome: Genome, added: pd.DataFrame) -> None:
    spool_windows(genome, added, draft.spool)
    draft.table = pd.concat([draft.table, added], ignore_index=True)


def _cut(genome: Genome, table: pd.DataFrame, width: int) -> tuple[pd.DataFrame, dict[str, int]]:
    """Windows of `width` around the centres, once each, in genome order; `source` is the row in the file."""
    start = table["start"] + (table["end"] - table["start"]) // 2 - width // 2
    columns = {"start": start, "end": start + width, "source": np.arange(len(table)), "copy": np.int32(0)}
    found, dropped = inside(table.drop(columns="line").assign(**columns), genome, width)
    repeated = found.duplicated(["contig", "start", "minus"]).to_numpy()
    dropped[TWICE] = int(repeated.sum())
    return in_genome_order(rows_of(found, ~repeated)), dropped


def _one_width(path: Path, bed: pd.DataFrame) -> int:
    widths, line = (bed["end"] - bed["start"]).to_numpy(), bed["line"].to_numpy()
    if (widths != widths[0]).any():
        at = int(np.argmax(widths != widths[0]))
        raise InputError(
            f"{path}:{line[at]}: mixed widths, {widths[at]} bp here and {widths[0]} bp on line {line[0]}; "
            "give --width to cut all regions to one width around their centres"
        )
    return int(widths[0])
