"""What to make windows from, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError

SOURCES = ("splice-sites", "regions", "sequences")
SHORTEST = 4  # bp: room for the dinucleotides on both sides of a boundary


@dataclass(frozen=True)
class WindowOptions:
    """What to make windows from. `width` None: 200 for splice sites, else that of the input, which must be one.

    The source decides the split: splice sites by position (the same two positions on every contig), regions and
    sequences at random by fraction, copies and overlaps kept together. Raises `InputError` for options that do not
    go together.
    """

    source: str
    fasta: Path
    bed: Path | None = None
    negatives: Path | None = None
    width: int | None = None
    decoys_per_site: int = 10
    negatives_per_positive: int = 1
    validation_start: int = 1_250_000
    test_start: int = 1_600_000
    validation_fraction: float = 0.1
    test_fraction: float = 0.2
    seed: int = 1

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise InputError(f"--source {self.source!r} is unknown; choose from {', '.join(SOURCES)}")
        if self.source != "sequences" and self.bed is None:
            raise InputError(f"--source {self.source} needs --bed; give the BED file of the regions")
        if self.source == "sequences" and self.bed is not None:
            raise InputError("--source sequences takes no --bed; leave it out or use --source regions")
        if self.source != "sequences" and self.negatives is not None:
            raise InputError(f"--source {self.source} takes no --negatives; leave it out")
        if self.width is not None and self.width < SHORTEST:
            raise InputError(f"--width {self.width} is too small; give at least {SHORTEST}")
        for name in ("decoys_per_site", "negatives_per_positive", "seed"):
            if getattr(self, name) < 0:
                raise InputError(f"--{name.replace('_', '-')} {getattr(self, name)} is negative; give 0 or more")
