"""The user's cache folder, for what can always be made again: FASTA indices, compiled kernels."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder(*parts: str) -> Path:
    """A folder below the user's cache, by the platform's custom; it need not exist."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base.joinpath("lrpgen", *parts)


def use_numba_cache() -> None:
    """Point numba at the cache unless NUMBA_CACHE_DIR says otherwise: a cold start costs tens of seconds.

    Call before importing compiled code.
    """
    if os.environ.get("NUMBA_CACHE_DIR"):
        return
    folder = cache_folder("numba")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # no home to write to: numba finds its own place or compiles anew
    if not os.access(folder, os.W_OK):
        return
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    if "numba" in sys.modules:  # read once, at numba's import
        sys.modules["numba"].config.CACHE_DIR = str(folder)
