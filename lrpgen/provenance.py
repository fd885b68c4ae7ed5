"""What made a file: versions, a hash of the code of the rooms it came from, the machine in general terms."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import platform
from pathlib import Path

from . import __version__

PACKAGES = (
    "torch", "numpy", "snakemake", "h5py", "pandas", "pyfaidx", "biopython", "tangermeme", "modisco-lite",
    "logomaker", "matplotlib", "pyBigWig", "pybigtools", "memelite", "scikit-learn", "safetensors",
)  # fmt: skip


def code_hash(*rooms: str) -> str:
    """Hash of the source of `rooms` (folders of the package) and of the files at its top.

    Snakemake does not track package code: rules carry this as a parameter, so that an upgrade reruns what it must.
    """
    root = Path(__file__).parent
    files = [*root.glob("*.py"), *(f for room in rooms for f in (root / room).rglob("*") if f.is_file())]
    digest = hashlib.sha256()
    for file in sorted(f for f in files if "__pycache__" not in f.parts):
        digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def versions() -> dict[str, str | None]:
    """Version of Python, lrpgen and the packages that shape results; None where one is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version(), "lrpgen": __version__}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found
