"""Neurons of a network and the ways of relevance through it, for 1-d genomic nets and images alike (METHODS 4).

`layers` names the layers with weights and how they follow each other; `batch` explains inputs once and sends any part of a
layer's relevance on; `selection` asks which channels carry an explanation, `flow` what goes from channel to channel, `paths`
which way most of it takes, `deconvolution` what a unit saw. `study` does all of it on tensors; `run` reads and writes files.

Source: Bhati et al. 2024 (arXiv 2412.05686); Paper: graphs of critical paths with heat maps, neurons selected by MSE and
SMAPE, deconvolution. Ours: every definition here, since the algorithm is not public.
"""

from .batch import Batch
from .deconvolution import deconvolve
from .layers import Layer, weighted_layers
from .paths import critical_paths
from .selection import SELECTORS
from .study import Setting, Study, study

__all__ = [
    "SELECTORS",
    "Batch",
    "Layer",
    "Setting",
    "Study",
    "critical_paths",
    "deconvolve",
    "study",
    "weighted_layers",
]
