"""Compiled kernels kept between runs: numba's cold start costs tens of seconds, a cached one milliseconds."""

from __future__ import annotations

from types import ModuleType


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
