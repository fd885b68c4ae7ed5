"""Compiled kernels kept between runs: numba's cold start costs tens of seconds, a cached one milliseconds."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType


def cache_folder() -> Path:
    """The user's cache folder for compiled kernels, by the platform's custom."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "lrpgen" / "numba"


def use_cache_folder() -> None:
    """Point numba at `cache_folder()` unless NUMBA_CACHE_DIR says otherwise. Call before importing compiled code."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        return
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # no home to write to: numba finds its own place or compiles anew
    if not os.access(folder, os.W_OK):
        return
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    if "numba" in sys.modules:  # read once, at numba's import
        sys.modules["numba"].config.CACHE_DIR = str(folder)


def keep_kernels(*modules: ModuleType) -> None:
    """Turn on numba's disk cache for every kernel of `modules`, which declare theirs without one.

    Safe for modules whose kernels call only functions of their own file: the cache is keyed on that file.
    """
    from numba.core.dispatcher import Dispatcher

    for module in modules:
        for kernel in vars(module).values():
            if isinstance(kernel, Dispatcher) and kernel.__module__ == module.__name__:
                try:
                    kernel.enable_caching()
                except RuntimeError:  # nowhere to write: it compiles in this process as before
                    return
