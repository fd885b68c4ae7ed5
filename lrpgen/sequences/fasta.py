"""FASTA: a genome by random access (never loaded whole), and sets of sequences read one after the other."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..files import existing
from .faidx import open_index
from .onehot import codes, encode_array, reverse_complement, reverse_complement_array
from .reading import is_bgzip, is_gzip, lines

STRANDS = ("+", "-")


class Genome:
    """A FASTA file by random access: plain, or compressed with bgzip. Usable as a context manager.

    `contigs` maps each contig's name to its length in bp, in the order of the file. Raises `InputError` for a file
    that is missing, empty, not FASTA, or gzip without bgzip's blocks.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = existing(path, "FASTA")
        _check_kind(self.path)
        self._index: Any = open_index(self.path)
        self.contigs: dict[str, int] = {name: record.rlen for name, record in self._index.index.items()}

    def __enter__(self) -> Genome:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._index.file.close()

    def fetch(self, contig: str, start: int, end: int, strand: str = "+") -> str:
        """Letters of [start, end), 0-based half-open, as written in the file; '-' gives the reverse complement.

        Raises `InputError` for an unknown contig and an interval that is empty or leaves the contig.
        """
        if contig not in self.contigs:
            raise InputError(f"{self.path}: {unknown_contig(contig, self.contigs)}")
        length = self.contigs[contig]
        if not 0 <= start < end <= length:
            raise InputError(
                f"{self.path}: {contig}:{start}-{end} is not inside the contig of {length} bp; "
                "give a 0-based half-open interval within it"
            )
        sequence = str(self._index.fetch(contig, start + 1, end))
        if len(sequence) != end - start:
            raise InputError(
                f"{self.path}: {contig}:{start}-{end} gave {len(sequence)} letters instead of {end - start}; "
                f"delete the index {self._index.indexname} and copy the FASTA again"
            )
        if strand not in STRANDS:
            raise InputError(f"strand {strand!r} of {contig}:{start}-{end} is not + or -; give one of them")
        return sequence if strand == "+" else reverse_complement(sequence)

    def codes(self, contig: str, start: int, end: int) -> np.ndarray:
        """uint8 (end - start,) of the forward strand as in `onehot.codes`; a bad letter is named by its position."""
        return codes(self.fetch(contig, start, end), f"{self.path}: contig {contig}", start)

    def onehot(self, contig: str, start: int, end: int, strand: str = "+") -> np.ndarray:
        """One-hot int8 (4, end - start), 5'->3' of `strand`; errors as in `fetch` and `codes`."""
        forward = encode_array(self.fetch(contig, start, end), f"{self.path}: contig {contig}", start)
        return forward if strand == "+" else reverse_complement_array(forward)


def unknown_contig(name: str, contigs: Mapping[str, int]) -> str:
    """What to say about a contig that the FASTA does not have: a likely cause, and some that it has."""
    other = name[3:] if name.startswith("chr") else f"chr{name}"
    if other in contigs:
        return (
            f"contig {name!r} is not in the FASTA, which calls it {other!r}; "
            "add or remove the 'chr' prefix so that both agree"
        )
    near = difflib.get_close_matches(name, list(contigs)[:1000], n=1)
    few = list(dict.fromkeys([*near, *contigs]))[:3]
    more = f" and {len(contigs) - len(few)} more" if len(contigs) > len(few) else ""
    return f"contig {name!r} is not in the FASTA, which has {', '.join(few)}{more}; use the same names in both"


def _check_kind(path: Path) -> None:
    """First bytes decide, so that the error is about the file and not about what a parser made of it."""
    packed, named = is_gzip(path), path.name.lower().endswith((".gz", ".bgz"))
    if packed and not is_bgzip(path):
        raise InputError(
            f"FASTA {path} is gzip but not bgzip, and random access needs bgzip; "
            f"run: gunzip {path.name} && bgzip {path.stem}"
        )
    if packed and not named:
        raise InputError(f"FASTA {path} is bgzip-compressed but not named so; rename it to {path.name}.gz")
    if named and not packed:
        raise InputError(f"FASTA {path} is named as compressed but is not; rename it or compress it with bgzip")
    for number, line in lines(path, "FASTA"):
        if line.strip():
            _check_header(path, number, line)
            return
    raise InputError(f"FASTA {path} holds only blank lines; check the step that made it")


def _check_header(path: Path, number: int, line: str) -> None:
    if not line.startswith(">"):
        raise InputError(f"{path}:{number}: not FASTA (the first line does not start with '>'); check the path")


def read_fasta(path: str | Path) -> Iterator[tuple[str, str]]:
    """(name, sequence) of each record, in order; plain, gzip and bgzip files. The name is the header's first word.

    Raises `InputError` with file and line for: not FASTA, a header without a name, a name used twice, a record without
    a sequence, a letter outside IUPAC (with its position in the record).
    """
    path = Path(path)
    seen: dict[str, int] = {}
    name, parts, length = "", [], 0
    for number, line in lines(path, "FASTA"):
        line = line.strip()
        if line.startswith(">"):
            if seen:
                yield _record(path, name, parts, seen[name])
            name, parts, length = _new_name(path, number, line, seen), [], 0
        elif line:
            if not seen:
                _check_header(path, number, line)
            codes(line, f"{path}:{number}: record {name!r}", length)
            parts.append(line)
            length += len(line)
    if not seen:
        raise InputError(f"FASTA {path} holds only blank lines; check the step that made it")
    yield _record(path, name, parts, seen[name])


def _new_name(path: Path, number: int, line: str, seen: dict[str, int]) -> str:
    words = line[1:].split()
    if not words:
        raise InputError(f"{path}:{number}: the header has no name; write one after the '>'")
    if words[0] in seen:
        raise InputError(
            f"{path}:{number}: the name {words[0]!r} is already used on line {seen[words[0]]}; give each its own"
        )
    seen[words[0]] = number
    return words[0]


def _record(path: Path, name: str, parts: list[str], line: int) -> tuple[str, str]:
    if not parts:
        raise InputError(f"{path}:{line}: record {name!r} has no sequence; remove it or add its letters")
    return name, "".join(parts)
