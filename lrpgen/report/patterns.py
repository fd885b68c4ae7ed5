"""The motifs of a results folder: patterns of each class, where their seqlets lie, and the merged set."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from ..errors import InputError
from ..files import read_json
from .instances import Instances, read_instances


@dataclass(frozen=True)
class Pattern:
    """One motif; `sign` is positive or negative; `cwm` (4, W) weights, None where patterns.h5 does not hold them.

    `row`: its line of the summary; `hits`: instances in the explained windows and along the genome, as far as searched.
    """

    name: str
    sign: str
    seqlets: int
    length: int
    consensus: str
    information: float
    mean_relevance: float
    cwm: np.ndarray | None
    files: list[Path]
    known_as: str = ""  # the motif of a library that it matches, and that match's q
    known_q: float | None = None
    row: dict[str, Any] = field(default_factory=dict)
    match_logo: Path | None = None
    hits: dict[str, int] = field(default_factory=dict)
    instances: Instances | None = None


@dataclass(frozen=True)
class Motifs:
    target: str
    windows: int
    zero_share: float | None
    seqlets: dict[str, int]
    grouping: str
    shuffled: int | None
    max_seqlet_q: float | None
    patterns: list[Pattern]
    notes: list[str]
    folder: Path
    library: str = ""  # what patterns were compared with
    downloads: list[Path] = field(default_factory=list)

    @property
    def searched(self) -> list[str]:
        """Where instances were searched: "in windows", "along the genome"."""
        return list(dict.fromkeys(where for pattern in self.patterns for where in pattern.hits))


@dataclass(frozen=True)
class Merged:
    """Patterns of all classes as one set; `members`: of each pattern, class -> the class's own patterns in it."""

    patterns: list[Pattern]
    members: list[dict[str, list[str]]]
    targets: list[str]
    folder: Path
    notes: list[str]


DOWNLOADS = ("patterns.meme", "patterns.tsv", "patterns.h5", "patterns.modisco.h5", "names.tsv", "seqlets.bed")


def read_motifs(folder: Path, classes: list[str], sites: pd.DataFrame | None) -> list[Motifs]:
    """Motifs of every class that has a folder, in the order of the class list.

    sites : of every explained site, by name: start, end, strand, origin, logit, target; None without a store.
    """
    found = [_one_motifs(path.parent, folder / "hits", sites) for path in sorted(folder.glob("motifs/*/summary.json"))]
    return sorted(found, key=lambda m: classes.index(m.target) if m.target in classes else len(classes))


def read_merged(folder: Path) -> Merged | None:
    """The set of `lrpgen merge`; None when there is none."""
    if not (folder / "summary.json").exists():
        return None
    summary = read_json(folder / "summary.json", "summary of merged motifs")
    try:
        targets = [str(one["name"]) for one in summary["folders"]]
        members: list[dict[str, list[str]]] = []
        for row in summary["patterns"]:
            of: dict[str, list[str]] = {target: [] for target in targets}
            for member in str(row["members"]).split(";"):
                target, _, name = member.rpartition("/")
                of.setdefault(target, []).append(name)
            members.append(of)
        patterns = [_pattern(folder, row) for row in summary["patterns"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _lacking(folder / "summary.json", error, "lrpgen merge") from error
    return Merged(patterns, members, targets, folder, [str(note) for note in summary.get("notes", [])])


def _one_motifs(folder: Path, hits: Path, sites: pd.DataFrame | None) -> Motifs:
    summary = read_json(folder / "summary.json", "motif summary")
    try:
        target = str(summary["target"])
        found = _hits(hits, target)
        where = read_instances(folder / "seqlets.bed", sites, target)
        patterns = [
            _pattern(folder, row, found.get(str(row["pattern"]), {}), where.get(str(row["pattern"])))
            for row in summary["patterns"]
        ]
        return Motifs(
            target=target,
            windows=int(summary["windows"]),
            zero_share=summary.get("zero_share"),
            seqlets={str(sign): int(n) for sign, n in summary["seqlets"].items()},
            grouping=summary.get("grouping", "greedy"),
            shuffled=(summary.get("null") or {}).get("windows"),
            max_seqlet_q=summary.get("max_seqlet_q"),
            patterns=patterns,
            notes=[str(note) for note in summary.get("notes", [])],
            folder=folder,
            library=str((summary.get("names") or {}).get("source") or ""),
            downloads=[folder / name for name in DOWNLOADS if (folder / name).is_file()],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _lacking(folder / "summary.json", error, "lrpgen motifs") from error


def _lacking(path: Path, error: Exception, command: str) -> InputError:
    return InputError(f"{path} lacks what a report needs ({error}); run `{command}`")


def _hits(folder: Path, target: str) -> dict[str, dict[str, int]]:
    """Pattern -> {"in windows", "along the genome"}: instances, where they were searched."""
    found: dict[str, dict[str, int]] = {}
    for name, where in ((f"{target}.json", "in windows"), (f"{target}.genome.json", "along the genome")):
        if (folder / name).is_file():
            summary = read_json(folder / name, "summary of hits")
            try:
                for row in summary["patterns"]:
                    found.setdefault(str(row["pattern"]), {})[where] = int(row["hits"])
            except (KeyError, TypeError, ValueError) as error:
                raise _lacking(folder / name, error, "lrpgen hits") from error
    return found


def _pattern(
    folder: Path, row: dict[str, Any], hits: dict[str, int] | None = None, instances: Instances | None = None
) -> Pattern:
    name = str(row["pattern"])
    logos = [folder / str(row[key]) for key in ("logo", "logo_rc", "logo_match") if row.get(key)]
    logos = [path for path in logos if path.is_file() and path.resolve().is_relative_to(folder.resolve())]
    return Pattern(
        name=name,
        sign="negative" if str(row["sign"]).startswith(("-", "neg")) else "positive",
        seqlets=int(row["seqlets"]),
        length=int(row["length"]),
        consensus=str(row["consensus"]),
        information=float(row["information_bits"]),
        mean_relevance=float(row["mean_relevance"]),
        cwm=_cwm(folder / "patterns.h5", name),
        files=logos,
        known_as=str(row.get("name") or ""),
        known_q=row.get("q"),
        row=row,
        match_logo=next((path for path in logos if row.get("logo_match") and path == folder / row["logo_match"]), None),
        hits=hits or {},
        instances=instances,
    )


def _cwm(path: Path, name: str) -> np.ndarray | None:
    if not path.exists():
        return None
    try:
        with h5py.File(path, "r") as file:
            data = file.get(f"{name}/cwm")
            return np.asarray(data[:], dtype=float) if isinstance(data, h5py.Dataset) else None
    except OSError as error:
        raise InputError(f"{path} is not a readable HDF5 file; run `lrpgen motifs` again") from error
