"""`lrpgen windows`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Output, Seed

SPLIT, NEGATIVES, TASK, SITES = "Split", "Negatives", "Labels and values", "Splice sites"


def windows(
    fasta: Annotated[Path, typer.Option("--fasta", help="Genome (plain or bgzip), or the positive sequences.")],
    output: Output,
    source: Annotated[
        str, typer.Option("--source", help="splice-sites (BED12 of a genome), regions (BED of a genome) or sequences.")
    ] = "splice-sites",
    bed: Annotated[
        Path | None, typer.Option("--bed", help="BED file; BED12 with exons as blocks for splice sites.")
    ] = None,
    width: Annotated[
        int | None,
        typer.Option("--width", help="Window width in bp. Default: 200 for splice sites, else the input's own."),
    ] = None,
    max_ambiguous_share: Annotated[
        float,
        typer.Option("--max-ambiguous-share", help="Leave out windows with a larger share of N and the like."),
    ] = 1.0,
    decoys_per_site: Annotated[
        int, typer.Option("--decoys-per-site", help="GT and AG decoys per splice site.", rich_help_panel=SITES)
    ] = 10,
    sites: Annotated[str, typer.Option("--sites", help="both, donor or acceptor.", rich_help_panel=SITES)] = "both",
    exon: Annotated[
        int | None,
        typer.Option(
            "--exon", help="Exon bases in the window, with --intron in place of --width.", rich_help_panel=SITES
        ),
    ] = None,
    intron: Annotated[
        int | None, typer.Option("--intron", help="Intron bases in the window.", rich_help_panel=SITES)
    ] = None,
    negatives_from: Annotated[
        str | None,
        typer.Option(
            "--negatives-from",
            help="shuffle (dinucleotides kept), genome (GC-matched loci without a region) or file. "
            "Default: file where --negatives is given, else shuffle.",
            rich_help_panel=NEGATIVES,
        ),
    ] = None,
    negatives: Annotated[
        Path | None,
        typer.Option("--negatives", help="Your own: FASTA, or BED of the same genome.", rich_help_panel=NEGATIVES),
    ] = None,
    negatives_per_positive: Annotated[
        int,
        typer.Option("--negatives-per-positive", help="Shuffles or loci per positive.", rich_help_panel=NEGATIVES),
    ] = 1,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="Table: name, then a column of numbers per output.", rich_help_panel=TASK),
    ] = None,
    task: Annotated[
        str,
        typer.Option("--task", help="classes; with --labels: labels (0 or 1 each) or values.", rich_help_panel=TASK),
    ] = "classes",
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            help="position, contig, file, fraction or none (all test). "
            "Default: position for splice sites, else fraction.",
            rich_help_panel=SPLIT,
        ),
    ] = None,
    validation_start: Annotated[
        int,
        typer.Option(
            "--validation-start",
            help="Position: windows from here on validate, on every contig.",
            rich_help_panel=SPLIT,
        ),
    ] = 1_250_000,
    test_start: Annotated[
        int,
        typer.Option(
            "--test-start", help="Position: windows from here on test, on every contig.", rich_help_panel=SPLIT
        ),
    ] = 1_600_000,
    validation_fraction: Annotated[
        float,
        typer.Option("--validation-fraction", help="Fraction: share that validates.", rich_help_panel=SPLIT),
    ] = 0.1,
    test_fraction: Annotated[
        float, typer.Option("--test-fraction", help="Fraction: share that tests.", rich_help_panel=SPLIT)
    ] = 0.2,
    validation_contigs: Annotated[
        str, typer.Option("--validation-contigs", help="Contig: names, separated by commas.", rich_help_panel=SPLIT)
    ] = "",
    test_contigs: Annotated[
        str,
        typer.Option("--test-contigs", help="Contig: names; all others train.", rich_help_panel=SPLIT),
    ] = "",
    split_file: Annotated[
        Path | None,
        typer.Option(
            "--split-file",
            help="File: JSON of contigs for train, valid and test, or a table of name and part.",
            rich_help_panel=SPLIT,
        ),
    ] = None,
    similarity: Annotated[
        float | None,
        typer.Option(
            "--similarity",
            help="Keep windows in one part whose 12-mers have at least this Jaccard index (0.15: about 10 % changed).",
            rich_help_panel=SPLIT,
        ),
    ] = None,
    seed: Seed = 1,
) -> None:
    """Cut labelled, one-hot windows from a genome or a set of sequences and split them into train, validation and test.

    Splice sites are split by position; regions and sequences at random, with copies, reverse complements, overlaps and
    shuffles kept in one part. N and other ambiguity codes become zero columns and are counted.

    Example: lrpgen windows --fasta data/hla/BA000025.2.fa.gz --bed data/hla/BA000025.2.cds.bed -o windows.h5
    """
    from ..sequences import WindowOptions, make_windows

    options = WindowOptions(
        source=source,
        fasta=fasta,
        bed=bed,
        negatives=negatives,
        width=width,
        decoys_per_site=decoys_per_site,
        negatives_per_positive=negatives_per_positive,
        validation_start=validation_start,
        test_start=test_start,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        seed=seed,
        split=split,
        validation_contigs=_names(validation_contigs),
        test_contigs=_names(test_contigs),
        split_file=split_file,
        similarity=similarity,
        negatives_from=negatives_from,
        labels=labels,
        task=task,
        sites=sites,
        exon=exon,
        intron=intron,
        max_ambiguous_share=max_ambiguous_share,
    )
    make_windows(options, output)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
