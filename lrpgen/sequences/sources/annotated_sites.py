"""Annotated splice sites of a genome and decoys: GT and AG dinucleotides that are no site."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from .. import splice
from ..bed import read_bed
from ..choose import by_place, choose_split
from ..cut import contig_names, contigs_used, in_genome_order, in_parts, inside, rows_of, spool_windows
from ..draft import Draft
from ..fasta import Genome
from ..groups import FractionSplit
from ..options import SPLICE_WIDTH, WindowOptions
from ..splice import KINDS, Frame
from ..splits import OnePart, check_parts
from ..spool import Spool

CONTRADICTING = "donor and acceptor at once"


def splice_sites(options: WindowOptions, output: Path | None) -> Draft:
    """Donors, acceptors and decoys; with `--sites donor` (or acceptor) only those and their decoys."""
    assert options.bed is not None
    if options.exon is not None and options.intron is not None:
        frame = Frame.of(options.exon, options.intron)
    else:
        frame = Frame.centred(options.width or SPLICE_WIDTH)
    kinds = [kind for kind in KINDS if options.sites in (kind, "both")]
    classes, decoy = [*kinds, "decoy"], len(kinds)
    with Genome(options.fasta) as genome:
        split = choose_split(options, list(genome.contigs))
        bed = read_bed(options.bed, genome.contigs, blocks=True)
        annotated, introns = splice.annotated_sites(bed, options.bed)
        sites, dropped = _sites(annotated, genome, kinds, frame)
        place = by_place(split)
        part = place.parts(*(sites[name].to_numpy() for name in ("contig", "start", "end")))
        sites, outside = in_parts(sites.assign(part=part))
        if not isinstance(split, FractionSplit | OnePart):
            check_parts(sites["label"].to_numpy(), sites["part"].to_numpy(), kinds, split.hint, least=len(kinds))
        wanted = {
            (int(one), kind): options.decoys_per_site * int(((sites["part"] == one) & (sites["label"] == number)).sum())
            for one in np.unique(sites["part"])
            for number, kind in enumerate(kinds)
        }
        decoys = splice.draw_decoys(genome, annotated, wanted, frame, place, options.seed)
        table = in_genome_order(pd.concat([sites, _framed(decoys, frame).assign(label=decoy)], ignore_index=True))
        table = table.assign(score=np.float32(0), label=table["label"].astype(np.int16))
        spool = Spool(frame.width, output)
        spool_windows(genome, table, spool)
        contigs = contig_names(genome)
        notes = {"contigs": contigs_used(genome, table), "introns": introns, "regions_in": len(bed)}
    real = np.flatnonzero(table["label"] != decoy)
    odd = splice.noncanonical(table["kind"].to_numpy()[real], real, spool, frame)
    notes |= {"noncanonical": {kind: odd[kind] for kind in kinds}, "decoys_wanted": sum(wanted.values())}
    if options.exon is not None:
        notes["frame"] = {"exon": options.exon, "intron": options.intron}

    def name(rows: pd.DataFrame) -> list[str]:
        return splice.site_names(rows, contigs, decoy=min(decoy, len(classes) - 1))

    return Draft(table, contigs, name, spool, classes, split, dropped | outside, notes)


def _sites(
    annotated: pd.DataFrame, genome: Genome, kinds: list[str], frame: Frame
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Windows of the annotated sites of some kinds (contig, boundary, minus, kind, label, start, end)."""
    number = {name: index for index, name in enumerate(genome.contigs)}
    wanted = rows_of(annotated, annotated["kind"].isin(kinds).to_numpy())
    twice = wanted["contradicting"].to_numpy()
    left = rows_of(wanted, ~twice)
    columns = {
        "contig": np.array([number[name] for name in left["chrom"]], np.int32),
        "boundary": left["boundary"].to_numpy(np.int64),
        "minus": (left["strand"] == "-").to_numpy(),
        "kind": np.array([KINDS.index(kind) for kind in left["kind"]], np.int8),
        "label": np.array([kinds.index(kind) for kind in left["kind"]], np.int16),
    }
    sites, dropped = inside(_framed(pd.DataFrame(columns), frame), genome, frame.width)
    return sites, {CONTRADICTING: int(twice.sum()), **dropped}


def _framed(table: pd.DataFrame, frame: Frame) -> pd.DataFrame:
    """The table with start and end of each site's window."""
    kind, boundary, minus = (table[name].to_numpy() for name in ("kind", "boundary", "minus"))
    start = np.empty(len(table), dtype=np.int64)
    for number, name in enumerate(KINDS):
        mine = kind == number
        start[mine] = frame.start(name, boundary[mine], minus[mine])
    return table.assign(start=start, end=start + frame.width)
