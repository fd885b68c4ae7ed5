"""Read a results folder into plain dataclasses. A file that is not there is None; a damaged one is an `InputError`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from ..files import existing, read_json, sha256
from ..sequences.splice import frame_of
from ..sequences.windowfile import open_windows
from .evaluation import Evaluation, read_evaluation
from .filters import Filters, read_filters
from .genome import Enrichment, read_enrichment
from .images import Images, read_images
from .loci import Explained, read_explained
from .network import Network, read_network
from .patterns import Merged, Motifs, read_merged, read_motifs
from .runtimes import Runtime, read_runtimes

SPLITS = ("train", "validation", "test")
CONFIG_CHARACTERS = 20_000  # a longer configuration is cut, and the page says so
SPLIT_BINS = 120  # columns of the split picture of one contig


@dataclass(frozen=True)
class Contig:
    """`bins` (3, SPLIT_BINS): windows per split along [0, length)."""

    name: str
    length: int
    windows: int
    bins: np.ndarray


@dataclass(frozen=True)
class Windows:
    classes: list[str]
    width: int
    seed: int | None
    source: str
    fasta: str
    bed: str
    summary: dict[str, Any]
    contigs: list[Contig]
    contigs_total: int
    total: int
    task: str = "classes"
    negatives: str = ""
    labels: str = ""


@dataclass(frozen=True)
class Model:
    """A saved model: its file's SHA-256, and its card where it has one."""

    sha256: str
    card: dict[str, Any] | None


@dataclass(frozen=True)
class Track:
    target: str
    summary: dict[str, Any]
    files: list[Path]


@dataclass(frozen=True)
class Results:
    folder: Path
    windows: Windows | None = None
    history: dict[str, Any] | None = None
    models: list[Model] = field(default_factory=list)
    metrics: dict[str, Any] | None = None
    explained: Explained | None = None
    motifs: list[Motifs] = field(default_factory=list)
    merged: Merged | None = None
    evaluation: Evaluation | None = None
    images: Images | None = None
    filters: Filters | None = None
    network: Network | None = None
    enrichment: list[Enrichment] = field(default_factory=list)
    runtimes: list[Runtime] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    config: str | None = None
    config_cut: bool = False

    @property
    def card(self) -> dict[str, Any] | None:
        """The first model's; those of an ensemble agree in what the page shows."""
        return self.models[0].card if self.models else None


def collect(folder: Path, config: Path | None = None) -> Results:
    """Everything the report shows. Raises `InputError` when `folder` is no results folder or a file is damaged."""
    if not folder.is_dir():
        raise InputError(f"results folder {folder} does not exist; run the workflow or the commands before it")
    models, windows = _models(folder), _windows(folder / "windows.h5")
    activation = (models[0].card or {}).get("activation", "softmax") if models else "softmax"
    frame = frame_of(windows.source, windows.summary, windows.width) if windows else None
    explained = read_explained(folder / "relevance.h5", activation, frame)
    results = Results(
        folder=folder,
        windows=windows,
        history=_json(folder / "history.json", "training history"),
        models=models,
        metrics=_json(folder / "metrics.json", "metrics"),
        explained=explained,
        motifs=read_motifs(folder, windows.classes if windows else [], explained.sites_by_name if explained else None),
        merged=read_merged(folder / "merged"),
        evaluation=read_evaluation(folder / "evaluation"),
        images=read_images(folder),
        filters=read_filters(folder / "filters"),
        network=read_network(folder / "network"),
        enrichment=read_enrichment(folder / "enrichment"),
        runtimes=read_runtimes(folder),
        tracks=_tracks(folder / "tracks"),
        files=_files(folder),
        config=_config(config),
        config_cut=config is not None and config.stat().st_size > CONFIG_CHARACTERS,
    )
    if not (results.windows or results.metrics or results.explained or results.images):
        raise InputError(
            f"{folder} holds no windows.h5, metrics.json, relevance.h5 or explained images; give the results folder of one sample"
        )
    return results


def _json(path: Path, what: str) -> dict[str, Any] | None:
    return read_json(path, what) if path.exists() else None


def _config(path: Path | None) -> str | None:
    if path is None:
        return None
    return existing(path, "config file").read_text(encoding="utf-8", errors="replace")[:CONFIG_CHARACTERS]


def _models(folder: Path) -> list[Model]:
    """The model and, for an ensemble, its further members."""
    paths = [folder / "model.safetensors", *sorted((folder / "members").glob("*.safetensors"))]
    return [Model(sha256(path), _card(path)) for path in paths if path.is_file()]


def _card(path: Path) -> dict[str, Any] | None:
    """The JSON card in the header of a safetensors file: 8 bytes of length, then JSON; weights are not read."""
    try:
        with open(path, "rb") as handle:
            length = int.from_bytes(handle.read(8), "little")
            if not 0 < length <= min(100_000_000, path.stat().st_size - 8):  # the format's own limit
                raise ValueError("no header")
            metadata = json.loads(handle.read(length)).get("__metadata__", {})
        return json.loads(metadata["lrpgen"]) if "lrpgen" in metadata else None
    except (ValueError, AttributeError) as error:
        raise InputError(f"{path} is not a readable safetensors file; train the model again") from error


def _windows(path: Path) -> Windows | None:
    if not path.exists():
        return None
    with open_windows(path) as file:
        contigs, total = _contigs(file.regions, file.summary.get("contigs") or {})
        return Windows(
            classes=file.classes,
            width=file.width,
            seed=file.attrs["seed"],
            source=str(file.attrs["source"]),
            fasta=str(file.attrs.get("fasta", "")),
            bed=str(file.attrs.get("bed", "")),
            summary=file.summary,
            contigs=contigs,
            contigs_total=total,
            total=len(file),
            task=file.task,
            negatives=str(file.attrs.get("negatives", "")),
            labels=str(file.attrs.get("labels", "")),
        )


def _contigs(regions: pd.DataFrame, lengths: dict[str, int], most: int = 6) -> tuple[list[Contig], int]:
    """The `most` contigs with the most windows, and how many there are. Unknown length = end of the last window."""
    names, which, counts = np.unique(regions["chrom"].astype(str), return_inverse=True, return_counts=True)
    end, split = regions["end"].to_numpy(np.int64), regions["split"].astype(str).to_numpy()
    middle = (regions["start"].to_numpy(np.int64) + end) // 2
    contigs = []
    for i in np.argsort(-counts, kind="stable")[:most]:
        rows = which == i
        length = int(lengths[str(names[i])] if str(names[i]) in lengths else end[rows].max())
        place = np.minimum(middle * SPLIT_BINS // max(length, 1), SPLIT_BINS - 1)
        bins = [np.bincount(place[rows & (split == part)], minlength=SPLIT_BINS) for part in SPLITS]
        contigs.append(Contig(str(names[i]), length, int(counts[i]), np.stack(bins)))
    return contigs, len(names)


def _tracks(folder: Path) -> list[Track]:
    tracks = []
    for path in sorted(folder.glob("*.json")):
        summary = read_json(path, "track summary")
        files = [f for f in sorted(folder.glob(f"{path.stem}.*")) if f.is_file()]
        tracks.append(Track(target=str(summary.get("target", path.stem)), summary=summary, files=files))
    return tracks


def _files(folder: Path) -> list[Path]:
    """Files below `folder` that a reader may open. Hidden (half-written) ones and the report itself are left out; a
    folder of logos counts as one entry."""
    found = []
    for root, folders, names in os.walk(folder):
        found += [Path(root) / name for name in sorted(names) if not name.startswith(".")]
        found += [Path(root) / name for name in folders if name == "logos"]
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in ("report", "shards", "logos"))
    return found
