"""`lrpgen predict`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import InputError
from .options import AllowCpu, Device, Gpus, Output, Seed, Threads
from .outcome import Numbers


def predict(
    model: Annotated[
        list[Path], typer.Option(help="Model of `lrpgen train`; several are averaged.", show_default=False)
    ],
    output: Output,
    windows: Annotated[Path | None, typer.Argument(help="File of `lrpgen windows`.", show_default=False)] = None,
    bed: Annotated[Path | None, typer.Option(help="Instead: regions of --genome, around their middles.")] = None,
    genome: Annotated[Path | None, typer.Option(help="Genome of --bed; without it: tile the whole genome.")] = None,
    fasta: Annotated[Path | None, typer.Option(help="Instead: sequences as long as the model's window.")] = None,
    stride: Annotated[int, typer.Option(help="Distance of two tiles, bp.")] = 50,
    bigwig: Annotated[Path | None, typer.Option(help="Tiles: also tracks, this prefix, one per class.")] = None,
    labels: Annotated[str | None, typer.Option(help="Classes with a track, by comma; all but the background.")] = None,
    target: Annotated[
        str | None, typer.Option(help="Windows: the output that their first class judges, where names differ.")
    ] = None,
    metrics: Annotated[Path | None, typer.Option(help="Windows: also quality on each part, as JSON.")] = None,
    baseline: Annotated[Path | None, typer.Option(help="JSON of `lrpgen baseline` to put beside it.")] = None,
    plots: Annotated[Path | None, typer.Option(help="Windows: also figures of the test part, this folder.")] = None,
    rc_average: Annotated[
        bool, typer.Option("--rc-average", help="Average with the reverse complement; not where strand matters.")
    ] = False,
    batch_size: Annotated[int, typer.Option(help="Windows at a time.")] = 512,
    seed: Seed = 1,
    device: Device = "auto",
    gpus: Gpus = 0,
    allow_cpu: AllowCpu = False,
    threads: Threads = 0,
) -> Numbers:
    """Predictions for labelled windows (and how good they are), for regions, for sequences or for a whole genome.

    Example: lrpgen predict results/hla/windows.h5 --model results/hla/model.safetensors -o predictions.tsv

    Example: lrpgen predict --genome genome.fa --stride 10 --model a.safetensors --model b.safetensors -o tiles.tsv.gz
    """
    del seed  # nothing is random here; every command takes it, so that scripts need not know which do
    _check_choice(windows, bed, genome, fasta)
    if windows is None and (metrics or plots or baseline):
        raise InputError("metrics, plots and baseline need labels; give a file of `lrpgen windows`")
    if bigwig is not None and (genome is None or bed is not None):
        raise InputError("tracks are made of tiles; give --genome without --bed")
    from ..device import settle_device

    place = settle_device(device, gpus, allow_cpu)
    how = {"rc_average": rc_average, "batch_size": batch_size, "device": place, "threads": threads}
    if windows is not None:
        from ..models.predict import predict

        found = predict(windows, model, output, metrics, target=target, baseline=baseline, plots=plots, **how)
        return _key_numbers(found)
    from ..models.ensemble import Ensemble
    from ..models.scan import predict_fasta, predict_genome, predict_regions

    ensemble = Ensemble(model, **how)
    if fasta is not None:
        return {"sequences": predict_fasta(fasta, ensemble, output)}
    assert genome is not None  # checked above
    if bed is not None:
        return {"regions": predict_regions(bed, genome, ensemble, output)}
    chosen = labels.split(",") if labels else None
    return {"tiles": predict_genome(genome, stride, ensemble, output, bigwig=bigwig, labels=chosen)}


def _key_numbers(metrics: dict[str, Any]) -> Numbers:
    """Of each part that has windows: how many, and what is said about all outputs at once."""
    parts = {part: found for part, found in metrics["splits"].items() if found["windows"]}
    return {
        part: {"windows": found["windows"]} | {k: v for k, v in found["overall"].items() if isinstance(v, float)}
        for part, found in parts.items()
    }


def _check_choice(windows: Path | None, bed: Path | None, genome: Path | None, fasta: Path | None) -> None:
    if bed is not None and genome is None:
        raise InputError("--bed needs the genome its regions are on; give --genome")
    if sum(given is not None for given in (windows, genome, fasta)) != 1:
        raise InputError("predict needs one input: a windows file, --fasta, or --genome (with --bed or alone)")
