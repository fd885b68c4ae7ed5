"""A small annotated genome: one gene on each strand of contig `c`, in GFF3, GTF and BED12, and tracks to lay on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyBigWig

# Two exons each; the gene on + is coding in 120..180 and 220..250, the one on - in 620..680.
GFF3 = """##gff-version 3
##sequence-region c 1 1000
c\tx\tgene\t101\t300\t.\t+\t.\tID=g1;Name=one%2C two
c\tx\tmRNA\t101\t300\t.\t+\t.\tID=t1;Parent=g1
c\tx\texon\t101\t180\t.\t+\t.\tParent=t1
c\tx\texon\t221\t300\t.\t+\t.\tParent=t1
c\tx\tCDS\t121\t180\t.\t+\t0\tParent=t1
c\tx\tCDS\t221\t250\t.\t+\t0\tParent=t1
c\tx\tgene\t601\t800\t.\t-\t.\tID=g2;Name=two
c\tx\tmRNA\t601\t800\t.\t-\t.\tID=t2;Parent=g2
c\tx\texon\t601\t680\t.\t-\t.\tParent=t2
c\tx\texon\t721\t800\t.\t-\t.\tParent=t2
c\tx\tCDS\t621\t680\t.\t-\t0\tParent=t2
"""
NAMES = {"t1": ("g1", "one%2C two"), "t2": ("g2", "two")}
BED12 = (
    "c\t100\t300\tone, two\t0\t+\t120\t250\t0\t2\t80,80\t0,120\nc\t600\t800\ttwo\t0\t-\t620\t680\t0\t2\t80,80\t0,120\n"
)
# feature -> (start, end, strand), 0-based half-open, with promoters of 50 bp
SPANS = {
    "gene": {(100, 300, "+"), (600, 800, "-")},
    "exon": {(100, 180, "+"), (220, 300, "+"), (600, 680, "-"), (720, 800, "-")},
    "CDS": {(120, 180, "+"), (220, 250, "+"), (620, 680, "-")},
    "five_prime_UTR": {(100, 120, "+"), (720, 800, "-")},
    "three_prime_UTR": {(250, 300, "+"), (600, 620, "-")},
    "intron": {(180, 220, "+"), (680, 720, "-")},
    "promoter": {(50, 100, "+"), (800, 850, "-")},
    "intergenic": {(0, 100, "."), (300, 600, "."), (800, 1000, ".")},
}


def gtf() -> str:
    """The same as GTF, with 'UTR' where GENCODE says so."""
    rows = []
    for line in GFF3.splitlines():
        if line.startswith("#"):
            continue
        columns = line.split("\t")
        word = columns[8].split("Parent=")[-1] if "Parent=" in columns[8] else columns[8].split("=")[1].split(";")[0]
        transcript = {"g1": "t1", "g2": "t2"}.get(word, word)
        gene = NAMES[transcript][0]
        kind = {"mRNA": "transcript"}.get(columns[2], columns[2])
        notes = f'gene_id "{gene}"; ' + (f'transcript_id "{transcript}"; ' if kind != "gene" else "") + 'tag "x; y";'
        rows.append("\t".join([*columns[:2], kind, *columns[3:8], notes]))
    rows.append('c\tx\tUTR\t101\t120\t.\t+\t.\tgene_id "g1"; transcript_id "t1";')
    return "\n".join(rows) + "\n"


def write_bigwig(path: Path, tracks: dict[str, np.ndarray]) -> Path:
    """Values per base and contig; NaN are left out."""
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([(name, len(values)) for name, values in tracks.items()])
        for name, values in tracks.items():
            at = np.flatnonzero(~np.isnan(values))
            if len(at):
                file.addEntries([name] * len(at), at.tolist(), ends=(at + 1).tolist(), values=values[at].tolist())
    return path
