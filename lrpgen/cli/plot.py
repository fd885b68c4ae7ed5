"""`lrpgen plot logo|locus|heatmap|sweep|evaluation`: figures for papers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .guard import Guarded
from .options import Palette, Seed

plot = typer.Typer(
    no_args_is_help=True,
    help=(
        "Figures for papers: SVG or PDF with text that stays text, or PNG, by the name of the output.\n\n"
        "Example: lrpgen plot heatmap relevance.h5 --target donor -o donor.pdf"
    ),
)

Figure = Annotated[Path, typer.Option("--output", "-o", help="The figure: .svg, .pdf or .png.")]
Folder = Annotated[Path, typer.Argument(help="Folder of `lrpgen evaluate`.", show_default=False)]


@plot.command("logo", cls=Guarded)
def logo_command(
    source: Annotated[
        Path, typer.Argument(help="Folder of `lrpgen motifs` or `merge`, or a MEME file.", show_default=False)
    ],
    output: Figure,
    pattern: Annotated[
        list[str] | None,
        typer.Option("--pattern", help="Pattern to draw, NAME or, along the other strand, NAME:rc; repeatable."),
    ] = None,
    palette: Palette = "cvd",
    seed: Seed = 1,
) -> None:
    """Logos of patterns below each other: relevance and bits; of a MEME file bits.

    Example: lrpgen plot logo motifs/donor --pattern pos_0 --pattern pos_1:rc -o logos.pdf
    """
    del seed  # nothing is random here
    from ..plots.gallery import logos_figure, read_logos
    from ..plots.style import check_suffix

    check_suffix(output)
    _save(logos_figure(read_logos(source, pattern or ()), palette=palette), output)


@plot.command("locus", cls=Guarded)
def locus_command(
    region: Annotated[
        str, typer.Argument(help="contig:start-end, counted from 1, the end included.", show_default=False)
    ],
    output: Figure,
    relevance: Annotated[
        Path | None, typer.Option(help="Relevance store, or bigWig of `lrpgen tracks` (letters need --genome).")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Store: only windows of this class.")] = None,
    genome: Annotated[Path | None, typer.Option(help="FASTA with the letters, where no store has them.")] = None,
    prediction: Annotated[
        list[Path] | None, typer.Option(help="bigWig of `lrpgen predict --bigwig`; repeatable.")
    ] = None,
    annotation: Annotated[Path | None, typer.Option(help="Genes: GFF3, GTF or BED12.")] = None,
    bed: Annotated[
        list[Path] | None, typer.Option("--bed", help="Seqlets, hits, peaks, ... as BED; repeatable.")
    ] = None,
    palette: Palette = "cvd",
    seed: Seed = 1,
) -> None:
    """A stretch of a contig: predictions, relevance as letters of the + strand, genes, seqlets and hits, stacked.

    \b
    Example:
      lrpgen plot locus chr6:31,236,000-31,236,120 --relevance relevance.h5 --target donor \\
        --annotation genes.gff3 --bed motifs/donor/seqlets.bed --bed hits/donor.bed -o locus.svg
    """
    del seed
    from ..plots.locus import WIDEST, Sources, locus_figure
    from ..plots.style import check_suffix
    from ..sequences.place import read_place

    check_suffix(output)
    place = read_place(region, WIDEST)
    sources = Sources(relevance, genome, target, tuple(prediction or ()), annotation, tuple(bed or ()))
    _save(locus_figure(place, sources, palette=palette), output)


@plot.command("heatmap", cls=Guarded)
def heatmap_command(
    store: Annotated[Path, typer.Argument(help="Relevance store of windows.", show_default=False)],
    output: Figure,
    target: Annotated[str, typer.Option("--target", help="Class whose windows are drawn.", show_default=False)],
    align: Annotated[str, typer.Option(help="On the window's middle, or the boundary of splice sites.")] = "middle",
    sort: Annotated[str, typer.Option(help="output (highest first), cluster or position.")] = "output",
    flank: Annotated[int, typer.Option(min=1, help="Bases either side.")] = 50,
    sites: Annotated[int, typer.Option(min=1, help="At most so many windows, drawn by the seed.")] = 2000,
    seed: Seed = 1,
) -> None:
    """Relevance of many windows as a heat map, their mean above, the output beside it.

    Example: lrpgen plot heatmap relevance.h5 --target donor --align boundary --sort cluster -o donor.pdf
    """
    from ..plots.heatmap import heatmap_figure
    from ..plots.sites import read_sites
    from ..plots.style import check_suffix

    check_suffix(output)
    found = read_sites(store, target, align=align, flank=flank, most=sites, sort=sort, seed=seed)
    _save(heatmap_figure(found, title=f"relevance of {target}", align=align), output)


@plot.command("sweep", cls=Guarded)
def sweep_command(
    folder: Folder,
    output: Figure,
    base: Annotated[
        str | None, typer.Option(help="What was pruned, such as epsilon@uniform; the first of the summary.")
    ] = None,
    seed: Seed = 1,
) -> None:
    """Each measure against the share of the relevance that pruning drops.

    Example: lrpgen plot sweep evaluation --base epsilon -o sweep.pdf
    """
    del seed
    _evaluated(folder, "sweep", base, output)


@plot.command("evaluation", cls=Guarded)
def evaluation_command(
    folder: Folder,
    output: Figure,
    figure: Annotated[str, typer.Option(help="trade, curves or differences.")] = "trade",
    composite: Annotated[
        str | None, typer.Option(help="differences: of which rules; the first of the summary.")
    ] = None,
    seed: Seed = 1,
) -> None:
    """Methods compared: what each finds against its faithfulness and cost, its curves, or paired differences.

    Example: lrpgen plot evaluation evaluation --figure differences --composite epsilon -o differences.pdf
    """
    del seed
    _evaluated(folder, figure, composite, output)


def _evaluated(folder: Path, figure: str, which: str | None, output: Path) -> None:
    from ..plots.evaluation import one_figure, read_summary
    from ..plots.style import check_suffix

    check_suffix(output)
    _save(one_figure(read_summary(folder), figure, which), output)


def _save(figure: Any, output: Path) -> None:
    from ..plots.style import save_as
    from ..progress import say

    save_as(figure, output)
    say(f"drew {output}")
