"""What the methods paragraph cites: only what this run used."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .collect import Results
from .parameters import pruned

ACCESSION = re.compile(r"^[A-Z]{1,2}\d{5,8}\.\d+$")  # an INSDC sequence with its version, such as BA000025.2


@dataclass(frozen=True)
class Reference:
    key: str
    text: str
    url: str


LRP = Reference(
    "lrp",
    "Bach S, Binder A, Montavon G, Klauschen F, Müller K-R, Samek W. On pixel-wise explanations for non-linear "
    "classifier decisions by layer-wise relevance propagation. PLoS ONE 10(7): e0130140 (2015).",
    "https://doi.org/10.1371/journal.pone.0130140",
)
PLRP = Reference(
    "plrp",
    "Yanez Sarmiento P, Witzke S, Klein N, Renard BY. Sparse explanations of neural networks using pruned layer-wise "
    "relevance propagation. ECML PKDD (2024), arXiv:2404.14271.",
    "https://arxiv.org/abs/2404.14271",
)
MODISCO = Reference(
    "modisco",
    "Shrikumar A, Tian K, Avsec Ž, et al. Technical note on transcription factor motif discovery from importance "
    "scores (TF-MoDISco). arXiv:1811.00416 (2018); run as modisco-lite.",
    "https://arxiv.org/abs/1811.00416",
)
TANGERMEME = Reference(
    "tangermeme",
    "Schreiber J. tangermeme: a toolkit for understanding cis-regulatory logic using deep learning models "
    "(recursive seqlets).",
    "https://github.com/jmschrei/tangermeme",
)
LOGOMAKER = Reference(
    "logomaker",
    "Tareen A, Kinney JB. Logomaker: beautiful sequence logos in Python. Bioinformatics 36(7): 2272–2274 (2020).",
    "https://doi.org/10.1093/bioinformatics/btz921",
)


def references(results: Results) -> list[Reference]:
    """References in the order in which the methods paragraph names them."""
    used = []
    for contig in results.windows.contigs if results.windows else []:
        if ACCESSION.match(contig.name):
            url = f"https://www.ebi.ac.uk/ena/browser/view/{contig.name}"
            used.append(Reference(contig.name, f"Sequence {contig.name}, INSDC (DDBJ/ENA/GenBank).", url))
    if results.explained:
        used.append(LRP)
        if pruned(results):
            used.append(PLRP)
    if results.motifs:
        used += [TANGERMEME]
        if any(m.grouping == "modisco" for m in results.motifs):
            used += [MODISCO]
        used += [LOGOMAKER]
    return used
