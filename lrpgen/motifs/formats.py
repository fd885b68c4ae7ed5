"""Exports: MEME with the real number of sites, BED in genome coordinates, tables, and all matrices as HDF5."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from ..errors import InputError
from ..files import existing
from . import matrices, names
from .patterns import Pattern
from .seqlets import to_genome

SUMMARY_COLUMNS = (
    "pattern", "sign", "seqlets", "length", "consensus", "information_bits", "mean_relevance", "logo",
    *names.SUMMARY,
)  # fmt: skip
DECIMALS = 6


@dataclass(frozen=True)
class Matrices:
    """A pattern without its places, as patterns.h5 holds it: (4, W) counts and mean relevance of `seqlets` seqlets.
    `members`: the patterns it was merged from, if it was."""

    name: str
    sign: str
    seqlets: int
    pfm: np.ndarray
    cwm: np.ndarray
    hypothetical_cwm: np.ndarray
    members: tuple[str, ...] = ()

    @property
    def mean_relevance(self) -> float:
        return float(self.cwm.sum())


Shown = Pattern | Matrices


def summary(pattern: Shown, background: np.ndarray) -> dict[str, str | int | float]:
    """What people read of a pattern: SUMMARY_COLUMNS less what `names` adds, and the reverse complement's logo."""
    ppm = matrices.probabilities(pattern.pfm, background)
    return {
        "pattern": pattern.name,
        "sign": pattern.sign,
        "seqlets": pattern.seqlets,
        "length": pattern.pfm.shape[1],
        "consensus": matrices.consensus(ppm),
        "information_bits": round(float(matrices.information(pattern.pfm, background).sum()), 3),
        "mean_relevance": float(f"{pattern.mean_relevance:.6g}"),
        "logo": f"logos/{pattern.name}.svg",
        "logo_rc": f"logos/{pattern.name}.rc.svg",
    }


def write_table(path: Path, rows: Sequence[dict[str, Any]], columns: Sequence[str] = SUMMARY_COLUMNS) -> None:
    """patterns.tsv; only its header when there are no patterns. The columns of names are empty without names."""
    pd.DataFrame(rows, columns=list(columns)).to_csv(path, sep="\t", index=False)


def meme_text(patterns: Sequence[Shown], background: np.ndarray) -> str:
    """MEME minimal motif format, version 4. Each row sums to exactly 1 as printed."""
    letters = " ".join(f"{b} {v}" for b, v in zip("ACGT", _printed(background), strict=True))
    lines = [
        "MEME version 4", "", "ALPHABET= ACGT", "", "strands: + -", "", "Background letter frequencies", letters, "",
    ]  # fmt: skip
    for pattern in patterns:
        ppm = matrices.probabilities(pattern.pfm, background)
        lines += [
            f"MOTIF {pattern.name} {matrices.consensus(ppm)}",
            f"letter-probability matrix: alength= 4 w= {ppm.shape[1]} nsites= {pattern.seqlets} E= 0",
            *("  ".join(_printed(column)) for column in ppm.T),
            "",
        ]
    return "\n".join(lines) + "\n"


def _printed(shares: np.ndarray) -> list[str]:
    """`shares` as decimals that add up to 1: the rounding error goes to the largest."""
    units = np.round(np.asarray(shares, dtype=np.float64) * 10**DECIMALS).astype(np.int64)
    units[np.argmax(units)] += 10**DECIMALS - units.sum()
    return [f"{unit / 10**DECIMALS:.{DECIMALS}f}" for unit in units]


def write_matrices(path: Path, patterns: Sequence[Shown], background: np.ndarray) -> None:
    """patterns.h5: per pattern the (4, W) matrices pfm, ppm, cwm, hypothetical_cwm; attributes sign and seqlets."""
    with h5py.File(path, "w") as file:
        file.attrs["background"] = background
        for pattern in patterns:
            group = file.create_group(pattern.name)
            group["pfm"] = pattern.pfm
            group["ppm"] = matrices.probabilities(pattern.pfm, background)
            group["cwm"] = pattern.cwm
            group["hypothetical_cwm"] = pattern.hypothetical_cwm
            group.attrs["sign"] = pattern.sign
            group.attrs["seqlets"] = pattern.seqlets


def read_matrices(path: Path) -> tuple[list[Matrices], np.ndarray]:
    """What `write_matrices` wrote: the patterns, largest first, and the (4,) background. `InputError` for others."""
    try:
        with h5py.File(existing(path, "pattern file"), "r") as file:
            background = np.asarray(file.attrs["background"], dtype=np.float64)
            return sorted((_matrices(name, group) for name, group in file.items()), key=_number), background
    except (OSError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise InputError(f"{path} is not a patterns.h5 of `lrpgen motifs` ({error}); give one of its making") from error


def _matrices(name: str, group: Any) -> Matrices:
    pfm, cwm, hypothetical = (np.asarray(group[key]) for key in ("pfm", "cwm", "hypothetical_cwm"))
    sign, seqlets = str(group.attrs["sign"]), int(group.attrs["seqlets"])
    if not pfm.shape == cwm.shape == hypothetical.shape == (4, pfm.shape[-1]) or not cwm.any():
        raise ValueError(f"pattern {name} has no matrices that fit")
    if sign not in ("+", "-") or seqlets < 1:
        raise ValueError(f"pattern {name} has sign {sign} and {seqlets} seqlets")
    return Matrices(name, sign, seqlets, pfm, cwm, hypothetical)


def _number(pattern: Matrices) -> tuple[str, int, str]:
    """Order of patterns within a folder, which names hold: positive first, then by number."""
    digits = pattern.name.rpartition("_")[2]
    return pattern.sign, int(digits) if digits.isdigit() else 0, pattern.name


def instances(patterns: Sequence[Pattern]) -> pd.DataFrame:
    """Every place of every pattern in window coordinates: window, start, end, reverse, pattern, sign."""
    frames = [
        pd.DataFrame(
            {
                "window": p.frame.window,
                "start": p.frame.start,
                "end": p.frame.start + p.frame.width,
                "reverse": p.frame.reverse,
                "pattern": p.name,
                "sign": p.sign,
            }
        )
        for p in patterns
    ]
    columns = ["window", "start", "end", "reverse", "pattern", "sign"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def name_seqlets(seqlets: pd.DataFrame, places: pd.DataFrame) -> list[str]:
    """For each seqlet the pattern whose place covers most of it (same window and sign), or "."."""
    at: dict[tuple[int, str], list[tuple[int, int, str]]] = {}
    for window, sign, start, end, name in zip(
        places["window"], places["sign"], places["start"], places["end"], places["pattern"], strict=True
    ):
        at.setdefault((int(window), sign), []).append((int(start), int(end), name))
    names = []
    for window, sign, start, end in zip(
        seqlets["window"], seqlets["sign"], seqlets["start"], seqlets["end"], strict=True
    ):
        best, found = 0, "."
        for left, right, name in at.get((int(window), sign), []):
            shared = min(end, right) - max(start, left)
            if shared > best:
                best, found = shared, name
        names.append(found)
    return names


def write_seqlets(path: Path, seqlets: pd.DataFrame, names: Sequence[str], regions: pd.DataFrame) -> None:
    """seqlets.bed, headerless BED6+5, sorted by place.

    Columns: chrom start end pattern score strand, then relevance pvalue sign window q ("." without a null). The score is
    |relevance| as thousandths of the strongest seqlet's; the strand is the window's.
    """
    table = to_genome(seqlets, regions)
    strength = seqlets["relevance"].abs()
    table.insert(3, "name", list(names))
    table.insert(4, "score", (1000 * strength / max(strength.max(), 1e-300)).round().astype(int).to_numpy())
    table["relevance"] = [f"{value:.6g}" for value in seqlets["relevance"]]
    table["pvalue"] = [f"{value:.3g}" for value in seqlets["pvalue"]]
    table["sign"] = seqlets["sign"]
    table["window"] = regions["name"].to_numpy()[seqlets["window"].to_numpy(dtype=int)]
    table["q"] = ["." if math.isnan(q) else f"{q:.3g}" for q in seqlets["q"]]
    _write_bed(path, table)


def write_instances(path: Path, places: pd.DataFrame, regions: pd.DataFrame) -> None:
    """instances.bed, headerless BED6+1: every place a pattern's counts come from, on the strand it reads along.

    Columns: chrom start end pattern score strand sign. The sequences under it, taken on that strand, add up to
    the pattern's PFM.
    """
    table = to_genome(places, regions)
    table.insert(3, "name", places["pattern"])
    table.insert(4, "score", 1000)
    minus = (table["strand"] == "-").to_numpy() != places["reverse"].to_numpy(dtype=bool)
    table["strand"] = np.where(minus, "-", "+")
    table["sign"] = places["sign"]
    _write_bed(path, table)


def _write_bed(path: Path, table: pd.DataFrame) -> None:
    table = table.sort_values(["chrom", "start", "end", "strand", "name"], kind="stable")
    table.to_csv(path, sep="\t", header=False, index=False)
