"""`lrpgen enrich`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from .options import Output, Seed


def enrich(
    output: Output,
    relevance: Annotated[
        Path | None, typer.Option(help="bigWig, relevance store (HDF5), or BED of hits.", show_default=False)
    ] = None,
    annotation: Annotated[Path | None, typer.Option(help="GFF3, GTF or BED, also .gz.", show_default=False)] = None,
    predictions: Annotated[
        list[Path] | None,
        typer.Option(help="Instead: rank genomes by tables of `lrpgen predict --genome`; repeat.", show_default=False),
    ] = None,
    genome: Annotated[Path | None, typer.Option(help="FASTA with the contigs' lengths, for stores and hits.")] = None,
    target: Annotated[str | None, typer.Option(help="Class: windows of a store, or column of predictions.")] = None,
    features: Annotated[str | None, typer.Option(help="Feature types, by comma; the usual ones.")] = None,
    promoter: Annotated[int, typer.Option(help="Promoter: bp upstream of a transcript's start.")] = 1000,
    shifts: Annotated[int, typer.Option(help="Random rotations of the track that make the null.")] = 1000,
    value: Annotated[str, typer.Option(help="Relevance: signed, positive, negative or absolute.")] = "signed",
    by_name: Annotated[bool, typer.Option("--by-name", help="Hits: each name (motif) apart.")] = False,
    seed: Seed = 1,
) -> None:
    """Relevance or hits in genes, exons, introns, promoters, ..., against the rotated track; or genomes ranked.

    Beside the --output table of feature types, NAME.features.tsv ranks the single features.

    Example: lrpgen enrich --relevance tracks/donor.relevance.bw --annotation genes.gff3.gz -o enrich.tsv

    Example: lrpgen enrich --predictions a.tsv --predictions b.tsv --target pathogen -o ranked.tsv
    """
    from ..motifs.enrichment import EnrichJob, rank_genomes
    from ..motifs.enrichment import enrich as run

    if predictions:
        if relevance is not None or annotation is not None:
            raise InputError("--predictions ranks genomes and goes with neither --relevance nor --annotation; give one")
        rank_genomes(predictions, output, target)
        return
    if relevance is None or annotation is None:
        raise InputError("enrich needs --relevance and --annotation, or --predictions; give those")
    wanted = tuple(features.split(",")) if features else None
    run(EnrichJob(relevance, annotation, output, genome, target, wanted, promoter, shifts, value, by_name, seed))
