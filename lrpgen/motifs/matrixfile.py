"""Libraries of known motifs that patterns are named by: a JASPAR release (inside pyjaspar, offline) or a MEME file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import InputError, MissingFeatureError
from ..files import existing

COLLECTION = "CORE"  # JASPAR's curated, non-redundant matrices
AFTER = ("URL", "--", "**")  # lines that may follow a matrix without a blank one between
OFF_BY = 0.01  # how far a row of a MEME file may be from 1: the rounding of two or three printed decimals


@dataclass(frozen=True)
class Known:
    """One motif of a library: id, name, and its probabilities (4, W), rows A C G T."""

    id: str
    name: str
    ppm: np.ndarray


@dataclass(frozen=True)
class Library:
    """Known motifs and, for people, where they come from."""

    source: str
    motifs: list[Known]


def open_jaspar(release: str | None = None, taxon: str = "vertebrates") -> Any:
    """pyjaspar's database of `release` (None = the newest it ships), after checking that it knows `taxon`.

    Raises `InputError` for an unknown release or taxon, `MissingFeatureError` without pyjaspar.
    """
    try:
        import pyjaspar
    except ImportError as error:
        raise MissingFeatureError(
            "names from JASPAR need pyjaspar, which is not installed; run: pip install 'lrpgen[motifs]', "
            "or give a MEME file or none as --names"
        ) from error
    release = release or pyjaspar.JASPAR_LATEST_RELEASE
    if release not in pyjaspar.jaspar_releases:
        raise InputError(f"there is no JASPAR release {release!r}; choose one of {', '.join(pyjaspar.jaspar_releases)}")
    database = pyjaspar.jaspardb(release=release)
    rows = database.conn.execute("SELECT DISTINCT VAL FROM MATRIX_ANNOTATION WHERE TAG = 'tax_group' ORDER BY VAL")
    taxa = [row[0] for row in rows]
    if taxon not in taxa:
        raise InputError(f"{release} has no taxon group {taxon!r}; choose one of {', '.join(taxa)}")
    return database


def read_jaspar(database: Any, taxon: str = "vertebrates") -> Library:
    """The newest version of every matrix of `taxon` in the CORE collection of an opened release."""
    record = database.fetch_motifs(collection=COLLECTION, tax_group=[taxon])
    if not record:
        raise InputError(f"{database.release} {COLLECTION} has no matrices of {taxon}; choose another --taxon")
    motifs = [Known(m.matrix_id, m.name, _shares([m.counts[base] for base in "ACGT"])) for m in record]
    motifs.sort(key=lambda known: known.id)
    return Library(f"{database.release} {COLLECTION}, {taxon}", motifs)


def _shares(counts: Any) -> np.ndarray:
    values = np.asarray(counts, dtype=np.float64)
    return values / values.sum(axis=0)


def read_meme(path: str | os.PathLike[str]) -> Library:
    """The motifs of a file in MEME's minimal format, DNA alphabet.

    The parsers at hand (Biopython, memelite) check neither rows nor widths, so a damaged file would give wrong names.
    Raises `InputError`, with the motif and the row, for what is not MEME, holds no motif, or has a bad matrix.
    """
    text = existing(path, "motif file").read_bytes()
    try:
        lines = text.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a MEME file (not text); give one in the minimal MEME format") from error
    if not any(line.startswith("MEME version") for line in lines[:20]):
        raise InputError(f"{path} is not a MEME file (no line 'MEME version'); give one in the minimal MEME format")
    for line in lines:
        if line.startswith("ALPHABET") and line.removeprefix("ALPHABET").strip("= ") != "ACGT":
            raise InputError(f"{path} is not of DNA (its alphabet is not ACGT); give a DNA motif file")
    motifs = [_known(os.fspath(path), name, block) for name, block in _blocks(lines)]
    if not motifs:
        raise InputError(f"{path} holds no motifs; give a MEME file with at least one MOTIF")
    ids = [known.id for known in motifs]
    for i, name in enumerate(ids):
        if name in ids[:i]:
            raise InputError(f"{path} has motif {name} twice; give each its own name")
    return Library(os.path.basename(path), motifs)


def _blocks(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """(what follows MOTIF, the lines up to the next) of each motif."""
    starts = [i for i, line in enumerate(lines) if line.split()[:1] == ["MOTIF"]]
    for start, end in pairwise([*starts, len(lines)]):
        yield lines[start][len("MOTIF") :].strip(), lines[start + 1 : end]


def _known(path: str, title: str, block: list[str]) -> Known:
    words = title.split()
    if not words:
        raise InputError(f"{path} has a MOTIF line without a name; name every motif")
    at = [i for i, line in enumerate(block) if line.startswith("letter-probability matrix")]
    if not at:
        raise InputError(f"motif {words[0]} of {path} has no letter-probability matrix; add it or remove the motif")
    rows = []
    for line in block[at[0] + 1 :]:
        if not line.strip() or line.startswith(AFTER):
            break
        rows.append(_row(path, words[0], len(rows) + 1, line.split()))
    fields = block[at[0]].replace("=", " = ").split()
    width = fields[fields.index("w") + 2] if "w" in fields[:-2] else str(len(rows))
    if width != str(len(rows)) or not rows:
        raise InputError(f"motif {words[0]} of {path} has {len(rows)} rows instead of {width}; is the file cut short?")
    return Known(words[0], " ".join(words[1:]) or words[0], _shares(np.array(rows).T))


def _row(path: str, motif: str, number: int, fields: list[str]) -> list[float]:
    try:
        values = [float(field) for field in fields]
    except ValueError:
        values = []
    good = len(values) == 4 and all(0 <= value <= 1 for value in values)
    if not good or abs(sum(values) - 1) > OFF_BY:
        raise InputError(
            f"motif {motif} of {path}, row {number}: {' '.join(fields)!r} is not four shares of A C G T that sum to 1; "
            "correct the file"
        )
    return values
