"""Small grammars whose results a person can work out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lrpgen.sequences import Genome

A, B, N = "GATTACAGCC", "CCTTGGAGTT", "AACGTGCATG"


def motif(sequence: str = A, count: Any = 1, **more: Any) -> dict[str, Any]:
    return {"sequence": sequence, "count": count, **more}


def save(folder: Path, **keys: Any) -> Path:
    """A grammar of 40 regions of 100 bp with A once in each and a value, changed by `keys`."""
    content = {"regions": 40, "width": 100, "gap": 10, "motifs": {"A": motif()}, "label": {"value": "y"}} | keys
    path = folder / "grammar.json"
    path.write_text(json.dumps(content))
    return path


def letters(folder: Path, truth: Any) -> list[str]:
    """What the genome reads at each planted motif, along the motif's strand."""
    with Genome(folder / "genome.fa") as genome:
        return [genome.fetch(row["chrom"], row["start"], row["end"], row["strand"]) for _, row in truth.iterrows()]
