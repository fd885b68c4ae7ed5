"""`lrpgen windows`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Output, Seed


def windows(
    fasta: Annotated[Path, typer.Option("--fasta", help="Genome (plain or bgzip), or the positive sequences.")],
    output: Output,
    source: Annotated[
        str, typer.Option("--source", help="splice-sites (BED12 of a genome), regions (BED of a genome) or sequences.")
    ] = "splice-sites",
    bed: Annotated[
        Path | None, typer.Option("--bed", help="BED file; BED12 with exons as blocks for splice sites.")
    ] = None,
    negatives: Annotated[
        Path | None, typer.Option("--negatives", help="FASTA of negatives (sequences only); else shuffles are made.")
    ] = None,
    width: Annotated[
        int | None,
        typer.Option("--width", help="Window width in bp. Default: 200 for splice sites, else the input's own."),
    ] = None,
    decoys_per_site: Annotated[int, typer.Option("--decoys-per-site", help="GT and AG decoys per splice site.")] = 10,
    negatives_per_positive: Annotated[
        int, typer.Option("--negatives-per-positive", help="Dinucleotide shuffles per positive.")
    ] = 1,
    validation_start: Annotated[
        int,
        typer.Option(
            "--validation-start", help="Splice sites: windows from this position on validate, on every contig."
        ),
    ] = 1_250_000,
    test_start: Annotated[
        int, typer.Option("--test-start", help="Splice sites: windows from this position on test, on every contig.")
    ] = 1_600_000,
    validation_fraction: Annotated[
        float, typer.Option("--validation-fraction", help="Regions and sequences: share that validates.")
    ] = 0.1,
    test_fraction: Annotated[
        float, typer.Option("--test-fraction", help="Regions and sequences: share that tests.")
    ] = 0.2,
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
    )
    make_windows(options, output)
