"""A tiny synthetic setting (a genome with planted splice sites, a peak set, a FASTA) and a Snakemake to run it with."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
COMPLEMENT = str.maketrans("ACGT", "TGCA")
GENES, GENE = 100, 400  # a gene of 400 bp: exon 100, intron 100, exon 100, and 100 bp between genes
HEADER = "sample\tsource\tfasta\tbed\tnegatives\ttarget\tannotation"
CONFIG: dict[str, Any] = {
    "samples": "samples.tsv",
    "windows": {"width": 64, "decoys_per_site": 2, "validation_start": 20_000, "test_start": 28_000},
    "model": {"epochs": 2, "batch_size": 32},
    "explain": {"shards": 2},
    "tracks": {"stride": 400, "shards": 2},
    "filters": {"logos": 2},
    "neurons": {"inputs": 4, "channels": 2, "draws": 1},
    "enrich": {"shifts": 50},
}


def command(*arguments: str) -> list[str]:
    """The command line of Snakemake with this repository's Snakefile."""
    return [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), *arguments]


def environment() -> dict[str, str]:
    """This process's environment with the tested lrpgen first on PATH, and no profile of the user's."""
    env = {name: value for name, value in os.environ.items() if name != "SNAKEMAKE_PROFILE"}
    return {**env, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}", "XDG_CONFIG_HOME": os.devnull}


def run(folder: Path, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in `folder` and wait; standard error and output come back together as `stdout`."""
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )


def gene(rng: random.Random) -> str:
    """Random bases with CAG|GTAAGT where the intron starts and a pyrimidine tract with AG where it ends."""
    bases = rng.choices("ACGT", k=GENE)
    bases[97:106] = "CAGGTAAGT"
    bases[182:200] = [*rng.choices("CT", k=15), "C", "A", "G"]
    return "".join(bases)


def write_setting(folder: Path, samples: dict[str, str]) -> None:
    """genome.fa, genes.bed, peaks.bed, positives.fa, config.yaml, and a sheet of the wanted samples (name: source)."""
    rng = random.Random(1)
    genes = [gene(rng) for _ in range(GENES)]
    strands = ["+" if i % 2 else "-" for i in range(GENES)]
    turned = [g if s == "+" else g.translate(COMPLEMENT)[::-1] for g, s in zip(genes, strands, strict=True)]
    (folder / "genome.fa").write_text(">chr1\n" + "\n".join(turned) + "\n")
    (folder / "positives.fa").write_text("".join(f">site{i}\n{g[68:132]}\n" for i, g in enumerate(genes)))
    blocks, peaks = [], []
    for i, strand in enumerate(strands):
        start, end = (i * GENE, i * GENE + 300) if strand == "+" else (i * GENE + 100, (i + 1) * GENE)
        row = ["chr1", start, end, f"gene{i}", 0, strand, start, end, 0, 2, "100,100", "0,200"]
        blocks.append("\t".join(map(str, row)))
        peaks.append(f"chr1\t{start + 60}\t{start + 124}\tpeak{i}\t0\t{strand}")
    (folder / "genes.bed").write_text("\n".join(blocks) + "\n")
    (folder / "peaks.bed").write_text("\n".join(peaks) + "\n")
    files = {
        "splice-sites": "genome.fa\tgenes.bed\t\tdonor\tgenes.bed",
        "regions": "genome.fa\tpeaks.bed\t\t\t",
        "sequences": "positives.fa\t\t\t\t",
    }
    rows = [f"{name}\t{source}\t{files[source]}" for name, source in samples.items()]
    (folder / "samples.tsv").write_text("\n".join([HEADER, *rows]) + "\n")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
