"""A real SLURM on loopback for the tests here."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster_run import Cluster, client

SCRIPT = Path(__file__).with_name("slurm.sh")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue")
PORTS = 3  # used one after another: controller, and one per node


def missing() -> str | None:
    """Why no SLURM can be brought up here, or None."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    absent = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if absent:
        return f"no {', '.join(absent)} here (apt install munge slurmctld slurmd slurm-client)"
    return None if os.geteuid() == 0 else "SLURM's daemons need root"


def free_port() -> int:
    """First of `PORTS` ports in a row that nobody listens on."""
    for first in range(17_000, 18_000, PORTS):
        try:
            for port in range(first, first + PORTS):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise RuntimeError("no free ports from 17000 to 18000")


@pytest.fixture(scope="session")
def slurm() -> Iterator[Cluster]:
    """A SLURM with the partitions cpu and gpu; stopped afterwards."""
    why = missing()
    if why and os.environ.get("CI") == "true":
        pytest.fail(f"{why}; in CI the cluster tests must run")
    if why:
        pytest.skip(why)
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))  # short: it holds a socket
    try:
        done = subprocess.run(
            [str(SCRIPT), "up", str(folder), str(free_port())],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        path = f"{folder}/bin:{os.environ['PATH']}"
        yield Cluster(client({"SLURM_CONF": str(folder / "etc/slurm.conf"), "PATH": path}))
    finally:
        subprocess.run([str(SCRIPT), "down", str(folder)], stdin=subprocess.DEVNULL, timeout=120, check=False)
        shutil.rmtree(folder, ignore_errors=True)
