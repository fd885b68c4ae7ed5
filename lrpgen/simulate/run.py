"""A grammar and a seed become a folder: genome, regions, labels, and where everything was planted."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import __version__
from ..errors import InputError
from ..files import atomic_dir, write_json, write_text
from ..progress import say
from ..sequences.onehot import BASES
from .grammar import Grammar, read_grammar
from .plant import Planted, draw_counts, plant, write_motifs
from .truth import COLUMNS

LINE = 80  # letters per line of the FASTA


def simulate(
    grammar: Grammar | str | os.PathLike[str], out_dir: str | os.PathLike[str], seed: int = 1
) -> dict[str, Any]:
    """Write the folder `out_dir`, whole or not at all; returns what summary.json holds.

    genome.fa, regions.bed, truth.bed, counts.tsv, motifs.meme, grammar.yaml, summary.json, and labels.tsv (a value for each
    region) or positives.bed and negatives.bed. Same grammar, same seed: same files. Raises `InputError` as
    `read_grammar` does, for regions too crowded, and for a class that no region falls into.
    """
    grammar = grammar if isinstance(grammar, Grammar) else read_grammar(grammar)
    random = np.random.default_rng(seed)
    grammar = replace(grammar, motifs={name: _columns(motif, random) for name, motif in grammar.motifs.items()})
    counts = draw_counts(grammar, random)
    layouts = plant(grammar, counts, random)
    counts = _with_pairs(grammar, counts)
    minus = random.random(grammar.regions) < grammar.minus
    codes = grammar.background.draw(grammar.regions, grammar.width + grammar.gap, random)
    write_motifs(codes[:, : grammar.width], layouts, grammar.motifs, random)
    codes[minus, : grammar.width] = 3 - codes[minus, : grammar.width][:, ::-1]
    regions, genome = _places(grammar, codes, minus, random)
    truth = _truth(grammar, layouts, regions)
    label, summary = _label(grammar, counts, random)
    summary = {
        "regions": grammar.regions,
        "width": grammar.width,
        "planted": {name: int(column.sum()) for name, column in counts.items()},
        "regions_with": {name: int((column > 0).sum()) for name, column in counts.items()},
        **summary,
        "seed": seed,
        "lrpgen_version": __version__,
    }
    with atomic_dir(out_dir) as folder:
        _write(folder, grammar, genome, regions, truth, counts, label)
        write_json(folder / "summary.json", summary)
    say(f"{out_dir}: {grammar.regions:,} regions of {grammar.width} bp, {len(truth):,} planted motifs")
    return summary


def _columns(motif: Any, random: np.random.Generator) -> Any:
    return replace(motif, ppm=motif.ppm[:, random.permutation(motif.width)]) if motif.shuffled else motif


def _with_pairs(grammar: Grammar, counts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Counts as labels see them: a motif in a pair counts as that motif too."""
    found = {name: column.copy() for name, column in counts.items()}
    for name, pair in grammar.pairs.items():
        for member in (pair.first, pair.second):
            found[member] += counts[name]
    return found


def _places(
    grammar: Grammar, codes: np.ndarray, minus: np.ndarray, random: np.random.Generator
) -> tuple[pd.DataFrame, dict[str, str]]:
    """regions (chrom, start, end, name, score, strand) and the genome: regions one after the other, `gap` bp around each."""
    numbers = np.array_split(np.arange(grammar.regions), grammar.contigs)
    letters = np.frombuffer(BASES.encode(), dtype=np.uint8)
    genome, tables = {}, []
    for number, rows in enumerate((rows for rows in numbers if len(rows)), start=1):
        edge = grammar.background.draw(1, grammar.gap, random)[0]
        bases = np.concatenate([edge, codes[rows].ravel()])
        genome[f"sim{number}"] = letters[bases].tobytes().decode()
        start = grammar.gap + np.arange(len(rows)) * (grammar.width + grammar.gap)
        tables.append(pd.DataFrame({"chrom": f"sim{number}", "start": start, "end": start + grammar.width}))
    regions = pd.concat(tables, ignore_index=True)
    names = [f"r{number}" for number in range(1, grammar.regions + 1)]
    return regions.assign(name=names, score=0, strand=np.where(minus, "-", "+")), genome


def _truth(grammar: Grammar, layouts: list[list[Planted]], regions: pd.DataFrame) -> pd.DataFrame:
    """COLUMNS of everything planted, in genome coordinates."""
    rows = []
    columns = [regions[name].tolist() for name in ("chrom", "start", "end", "strand", "name")]
    for (chrom, first, last, strand, region), layout in zip(zip(*columns, strict=True), layouts, strict=True):
        for one in layout:
            width, turned = grammar.motifs[one.motif].width, strand == "-"
            start = last - one.start - width if turned else first + one.start
            sign = {1: "+", -1: "-", 0: "0"}[int(np.sign(grammar.motifs[one.motif].weight))]
            along = "-" if one.reverse != turned else "+"
            rows.append((chrom, start, start + width, one.motif, 0, along, sign, region))
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values(["chrom", "start"], kind="stable")


def _label(
    grammar: Grammar, counts: dict[str, np.ndarray], random: np.random.Generator
) -> tuple[np.ndarray, dict[str, Any]]:
    """bool or float (regions,), and what the summary says of it."""
    if grammar.positive is None:
        value = sum(weight * counts[name] for name, weight in grammar.weights.items())
        value = value + grammar.noise * random.standard_normal(grammar.regions)
        return value, {"value": grammar.value, "mean": float(value.mean()), "sd": float(value.std())}
    positive = grammar.positive(counts)
    if positive.all() or not positive.any():
        which = "positive" if positive.all() else "negative"
        raise InputError(f"label.class makes every region {which}; change the expression or the counts")
    return positive, {"positives": int(positive.sum()), "negatives": int((~positive).sum())}


def _write(
    folder: Path,
    grammar: Grammar,
    genome: dict[str, str],
    regions: pd.DataFrame,
    truth: pd.DataFrame,
    counts: dict[str, np.ndarray],
    label: np.ndarray,
) -> None:
    def table(name: str, rows: pd.DataFrame, header: bool = False) -> None:
        rows.to_csv(folder / name, sep="\t", header=header, index=False, lineterminator="\n")

    with open(folder / "genome.fa", "w", encoding="ascii") as file:
        for name, letters in genome.items():
            file.write(f">{name}\n")
            file.writelines(letters[at : at + LINE] + "\n" for at in range(0, len(letters), LINE))
    table("regions.bed", regions)
    table("truth.bed", truth)
    table("counts.tsv", pd.DataFrame({"name": regions["name"], **counts}), header=True)
    if grammar.value is None:
        table("positives.bed", regions.loc[label])
        table("negatives.bed", regions.loc[~label])
    else:
        table("labels.tsv", pd.DataFrame({"name": regions["name"], grammar.value: label.round(6)}), header=True)
    write_text(folder / "motifs.meme", _meme(grammar))
    write_text(folder / "grammar.yaml", grammar.text)


def _meme(grammar: Grammar) -> str:
    """The planted matrices by their names in the grammar, in MEME's minimal format."""
    blocks = ["MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n"]
    for name, motif in grammar.motifs.items():
        rows = "".join("  ".join(f"{value:.6f}" for value in column) + "\n" for column in motif.ppm.T)
        blocks.append(f"MOTIF {name} {motif.source}\nletter-probability matrix: alength= 4 w= {motif.width}\n{rows}")
    return "\n".join(blocks)
