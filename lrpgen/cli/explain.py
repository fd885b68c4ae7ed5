"""`lrpgen explain`"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from .options import (
    AllowCpu,
    BatchSize,
    Composite,
    Device,
    Gpus,
    PruneNegative,
    PrunePositive,
    Redistribute,
    Reference,
    Seed,
    Threads,
    read_batch_size,
    read_reference,
)
from .outcome import Numbers


def explain(
    model: Annotated[
        list[Path], typer.Option(help="Model of `lrpgen train`; of several, the mean.", show_default=False)
    ],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where the store goes.")] = None,
    windows: Annotated[Path | None, typer.Option(help="Explain windows of this file of `lrpgen windows`.")] = None,
    labels: Annotated[str | None, typer.Option(help="Classes to explain, by comma; all but the background.")] = None,
    genome: Annotated[Path | None, typer.Option(help="Explain tiles of this FASTA, both strands.")] = None,
    stride: Annotated[int, typer.Option(help="Distance of two tiles, bp.")] = 50,
    target: Annotated[str | None, typer.Option(help="Class to explain; windows: their own class.")] = None,
    composite: Composite = "epsilon",
    prune_positive: PrunePositive = "0.1",
    prune_negative: PruneNegative = None,
    redistribute: Redistribute = "lambda",
    reference: Reference = None,
    strands: Annotated[str, typer.Option(help="one, or both: average with the reverse complement.")] = "one",
    init: Annotated[str, typer.Option(help="Start with the logit, abs, one, sglrp or clrp.")] = "logit",
    describe: Annotated[bool, typer.Option("--describe", help="Say which rule each layer gets, and stop.")] = False,
    shard: Annotated[str, typer.Option(help="K/N: the Kth of N parts of the work.")] = "1/1",
    batch_size: BatchSize = "auto",
    precision: Annotated[str, typer.Option(help="float32, tf32 (GPU) or bfloat16, without pruning.")] = "float32",
    multipliers: Annotated[bool, typer.Option(help="Keep hypothetical contributions (motifs need them).")] = True,
    shuffled: Annotated[
        int, typer.Option(help="Explain so many dinucleotide shuffles of the windows: the null of `lrpgen motifs`.")
    ] = 0,
    calibrate: Annotated[
        Path | None, typer.Option(help="Measure windows/s, write the number of shards here (JSON), and stop.")
    ] = None,
    minutes: Annotated[float, typer.Option(help="With --calibrate: how long a job should last.")] = 60,
    seed: Seed = 1,
    device: Device = "auto",
    gpus: Gpus = 0,
    allow_cpu: AllowCpu = False,
    threads: Threads = 0,
) -> Numbers | None:
    """Pruned layer-wise relevance (PLRP) of windows or of a whole genome.

    A job that was killed goes on where it was when it is run again: finished blocks lie in OUTPUT.parts until it is done.

    Example: lrpgen explain --model model.safetensors --windows windows.h5 -o relevance.h5

    Example: lrpgen explain --model model.safetensors --genome genome.fa --target donor --shard 1/8 -o tiles-1.h5
    """
    from ..device import settle_device
    from ..files import check_output
    from ..lrp import Prune
    from ..relevance.run import Job, describe_model, explain_tiles, explain_windows
    from .pruning import settle_prune

    output = calibrate or output
    if not describe:
        _check_asked(output, windows, genome, shuffled)
    job = Job(
        model=model[0],
        members=tuple(model[1:]),
        output=output or Path(),
        target=target,
        composite=composite,
        reference=read_reference(reference),
        strands=strands,
        init=init,
        shard=parse_shard(shard),
        batch_size=read_batch_size(batch_size),
        precision=precision,
        multipliers=multipliers,
        device=settle_device(device, gpus, allow_cpu),
        threads=threads,
        seed=seed,
        shuffled=shuffled,
    )
    chosen = labels.split(",") if labels else None
    if prune_positive == "auto" and output:
        check_output(output)  # before the choice, which takes its time
    job = replace(
        job, prune=settle_prune(prune_positive, Prune(0.0, prune_negative, redistribute), job, windows, chosen)
    )
    if describe:
        print(describe_model(job.model, composite, job.prune))
        return None
    if calibrate is not None:
        from ..relevance.calibrate import calibrate_tiles, calibrate_windows

        if windows is not None:
            return calibrate_windows(job, windows, chosen, minutes)
        assert genome is not None  # checked above
        return calibrate_tiles(job, genome, stride, minutes)
    if windows is not None:
        return {"windows": explain_windows(job, windows, chosen)}
    assert genome is not None
    return {"tiles": explain_tiles(job, genome, stride)}


def _check_asked(output: Path | None, windows: Path | None, genome: Path | None, shuffled: int) -> None:
    if output is None:
        raise InputError("explain needs --output, the store to write; name a file")
    if (windows is None) == (genome is None):
        raise InputError("explain needs either --windows or --genome; give one of them")
    if shuffled and genome is not None:
        raise InputError("--shuffled is for --windows; tiles of a genome have no seqlets to compare with")


def parse_shard(text: str) -> tuple[int, int]:
    """`3/8` -> (3, 8). Raises `InputError` for anything else."""
    try:
        k, n = (int(part) for part in text.split("/"))
    except ValueError:
        raise InputError(f"shard {text!r} is not of the form K/N, for example 1/8") from None
    return k, n
