"""Snakemake as a client of the test's SLURM, and what SLURM says about the jobs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass
class Run:
    """A Snakemake at work in `folder`; what it says goes to `said`."""

    process: subprocess.Popen[bytes]
    folder: Path
    said: Path

    def text(self) -> str:
        return self.said.read_text()

    def wait(self, seconds: float) -> None:
        """Wait for its end; fails where that is not a good one."""
        assert self.process.wait(timeout=seconds) == 0, self.text()

    def kill(self) -> None:
        """SIGKILL, as from the kernel that is out of memory: nothing is tidied up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@dataclass(frozen=True)
class Cluster:
    """environment: of a client of the SLURM that the fixture brought up."""

    environment: dict[str, str]

    def command(
        self, *arguments: str, cwd: Path | None = None, check: bool = True, timeout: float = 180
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; standard error comes back within `stdout`."""
        return subprocess.run(
            arguments,
            cwd=cwd,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=check,
        )

    def jobs(self, folder: Path) -> dict[str, list[dict[str, str]]]:
        """All jobs that were submitted from `folder`, by rule, in order: the fields of `scontrol show job`."""
        listed = self.command("scontrol", "--oneliner", "--detail", "show", "jobs").stdout
        found: dict[str, list[dict[str, str]]] = {}
        for line in listed.splitlines():
            fields = dict(re.findall(r"(\S+?)=(\S*)", line))
            if fields.get("WorkDir") == str(folder):
                rule = re.sub(r"^rule_|_wildcards_.*", "", fields["Comment"])
                found.setdefault(rule, []).append(fields)
        return {rule: sorted(jobs, key=lambda job: int(job["JobId"])) for rule, jobs in found.items()}

    def states(self, folder: Path, rule: str) -> list[str]:
        return [job["JobState"] for job in self.jobs(folder).get(rule, [])]

    @contextmanager
    def snakemake(self, folder: Path, profile: Path, *arguments: str) -> Iterator[Run]:
        """Snakemake in the background; where the block ends, so does it."""
        said = folder / f"said-{len(list(folder.glob('said-*')))}.txt"
        command = [sys.executable, "-m", "snakemake", "--profile", str(profile), "--latency-wait", "20", *arguments]
        with said.open("w") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield Run(process, folder, said)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def wait_until(true: Callable[[], object], seconds: float, what: Callable[[], str]) -> None:
    """Ask until it is true; fails with `what()` after so many seconds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what()
        time.sleep(0.5)


def client(slurm: dict[str, str]) -> dict[str, str]:
    """The environment of a client, the tested lrpgen first on PATH, no profile of the user's."""
    own = {name: value for name, value in os.environ.items() if name != "SNAKEMAKE_PROFILE"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{slurm['PATH']}"
    return {**own, **slurm, "PATH": path, "XDG_CONFIG_HOME": os.devnull}


def site_profile(folder: Path) -> Path:
    """`profiles/slurm` as a site with a GPU partition fills it in: its block `set-resources` switched on."""
    text = (ROOT / "profiles/slurm/config.yaml").read_text()
    block = re.search(r"^# set-resources:\n(#   .*\n)+", text, re.MULTILINE)
    assert block, "profiles/slurm has lost its block of GPU rules"
    filled = text.replace(block[0], re.sub(r"^# ", "", block[0], flags=re.MULTILINE))
    # The queue is looked at early: a site's 40 seconds would be most of a test.
    filled += "\nslurm-init-seconds-before-status-checks: 5\n"
    profile = folder / "site"
    profile.mkdir()
    (profile / "config.yaml").write_text(filled)
    return profile
