"""`lrpgen doctor`"""

from __future__ import annotations

from .options import Seed


def doctor(seed: Seed = 1) -> None:
    """What this machine offers: versions, device, threads, free disk, and what is missing for which feature.

    Example: lrpgen doctor
    """
    del seed  # nothing is random here
    from ..doctor import examine

    print(examine())
