"""Loci for the table and the base-level view: script files beside the page, loaded when they are asked for.

A page opened from disk may not read files by itself, but it may run scripts: each file calls `lrpgenData(name, value)`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .charts import class_styles
from .collect import Results
from .loci import LOCUS_FIELDS
from .setting import setting

FOLDER = "data"
PART_BYTES = 300_000  # of letters and relevance in one file
LOCI = "loci"


def write_loci(results: Results, folder: Path) -> None:
    """data/loci.js with the rows, data/bases_0.js, bases_1.js, ... with what is drawn of each."""
    explained = results.explained
    if explained is None or not explained.loci:
        return
    per = per_file(explained.width)
    table = {"fields": LOCUS_FIELDS, "per": per, "rows": explained.loci, **_words(results)}
    write_data(folder, LOCI, table)
    for part, start in enumerate(range(0, len(explained.bases), per)):
        write_data(folder, f"bases_{part}", explained.bases[start : start + per])


def per_file(width: int) -> int:
    """Loci whose bases share a file: a letter and two packed bytes, four thirds as base64, per base."""
    return max(1, PART_BYTES // (4 * width))


def _words(results: Results) -> dict[str, Any]:
    source, run = results.windows.source if results.windows else "", setting(results)
    return {
        "genome": source != "sequences",
        "parts": run.parts,
        "prediction": "probability" if run.probabilities else "prediction",
        "from": "the splice boundary" if source == "splice-sites" else "the middle",
        "styles": class_styles(results),
    }


def write_data(folder: Path, name: str, value: Any) -> None:
    """data/NAME.js, which a page loads by this name."""
    (folder / FOLDER).mkdir(exist_ok=True)
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    (folder / FOLDER / f"{name}.js").write_text(f'lrpgenData("{name}",{text});\n', encoding="utf-8")
