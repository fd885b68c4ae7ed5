"""Remove the lock that a killed Snakemake left in this folder, unless one is still running here. For `make demo`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil


def running_in(folder: Path) -> bool:
    """Does a Snakemake work in `folder`? A process that may not be looked at counts as none."""
    for process in psutil.process_iter():
        try:
            if any("snakemake" in part for part in process.cmdline()[:3]) and Path(process.cwd()) == folder:
                return True
        except psutil.Error:
            continue
    return False


def main() -> None:
    locks = Path(".snakemake/locks")
    if not locks.is_dir() or not any(locks.iterdir()):
        return
    if running_in(Path.cwd()):
        sys.exit("make: another Snakemake runs in this folder; wait for it or stop it, then run make again")
    print("An earlier run was killed and left its lock; removing it", file=sys.stderr)
    subprocess.run(["snakemake", "--unlock", "--quiet", "all"], check=True)


if __name__ == "__main__":
    main()
