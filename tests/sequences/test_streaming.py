"""Many windows of a large genome: memory stays far below what the sequences would take."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lrpgen.sequences import Genome, open_windows

CONTIG, CONTIGS, LINE = 100_000_000, 3, 10_000
COUNT, WIDTH = 210_000, 400
BOUND = 220  # MB: 80 of libraries, 30 of blocks, and at most 500 bytes for each of 210,000 windows
CODE = """
import json, sys
from pathlib import Path
from lrpgen.sequences import WindowOptions, make_windows
folder = Path(sys.argv[1])
options = WindowOptions(
    "regions", folder / "g.fa", folder / "r.bed", labels=folder / "l.tsv", task="values",
    split="contig", validation_contigs=("c1",), test_contigs=("c2",),
)
summary = make_windows(options, folder / "w.h5")
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))  # since exec: not the parent's
print(json.dumps([int(peak.split()[1]) / 1024, summary]))
"""


def write_genome(folder: Path) -> None:
    random = np.random.default_rng(1)
    bases = np.frombuffer(b"ACGT", dtype=np.uint8)
    with open(folder / "g.fa", "wb") as file:
        for contig in range(CONTIGS):
            file.write(b">c%d\n" % contig)
            for _ in range(10):
                block = np.full((CONTIG // 10 // LINE, LINE + 1), ord("\n"), dtype=np.uint8)
                block[:, :LINE] = bases[random.integers(0, 4, (len(block), LINE), dtype=np.uint8)]
                file.write(block.tobytes())


def write_regions(folder: Path) -> None:
    random = np.random.default_rng(2)
    start = random.integers(0, CONTIG - WIDTH, COUNT).tolist()
    with open(folder / "r.bed", "w") as bed, open(folder / "l.tsv", "w") as table:
        table.write("name\tsignal\n")
        for number, at in enumerate(start):
            bed.write(f"c{number % CONTIGS}\t{at}\t{at + WIDTH}\tr{number}\n")
            table.write(f"r{number}\t{number}\n")


@pytest.mark.slow
def test_memory_stays_below_a_bound(tmp_path: Path):
    """210,000 windows of 400 bp of a genome of 300 Mb: the genome takes 300 MB and the one-hot windows 336 MB."""
    write_genome(tmp_path)
    write_regions(tmp_path)
    done = subprocess.run([sys.executable, "-c", CODE, str(tmp_path)], capture_output=True, text=True, check=True)
    peak, summary = json.loads(done.stdout)
    assert peak < BOUND, f"{peak:.0f} MB"
    total = sum(counts["windows"] for counts in summary["counts"].values())
    assert total + summary["dropped"].get("region given twice", 0) == COUNT
    rows = np.random.default_rng(3).choice(total, 200, replace=False)
    with open_windows(tmp_path / "w.h5") as file, Genome(tmp_path / "g.fa") as genome:
        regions, onehot = file.table(rows), file.onehot(rows)
        assert np.array_equal(file.targets[rows, 0], [int(name[1:]) for name in regions["name"]])
        for row, one in zip(regions.to_dict("records"), onehot, strict=True):
            assert np.array_equal(one, genome.onehot(row["chrom"], row["start"], row["end"]))
            assert row["split"] == ("train", "validation", "test")[int(row["chrom"][1:])]
