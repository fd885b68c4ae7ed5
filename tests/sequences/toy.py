"""A toy genome whose every GT and AG is written by hand.

Three units of 600 bp, one per part of the split, of C only: C alone holds no GT or AG on either strand. Into each
unit go an intron on '+' at [150, 250), one on '-' at [350, 450), and two decoys of each kind. An N at another place in
each unit keeps the units from being copies of each other.
"""

from __future__ import annotations

from pathlib import Path

UNIT, WIDTH = 600, 20
# (letters on the forward strand, their start, boundary, strand, kind): the letters of the dinucleotide in the unit.
SITES = [
    ("GT", 150, 150, "+", "donor"),
    ("AG", 248, 250, "+", "acceptor"),
    ("AC", 448, 450, "-", "donor"),  # reads GT on '-'
    ("CT", 350, 350, "-", "acceptor"),  # reads AG on '-'
]
DECOYS = [
    ("GT", 50, 50, "+", "donor"),
    ("AC", 70, 72, "-", "donor"),
    ("AG", 100, 102, "+", "acceptor"),
    ("CT", 120, 120, "-", "acceptor"),
]
BED = [  # exon, intron, exon: blocks of 50 bp around an intron of 100 bp
    "toy\t{0}\t{1}\tplus\t0\t+\t{0}\t{1}\t0\t2\t50,50\t0,150",
    "toy\t{2}\t{3}\tminus\t0\t-\t{2}\t{3}\t0\t2\t50,50,\t0,150,",
]


def toy_sequence() -> str:
    letters = ["C"] * (3 * UNIT)
    for unit in range(3):
        for text, start, boundary, _, _ in SITES + DECOYS:
            at = unit * UNIT
            letters[at + start : at + start + 2] = text
            if unit:
                letters[at + boundary + 5 + unit] = "n" if unit == 1 else "N"
    return "".join(letters)


def write_toy(folder: Path) -> tuple[Path, Path, str]:
    """(FASTA with lines of 60, BED12, its sequence)."""
    sequence = toy_sequence()
    fasta, bed = folder / "toy.fa", folder / "toy.bed"
    lines = [sequence[at : at + 60] for at in range(0, len(sequence), 60)]
    fasta.write_text("\n".join([">toy made by hand", *lines]) + "\n")
    rows = [line.format(at + 100, at + 300, at + 300, at + 500) for at in (0, 600, 1200) for line in BED]
    bed.write_text("# toy\ntrack name=toy\n" + "\n".join(rows) + "\n")
    return fasta, bed, sequence


def plain_reverse_complement(sequence: str) -> str:
    """By a dictionary, letter by letter: not the code under test."""
    return "".join({"A": "T", "C": "G", "G": "C", "T": "A", "N": "N"}[letter] for letter in reversed(sequence.upper()))
