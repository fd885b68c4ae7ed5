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


INTEGRATED = Reference(
    "integrated",
    "Sundararajan M, Taly A, Yan Q. Axiomatic attribution for deep networks. ICML (2017), arXiv:1703.01365.",
    "https://arxiv.org/abs/1703.01365",
)
RELATIVE = Reference(
    "relative",
    "Nyiri E, Gibaru O. Relative layer-wise relevance propagation. arXiv:2501.14322 (2025); a reconstruction.",
    "https://arxiv.org/abs/2501.14322",
)
SGLRP = Reference(
    "sglrp",
    "Iwana BK, Kuroki R, Uchida S. Explaining convolutional neural networks using softmax gradient layer-wise "
    "relevance propagation. ICCV Workshops (2019), arXiv:1908.04351.",
    "https://arxiv.org/abs/1908.04351",
)
NEURONS = Reference(
    "neurons",
    "Bhati D, Neha F, Amiruzzaman M, et al. Neural network interpretability with layer-wise relevance propagation: novel "
    "techniques for neuron selection and visualization. arXiv:2412.05686 (2024); the definitions here are ours.",
    "https://arxiv.org/abs/2412.05686",
)
DECONVOLUTION = Reference(
    "deconvolution",
    "Zeiler MD, Fergus R. Visualizing and understanding convolutional networks. ECCV (2014), arXiv:1311.2901.",
    "https://arxiv.org/abs/1311.2901",
)
# What the name of a method on images begins with -> what it cites beside LRP.
OF_METHODS = {"plrp-": PLRP, "relative": RELATIVE, "sglrp": SGLRP, "integrated_gradients": INTEGRATED}


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
    if results.images:
        named = results.images.methods
        used += [LRP, *(ref for start, ref in OF_METHODS.items() if any(name.startswith(start) for name in named))]
    if results.network:
        used += [NEURONS, DECONVOLUTION]
    return used
