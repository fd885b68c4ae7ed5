"""The genome browser: `browser.html` with a folder `browser/` beside it, drawn by igv.js (vendor/) and browser.js.

From disk a page may not fetch files, so sequence, tracks and features are embedded in scripts; what is too large for
that is named by its path, and the page then needs a web server.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import numpy as np
from markupsafe import Markup

from .. import __version__
from ..errors import InputError
from ..files import atomic_dir, write_text
from ..relevance.store import Store, open_store
from ..sequences import Genome
from ..sequences.windowfile import open_windows
from .environment import TEMPLATES, environment
from .features import Feature, annotation, hits, predictions, seqlets, strongest
from .windowtrack import stretches, strongest_windows, write_window_track

VENDOR = Path(__file__).parent / "vendor"
COPIED = (
    *(VENDOR / name for name in ("igv.min.js", "igv.LICENSE.txt")),
    TEMPLATES / "letters.js",
    TEMPLATES / "browser.js",
)
EMBEDDED_BYTES = 7_000_000  # base64 makes 9.4 MB of them; a larger file is loaded by its path
PACKED_SHARE = 4  # a genome longer than this times EMBEDDED_BYTES is not packed to see whether it fits
FEATURES = 50_000  # per track; of more, those with the highest score
FIRST = 1_000_000  # bases that are searched for a first value where no hit or seqlet has one
CONTEXT = 40  # bases on either side of the place the page opens at

Stretches = dict[str, list[tuple[int, int]]]  # by contig: intervals, in order


@dataclass(frozen=True)
class Sources:
    """Files of one results folder; `genome` and `bed` None where they are not found."""

    relevance: list[Path]
    genome: Path | None
    bed: Path | None
    spliced: bool


@dataclass(frozen=True)
class Shown:
    """One track of features; `total` counts them all, `rows` are the strongest."""

    name: str
    kind: str
    rows: list[Feature]
    total: int


def write_browser(
    results_dir: str | os.PathLike[str],
    output_dir: str | os.PathLike[str],
    title: str,
    *,
    genome: str | os.PathLike[str] | None = None,
) -> Path | None:
    """Write `output_dir`/browser.html and its folder; None, and nothing written, for results without genome tracks.

    Parameters
    ----------
    results_dir : results folder of one sample: tracks/*.bw, hits/, motifs/, predictions.tsv, windows.h5; only read.
    output_dir : where index.html of the report lies; paths to files that are not embedded are relative to it.
    title : heading.
    genome : FASTA of the tracks; default: the one named in windows.h5, if it is still there. Without one there are no
        letters.

    Raises `InputError` for a damaged file and for a FASTA that the tracks are not of, `OutputError` when nothing can be
    written.
    """
    folder, output = Path(results_dir), Path(output_dir)
    sources = _sources(folder, Path(genome) if genome else None)
    if not sources.relevance:
        return None
    contigs: dict[str, int] = {}
    for path in sources.relevance:
        contigs |= contigs_of(path)
    with atomic_dir(output / "browser") as made:
        for path in COPIED:
            shutil.copyfile(path, made / path.name)
        data = _Data(made, output)
        tracks, windows = _windows(folder / "relevance.h5", contigs, data)
        tracks = _signals(folder, sources, data) + tracks
        features = _features(folder, sources, contigs)
        config = {
            "contigs": contigs,
            "reference": _reference(sources.genome, contigs, windows, data),
            "tracks": tracks,
            "features": [
                {"name": track.name, "kind": track.kind, "total": track.total,
                 **data.script([list(vars(f).values()) for f in track.rows])}
                for track in features
            ],
            "start": _start(features, sources.relevance[0]),
        }  # fmt: skip
        write_text(made / "config.js", f"const browserConfig = {json.dumps(config)};\n")
        page = environment().get_template("browser.html.j2").render(
            title=title,
            scripts=["igv.min.js", "config.js", *data.scripts, "letters.js", "browser.js"],
            served=data.served,
            lrpgen_version=__version__,
            style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        )  # fmt: skip
    write_text(output / "browser.html", page)
    return output / "browser.html"


class _Data:
    """Writes files as scripts that a page may load from disk; `served` lists those that need a web server."""

    def __init__(self, folder: Path, page_folder: Path) -> None:
        self._folder, self._base = folder, page_folder.resolve()
        self.scripts: list[str] = []
        self.served: list[str] = []

    def file(self, path: Path) -> dict[str, str]:
        if path.stat().st_size <= EMBEDDED_BYTES:
            return self.embedded(path.read_bytes())
        return self.by_path(path)

    def embedded(self, content: bytes, kind: str = "application/octet-stream") -> dict[str, str]:
        """As a data URI into `browserData`, under the name that is returned."""
        return self.script(f"data:{kind};base64,{base64.b64encode(content).decode()}")

    def script(self, value: Any) -> dict[str, str]:
        name = f"data-{len(self.scripts)}"
        text = json.dumps(value, separators=(",", ":"))
        write_text(self._folder / f"{name}.js", f'(globalThis.browserData ??= {{}})["{name}"] = {text};\n')
        self.scripts.append(f"{name}.js")
        return {"data": name}

    def by_path(self, path: Path) -> dict[str, str]:
        self.served.append(path.name)
        return {"url": self.link(path)}

    def link(self, path: Path) -> str:
        return quote(os.path.relpath(path.resolve(), self._base).replace(os.sep, "/"))


def contigs_of(path: Path) -> dict[str, int]:
    """Contigs that have values in a bigWig, and their lengths in bp."""
    import pyBigWig

    try:
        with pyBigWig.open(str(path)) as file:
            return dict(file.chroms())
    except RuntimeError as error:
        raise InputError(f"{path} is not a readable bigWig file; run `lrpgen tracks` again") from error


def _sources(folder: Path, genome: Path | None) -> Sources:
    relevance = sorted((folder / "tracks").glob("*.relevance.bw"))
    if not (folder / "windows.h5").is_file():
        return Sources(relevance, genome, None, False)
    with open_windows(folder / "windows.h5") as file:
        fasta, bed = (str(file.attrs.get(name, "")) for name in ("fasta", "bed"))
        spliced = file.attrs["source"] == "splice-sites"
    return Sources(relevance, genome or _found(fasta, folder), _found(bed, folder), spliced)


def _found(name: str, folder: Path) -> Path | None:
    """A file named relative to where a command ran: here, or in one of the folders that hold the results."""
    places = [Path(name), *(parent / name for parent in folder.resolve().parents[:3])] if name else []
    return next((path for path in places if path.is_file()), None)


def _signals(folder: Path, sources: Sources, data: _Data) -> list[dict[str, Any]]:
    """Relevance and coverage of each target, then predictions along the genome (`predictions.*.bw`)."""
    tracks = []
    for path in sources.relevance:
        target = path.name.removesuffix(".relevance.bw")
        tracks.append({"name": f"Relevance: {target}", "kind": "relevance", **data.file(path)})
        coverage = path.with_name(f"{target}.coverage.bw")
        if coverage.is_file():
            tracks.append({"name": f"Windows per base: {target}", "kind": "signal", **data.file(coverage)})
    for path in sorted(folder.glob("predictions.*.bw")):
        name = path.name.removeprefix("predictions.").removesuffix(".bw")
        tracks.append({"name": f"Prediction: {name}", "kind": "signal", **data.file(path)})
    return tracks


def _windows(path: Path, contigs: dict[str, int], data: _Data) -> tuple[list[dict[str, Any]], Stretches]:
    """Tracks of the explained windows, and where these windows are."""
    if not path.is_file():
        return [], {}
    with open_store(path) as store:
        targets = [store.classes[i] for i in np.unique(store.target)]
        rows = {target: strongest_windows(store, target, contigs) for target in targets}
        rows = {target: kept for target, kept in rows.items() if len(kept)}
        tracks = _window_tracks(store, rows, contigs, data)
        return tracks, stretches(store, np.unique(np.concatenate(list(rows.values())))) if rows else {}


def _window_tracks(
    store: Store, rows: dict[str, np.ndarray], contigs: dict[str, int], data: _Data
) -> list[dict[str, Any]]:
    """Relevance of the explained windows by class: the report's loci, which genome tracks may pass by."""
    tracks = []
    with TemporaryDirectory() as folder:
        for target, kept in rows.items():
            made = Path(folder) / "windows.bw"
            write_window_track(store, kept, contigs, made)
            name = f"Relevance of {len(kept)} windows: {target}"
            tracks.append({"name": name, "kind": "windows", **data.embedded(made.read_bytes())})
    return tracks


def _features(folder: Path, sources: Sources, contigs: dict[str, int]) -> list[Shown]:
    """Tracks of features in the order of the page; those without any on `contigs` are left out."""
    found = [(f"Hits: {path.name.removesuffix('.bed')}", "hits", hits(path)) for path in _hits(folder)]
    seqlet_files = sorted(folder.glob("motifs/*/seqlets.bed"))
    found += [(f"Seqlets: {path.parent.name}", "seqlets", seqlets(path)) for path in seqlet_files]
    if sources.bed:
        found.append(("Annotation", "annotation", annotation(sources.bed, sources.spliced)))
    if (folder / "predictions.tsv").is_file():
        targets = [path.name.removesuffix(".relevance.bw") for path in sources.relevance]
        found += [
            (f"Prediction of windows: {target}", "predictions", predictions(folder / "predictions.tsv", target))
            for target in targets
        ]
    shown = [Shown(name, kind, *strongest(rows, FEATURES, contigs)) for name, kind, rows in found]
    return [track for track in shown if track.total]


def _hits(folder: Path) -> list[Path]:
    """Those along the genome first: they lie where the tracks have values."""
    return sorted(folder.glob("hits/*.bed"), key=lambda path: (not path.name.endswith(".genome.bed"), path.name))


def _reference(path: Path | None, contigs: dict[str, int], windows: Stretches, data: _Data) -> dict[str, Any]:
    """The sequence of `contigs`: embedded; or by path, and that of `windows` embedded; or nothing."""
    if path is None:
        return {}
    with Genome(path) as genome:
        for name, length in contigs.items():
            if genome.contigs.get(name) != length:
                raise InputError(
                    f"{path}: the tracks have a contig {name} of {length} bp and this FASTA has not; "
                    "give the FASTA that the tracks were made with"
                )
        if sum(contigs.values()) <= PACKED_SHARE * EMBEDDED_BYTES:
            text = "".join(f">{name}\n{genome.fetch(name, 0, length)}\n" for name, length in contigs.items())
            packed = gzip.compress(text.encode(), mtime=0)
            if len(packed) <= EMBEDDED_BYTES:
                return data.embedded(packed, "application/gzip")
        found: dict[str, Any] = {"slices": data.script(_slices(genome, windows))["data"]}
    index, packed_index = (path.with_name(f"{path.name}{suffix}") for suffix in (".fai", ".gzi"))
    if not index.is_file():
        return found
    found |= {**data.by_path(path), "index": data.link(index)}
    return found | ({"packed": data.link(packed_index)} if packed_index.is_file() else {})


def _slices(genome: Genome, windows: Stretches) -> dict[str, list[tuple[int, str]]]:
    """By contig: start and letters of each stretch."""
    return {name: [(start, genome.fetch(name, start, end)) for start, end in found] for name, found in windows.items()}


def _start(features: list[Shown], relevance: Path) -> list[Any]:
    """[contig, start, end] around the best hit or seqlet that the track covers, else the track's first bases."""
    import pyBigWig

    ranked = [f for kind in ("hits", "seqlets") for f in _by_score(features, kind)]
    with pyBigWig.open(str(relevance)) as file:
        for f in ranked:
            if f.chrom in file.chroms() and file.stats(f.chrom, f.start, f.end)[0] is not None:
                return [f.chrom, f.start - CONTEXT, f.end + CONTEXT]
        chrom, length = next(iter(file.chroms().items()))
        runs = file.intervals(chrom, 0, min(length, FIRST))
    first = runs[0][0] if runs else 0
    return [chrom, first, first + 2 * CONTEXT]


def _by_score(features: list[Shown], kind: str) -> list[Feature]:
    return sorted((f for track in features if track.kind == kind for f in track.rows), key=lambda f: -(f.score or 0))
