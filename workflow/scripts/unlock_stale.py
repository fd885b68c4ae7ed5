"""Remove the lock that a killed Snakemake left in this folder, unless one is still running here. For `make demo`.

On SLURM its jobs live on, and a new start would run them a second time: with `--cancel` they are cancelled first.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil

PATIENCE = 120  # seconds for cancelled jobs to end; SLURM kills what does not after KillWait, 30 s by default


def running_in(folder: Path, jobs: bool = True) -> bool:
    """Does a Snakemake work in `folder`? `jobs`: also those that only run a job for another Snakemake.

    A process that may not be looked at counts as none.
    """
    for process in psutil.process_iter():
        try:
            line = process.cmdline()
            # The program or module itself, not a shell whose text names it; `--mode` makes it the runner of a job.
            snakemake = any(Path(part).name == "snakemake" for part in line[:3])
            if snakemake and (jobs or "--mode" not in line) and Path(process.cwd()) == folder:
                return True
        except psutil.Error:
            continue
    return False


def cluster_jobs(folder: Path, sure: bool) -> list[str]:
    """Ids of this user's SLURM jobs that Snakemake submitted from `folder`; none where there is no SLURM.

    Raises SystemExit where SLURM does not answer, if it was used from `folder` or one has to be `sure`.
    """
    if shutil.which("squeue") is None:
        return []
    asked = ["squeue", "--me", "--noheader", "--format=%A|%k|%Z"]  # id, comment, folder
    done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        if not sure and not (folder / ".snakemake/slurm_logs").is_dir():
            return []  # its programs are installed, but there is no cluster
        said = done.stderr.strip().splitlines()[-1:]
        sys.exit(f"unlock_stale: squeue failed ({''.join(said)}); try again when the cluster answers")
    rows = [line.split("|", 2) for line in done.stdout.splitlines()]
    return [job for job, comment, place in rows if comment.startswith("rule_") and place == str(folder)]


def cancel(folder: Path) -> None:
    """Cancel the folder's jobs and wait until they have ended, so that nothing writes here any more."""
    jobs = cluster_jobs(folder, sure=True)
    if jobs:
        print(f"Cancelling {len(jobs)} jobs of this folder", file=sys.stderr)
        subprocess.run(["scancel", *jobs], check=True, timeout=60)
    deadline = time.monotonic() + PATIENCE
    # A job can have left the queue before its last process has ended; on one's own machine that can be seen.
    while cluster_jobs(folder, sure=True) or running_in(folder):
        if time.monotonic() > deadline:
            sys.exit(f"unlock_stale: cancelled jobs have not ended after {PATIENCE} s; look at squeue --me")
        time.sleep(2)


def make_sure_of_none(folder: Path, jobs: bool) -> None:
    """Raises SystemExit where a Snakemake still works in `folder`."""
    if running_in(folder, jobs):
        sys.exit("unlock_stale: another Snakemake runs in this folder; wait for it or stop it, then start again")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cancel", action="store_true", help="cancel this folder's SLURM jobs first")
    wanted = parser.parse_args()
    folder, locks = Path.cwd(), Path(".snakemake/locks")
    locked = locks.is_dir() and any(locks.iterdir())
    if wanted.cancel:
        make_sure_of_none(folder, jobs=False)
        cancel(folder)
    elif locked and (jobs := cluster_jobs(folder, sure=False)):
        sys.exit(
            f"unlock_stale: this folder is locked and has {len(jobs)} jobs on SLURM; if no Snakemake watches them, here or on "
            "another machine, start again after: python workflow/scripts/unlock_stale.py --cancel"
        )
    if locked:
        make_sure_of_none(folder, jobs=True)
        print("An earlier run was killed and left its lock; removing it", file=sys.stderr)
        for lock in locks.iterdir():
            lock.unlink()


if __name__ == "__main__":
    main()
