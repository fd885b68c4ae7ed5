"""What to make windows from, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from .labels import TASKS

SOURCES = ("splice-sites", "regions", "sequences")
SPLITS = ("position", "contig", "file", "fraction", "none")
NEGATIVES = ("shuffle", "genome", "file")
SITES = ("both", "donor", "acceptor")
SPLICE_WIDTH = 200
SHORTEST = 4  # bp: room for the dinucleotides on both sides of a boundary
LOWEST_SIMILARITY = 0.1  # below, windows that share nothing but chance would be joined


@dataclass(frozen=True)
class WindowOptions:
    """What to make windows from. `width` None: 200 for splice sites, else that of the input, which must be one.

    `split` None: position for splice sites (the same two positions on every contig), else fraction (random groups;
    copies and overlaps kept together). `negatives_from` None: file if `negatives` is given, else shuffle. `exon` and
    `intron`: bases on each side of a splice site's boundary, in place of `width`. `labels` is the table for `task`
    "labels" or "values". Raises `InputError` for options that do not go together.
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
    split: str | None = None
    validation_contigs: tuple[str, ...] = ()
    test_contigs: tuple[str, ...] = ()
    split_file: Path | None = None
    similarity: float | None = None
    negatives_from: str | None = None
    labels: Path | None = None
    task: str = "classes"
    sites: str = "both"
    exon: int | None = None
    intron: int | None = None
    max_ambiguous_share: float = 1.0

    def __post_init__(self) -> None:
        choices = {"source": SOURCES, "split": (None, *SPLITS), "negatives_from": (None, *NEGATIVES)}
        for name, known in {**choices, "task": TASKS, "sites": SITES}.items():
            if (given := getattr(self, name)) not in known:
                names = ", ".join(one for one in known if one)
                raise InputError(f"--{name.replace('_', '-')} {given!r} is unknown; choose from {names}")
        self._check_numbers()
        self._check_files()
        self._check_split()
        self._check_negatives()
        self._check_sites()

    @property
    def split_kind(self) -> str:
        return self.split or ("position" if self.source == "splice-sites" else "fraction")

    @property
    def negatives_kind(self) -> str | None:
        """Where negatives come from; None where there are none: splice sites, labels and values."""
        if self.source == "splice-sites" or self.task != "classes":
            return None
        return self.negatives_from or ("file" if self.negatives is not None else "shuffle")

    def _check_numbers(self) -> None:
        if self.width is not None and self.width < SHORTEST:
            raise InputError(f"--width {self.width} is too small; give at least {SHORTEST}")
        for name in ("decoys_per_site", "negatives_per_positive", "seed"):
            if getattr(self, name) < 0:
                raise InputError(f"--{name.replace('_', '-')} {getattr(self, name)} is negative; give 0 or more")
        if not 0 <= self.max_ambiguous_share <= 1:
            raise InputError(f"--max-ambiguous-share {self.max_ambiguous_share} is no share; give a number from 0 to 1")
        if self.similarity is not None and not LOWEST_SIMILARITY <= self.similarity <= 1:
            raise InputError(f"--similarity {self.similarity} is out of range; give {LOWEST_SIMILARITY} to 1")

    def _check_files(self) -> None:
        if self.source != "sequences" and self.bed is None:
            raise InputError(f"--source {self.source} needs --bed; give the BED file of the regions")
        if self.source == "sequences" and self.bed is not None:
            raise InputError("--source sequences takes no --bed; leave it out or use --source regions")
        if (self.labels is None) != (self.task == "classes"):
            raise InputError("--labels and --task labels (or values) belong together; give both or neither")
        if self.labels is not None and self.source == "splice-sites":
            raise InputError("--source splice-sites takes no --labels; use --source regions or sequences")

    def _check_split(self) -> None:
        if (self.split == "contig") != bool(self.validation_contigs or self.test_contigs):
            raise InputError("--split contig and --validation-contigs, --test-contigs belong together; give all three")
        if (self.split == "file") != (self.split_file is not None):
            raise InputError("--split file and --split-file belong together; give both or neither")
        if self.source == "sequences" and self.split in ("position", "contig"):
            raise InputError(f"--source sequences has no --split {self.split}; use fraction, file or none")
        if self.similarity is not None and self.split == "none":
            raise InputError("--similarity needs parts to keep apart; leave it out with --split none")

    def _check_negatives(self) -> None:
        given, kind = self.negatives is not None or self.negatives_from is not None, self.negatives_kind
        if given and kind is None:
            why = f"--source {self.source}" if self.task == "classes" else f"--task {self.task}"
            raise InputError(f"{why} takes no --negatives; leave it out")
        if kind is not None and (kind == "file") != (self.negatives is not None):
            raise InputError("--negatives-from file and --negatives belong together; give both or neither")
        if kind == "genome" and self.source != "regions":
            raise InputError("--negatives-from genome needs --source regions; use shuffle or file")
        if kind in ("shuffle", "genome") and self.negatives_per_positive == 0 and self.split != "none":
            raise InputError("one class only: --negatives-per-positive 0 leaves no negatives; give 1 or more")

    def _check_sites(self) -> None:
        if self.source != "splice-sites" and (self.sites != "both" or self.exon is not None or self.intron is not None):
            raise InputError(f"--source {self.source} takes no --sites, --exon and --intron; leave them out")
        if (self.exon is None) != (self.intron is None):
            raise InputError("--exon and --intron belong together; give the bases on both sides of the boundary")
        if self.exon is not None and self.intron is not None:
            if self.width is not None:
                raise InputError("--width and --exon with --intron both set the width; leave one out")
            if self.exon < 0 or self.intron < 2 or self.exon + self.intron < SHORTEST:
                raise InputError(
                    f"--exon {self.exon} and --intron {self.intron} are too small; the intron needs the 2 bases of "
                    f"GT or AG, both together at least {SHORTEST}"
                )
