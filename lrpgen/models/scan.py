"""Predictions for sequence that has no labels: regions of a genome, a FASTA of windows, a whole genome by tiles.

Memory does not grow with the number of regions or the length of the genome.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from ..progress import progress, say
from ..sequences import Genome, Tiles, read_bed, read_fasta
from ..sequences.onehot import encode_array
from .ensemble import Ensemble, check_width
from .predict import new_table
from .tracks import open_tracks


def predict_regions(bed: Path, genome: Path, ensemble: Ensemble, output: Path) -> int:
    """Predict the window around the middle of each region of `bed`, on its strand; returns how many.

    Regions whose window leaves the contig are left out and counted aloud. Raises `InputError` when none is left.
    """
    width = ensemble.card.width
    with Genome(genome) as source:
        table = read_bed(bed, source.contigs).drop(columns=["score", "line"])
        start = (table["start"] + (table["end"] - table["start"]) // 2 - width // 2).to_numpy()
        lengths = np.array([source.contigs[name] for name in table["chrom"]])
        inside = (start >= 0) & (start + width <= lengths)
        table = table.assign(start=start, end=start + width)
        table = table.loc[inside]
        if not len(table):
            raise InputError(f"{bed}: no region has a window of {width} bp within its contig; check BED and FASTA")
        if not inside.all():
            say(f"predicting: left out, window of {width} bp over the contig's end: {int((~inside).sum()):,}")
        with progress("predicting", len(table), "regions") as advance, new_table(output, ensemble) as rows:
            for at in range(0, len(table), ensemble.batch_size):
                part = table.iloc[at : at + ensemble.batch_size]
                places = part[["chrom", "start", "end", "strand"]].itertuples(index=False, name=None)
                rows.add(part, ensemble.predict(np.stack([source.onehot(*place) for place in places])))
                advance(len(part))
    return len(table)


def predict_fasta(fasta: Path, ensemble: Ensemble, output: Path) -> int:
    """Predict every record of `fasta`, each as long as the model's window; returns how many.

    Raises `InputError` for a record of another length.
    """
    count = 0
    with new_table(output, ensemble) as rows:
        for records in _batched(read_fasta(fasta), ensemble.batch_size):
            for name, sequence in records:
                check_width(ensemble.card, len(sequence), f"{fasta}: record {name!r} is")
            onehot = np.stack([encode_array(sequence, f"{fasta}: record {name!r}") for name, sequence in records])
            rows.add(pd.DataFrame({"name": [name for name, _ in records]}), ensemble.predict(onehot))
            count += len(records)
    return count


def predict_genome(
    genome: Path,
    stride: int,
    ensemble: Ensemble,
    output: Path,
    *,
    bigwig: Path | None = None,
    labels: list[str] | None = None,
) -> int:
    """Predict tiles every `stride` bp on both strands; returns how many.

    With `rc_average` both strands say the same, so there is one row a place, of strand ".".

    bigwig : prefix of one track per class and strand, `PREFIX.<class>.<plus|minus>.bw` (`PREFIX.<class>.bw` with
        rc_average). The bases around the centre of a tile, `stride` of them, have the tile's prediction.
    labels : classes with a track; None = all, but the last (the background) where classes are exclusive.
    """
    with Genome(genome) as source:
        tiles = Tiles(source, ensemble.card.width, stride)
        index = np.arange(0, len(tiles), 2 if ensemble.rc_average else 1)  # '+' and '-' take turns
        with ExitStack() as stack:
            tracks = None
            if bigwig is not None:
                one = ensemble.rc_average
                tracks = open_tracks(stack, bigwig, ensemble.card, labels, source.contigs, stride, one_strand=one)
            advance = stack.enter_context(progress("predicting", len(index), "tiles"))
            rows = stack.enter_context(new_table(output, ensemble))
            for at in range(0, len(index), ensemble.batch_size):
                regions, onehot = tiles.batch(index[at : at + ensemble.batch_size])
                found = ensemble.predict(onehot)
                if tracks is not None:
                    tracks.add(regions, found.mean)
                strand = "." if ensemble.rc_average else regions["strand"]
                rows.add(regions[["chrom", "start", "end"]].assign(strand=strand), found)
                advance(len(regions))
    return len(index)


def _batched(records: Iterator[tuple[str, str]], size: int) -> Iterator[list[tuple[str, str]]]:
    while some := list(islice(records, size)):
        yield some
