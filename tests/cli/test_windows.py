"""`lrpgen windows`: bad input is one line on standard error, exit code 2, and no output file."""

from __future__ import annotations

import errno
import gzip
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import pytest

from lrpgen.cli.main import main

DATA = Path(__file__).parents[2] / "data" / "hla"
CHR1 = "ACGTTGCAAC" + "".join(random.Random(1).choices("ACGT", k=290))
GENOME = f">chr1\n{CHR1}" + "\n>chr2\n" + "GATTACAGGC" * 3 + "\n"
ONE_BLOCK = "chr1\t{0}\t{1}\tn\t0\t+\t{0}\t{1}\t0\t1\t{2}\t0\n"
SPLICED = "chr1\t{0}\t{1}\tn\t0\t+\t{0}\t{1}\t0\t2\t10,10\t0,50\n"
REGIONS = ["--source", "regions", "--fasta", "g.fa", "--bed", "r.bed"]
SITES = ["--fasta", "g.fa", "--bed", "r.bed", "--width", "10", "--validation-start", "100", "--test-start", "200"]
SETS = ["--source", "sequences", "--fasta", "s.fa"]
THREE_SITES = "".join(SPLICED.format(at, at + 60) for at in (10, 110, 210))
TWO_SITES = THREE_SITES[: THREE_SITES.rindex("chr1")]
GOOD = "".join(f"chr1\t{at}\t{at + 20}\n" for at in range(0, 300, 20))


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["lrpgen", "windows", *arguments])
    try:
        main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def case(name: str, arguments: list[str], files: Mapping[str, str | bytes], words: str):
    return pytest.param(arguments, files, words, id=name)


FOLD = ["--split", "file", "--split-file", "f.json"]
UNKNOWN_FOLD = '{"train": ["chr1"], "valid": ["chr2"], "test": ["chr7"]}'
LABELS = [*REGIONS, "--labels", "l.tsv", "--task", "values"]
NAMED = {"r.bed": "".join(f"{line}\tr{number}\n" for number, line in enumerate(GOOD.splitlines()))}
FASTA, BED = {"g.fa": GENOME}, {"r.bed": GOOD}
CASES = [
    case("missing FASTA", REGIONS, BED, "FASTA g.fa does not exist"),
    case("empty FASTA", REGIONS, {**BED, "g.fa": ""}, "FASTA g.fa is empty"),
    case("not FASTA", REGIONS, {**BED, "g.fa": "chr1\t1\t2\n"}, "g.fa:1: not FASTA"),
    case("gzip", REGIONS, {**BED, "g.fa": gzip.compress(GENOME.encode())}, "gzip but not bgzip"),
    case("bad letter", REGIONS, {**BED, "g.fa": GENOME.replace("TTG", "TXG", 1)}, "letter 'X' at position 5"),
    case("missing BED", REGIONS, FASTA, "BED r.bed does not exist"),
    case("empty BED", REGIONS, {**FASTA, "r.bed": ""}, "BED r.bed is empty"),
    case("2 columns", REGIONS, {**FASTA, "r.bed": GOOD + "chr1\t5\n"}, "r.bed:16: 2 columns"),
    case("spaces", REGIONS, {**FASTA, "r.bed": "chr1 5 10\n"}, "r.bed:1: no tabs"),
    case("end before start", REGIONS, {**FASTA, "r.bed": "chr1\t9\t5\n"}, "r.bed:1: end 5 is not after start 9"),
    case("end equals start", REGIONS, {**FASTA, "r.bed": "chr1\t9\t9\n"}, "r.bed:1: end 9 is not after start 9"),
    case("not a number", REGIONS, {**FASTA, "r.bed": "chr1\ta\t5\n"}, "r.bed:1: start 'a'"),
    case("unknown contig", REGIONS, {**FASTA, "r.bed": "chrX\t1\t5\n"}, "r.bed:1: contig 'chrX' is not in the FASTA"),
    case("chr prefix", REGIONS, {**FASTA, "r.bed": "1\t1\t5\n"}, "which calls it 'chr1'"),
    case("past the end", REGIONS, {**FASTA, "r.bed": "chr2\t5\t31\n"}, "r.bed:1: chr2:5-31 goes past the end"),
    case("bad strand", REGIONS, {**FASTA, "r.bed": "chr1\t1\t5\tn\t0\tx\n"}, "r.bed:1: strand 'x'"),
    case("mixed widths", REGIONS, {**FASTA, "r.bed": GOOD + "chr1\t0\t21\n"}, "r.bed:16: mixed widths, 21 bp"),
    case("no regions", REGIONS, {**FASTA, "r.bed": "# none\ntrack\n"}, "BED r.bed has no regions"),
    case("too wide", [*REGIONS, "--width", "301"], {**FASTA, **BED}, "--width 301 is larger than contig 'chr1'"),
    case("all over the end", [*REGIONS, "--width", "300"], {**FASTA, "r.bed": "chr1\t0\t9\n"}, "zero regions left"),
    case("one class", [*REGIONS, "--negatives-per-positive", "0"], {**FASTA, **BED}, "one class only"),
    case("part empty", REGIONS, {**FASTA, "r.bed": "chr1\t0\t20\n"}, "part is empty"),
    case("fractions", [*REGIONS, "--test-fraction", "1"], {**FASTA, **BED}, "--test-fraction 1.0 leave a part empty"),
    case("not BED12", SITES, {**FASTA, **BED}, "r.bed:1: 3 columns; splice sites need BED12"),
    case("bad blocks", SITES, {**FASTA, "r.bed": ONE_BLOCK.format(10, 90, 70)}, "r.bed:1: the blocks span 10-80"),
    case("no introns", SITES, {**FASTA, "r.bed": ONE_BLOCK.format(10, 90, 80)}, "zero regions left"),
    case("no test sites", SITES, {**FASTA, "r.bed": TWO_SITES}, "the test part is empty"),
    case("parts", [*SITES, "--test-start", "50"], {**FASTA, "r.bed": THREE_SITES}, "do not make three parts"),
    case("no BED", ["--fasta", "g.fa"], FASTA, "--source splice-sites needs --bed"),
    case("unknown source", [*SETS[2:], "--source", "bam"], {}, "--source 'bam' is unknown; choose from splice-sites"),
    case("narrow", [*SITES, "--width", "2"], {}, "--width 2 is too small"),
    case("negative", [*SITES, "--decoys-per-site", "-1"], {}, "--decoys-per-site -1 is negative"),
    case("set not FASTA", SETS, {"s.fa": "ACGT\n"}, "s.fa:1: not FASTA"),
    case("set bad letter", SETS, {"s.fa": ">a\nAC\nAZ\n"}, "s.fa:3: record 'a': letter 'Z' at position 4"),
    case("set twice", SETS, {"s.fa": ">a\nAC\n>a\nAC\n"}, "s.fa:3: the name 'a' is already used on line 1"),
    case("set mixed", SETS, {"s.fa": ">a\nACGT\n>b\nACGTA\n"}, "s.fa: mixed widths, record 'b' has 5 letters"),
    case("set alike", SETS, {"s.fa": ">a\nAAAAA\n>b\nCCCCC\n"}, "one class only: every negative equals a positive"),
    case("all N", [*REGIONS, "--max-ambiguous-share", "0.5"], {"g.fa": f">chr1\n{'N' * 300}\n", **BED}, "zero windows left"),
    case("split", [*REGIONS, "--split", "chrom"], {}, "--split 'chrom' is unknown; choose from position, contig, file"),
    case("no contigs", [*REGIONS, "--split", "contig"], {}, "--split contig and --validation-contigs, --test-contigs"),
    case("unknown fold", [*REGIONS, *FOLD], {**FASTA, **BED, "f.json": UNKNOWN_FOLD}, "chr7 not in the FASTA"),
    case("fold not there", [*REGIONS, *FOLD], {**FASTA, **BED}, "fold file f.json does not exist"),
    case("no labels", [*REGIONS, "--task", "values"], {}, "--labels and --task labels (or values) belong together"),
    case("labels", LABELS, {**FASTA, **NAMED, "l.tsv": "name\tA\nr0\t1\nr1\tx\n"}, "l.tsv:3: 'x' in column 'A'"),
    case("label missing", LABELS, {**FASTA, **NAMED, "l.tsv": "name\tA\nr0\t1\n"}, "l.tsv has no line for 14 of 15"),
    case("nameless", LABELS, {**FASTA, **BED, "l.tsv": "name\tA\nr0\t1\n"}, "r.bed has regions without a name"),
    case("frame", [*SITES, "--exon", "3", "--intron", "9"], {}, "--width and --exon with --intron both set the width"),
    case("similar", [*REGIONS, "--similarity", "85"], {}, "--similarity 85.0 is out of range; give 0.1 to 1"),
    case("genome", [*SETS, "--negatives-from", "genome"], {}, "--negatives-from genome needs --source regions"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "files", "words"), CASES)
def test_bad_input(
    arguments: list[str], files: Mapping[str, str | bytes], words: str, tmp_path: Path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    for name, content in files.items():
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert run([*arguments, "-o", "out/windows.h5"], monkeypatch) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("lrpgen: error: ")
    assert captured.err.count("\n") == 1
    assert words in captured.err
    assert not list(tmp_path.rglob("*.h5"))


def make(folder: Path) -> list[str]:
    (folder / "g.fa").write_text(GENOME)
    (folder / "r.bed").write_text(GOOD)
    return ["--source", "regions", "--fasta", str(folder / "g.fa"), "--bed", str(folder / "r.bed")]


def test_folder_that_cannot_be_written(tmp_path: Path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    assert run([*make(tmp_path), "-o", str(tmp_path / "file" / "windows.h5")], monkeypatch) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "cannot write here" in error


def test_full_disk_leaves_the_file_before(tmp_path: Path, monkeypatch, capsys):
    output = tmp_path / "windows.h5"
    assert run([*make(tmp_path), "-o", str(output)], monkeypatch) == 0
    before = output.read_bytes()
    capsys.readouterr()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(h5py.Group, "create_dataset", full)
    assert run([*make(tmp_path), "-o", str(output)], monkeypatch) == 2
    assert "the disk is full" in capsys.readouterr().err
    assert output.read_bytes() == before
    assert sorted(f.name for f in tmp_path.iterdir()) == ["g.fa", "g.fa.fai", "r.bed", "windows.h5"]


def test_default_from_a_shell(tmp_path: Path):
    output = tmp_path / "windows.h5"
    files = ["--fasta", str(DATA / "BA000025.2.fa.gz"), "--bed", str(DATA / "BA000025.2.cds.bed")]
    command = [sys.executable, "-m", "lrpgen.cli.main", "windows", *files, "-o", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == (
        "train: 381 donor, 381 acceptor, 7,620 decoy\n"
        "validation: 79 donor, 79 acceptor, 1,580 decoy\n"
        "test: 94 donor, 94 acceptor, 1,880 decoy\n"
    )
    with h5py.File(output) as file:
        onehot: Any = file["onehot"]
        assert onehot.shape == (11_080 + 1108, 4, 200)


def test_windows_for_a_model_of_others_from_a_shell(tmp_path: Path):
    """Acceptors as MMSplice wants them: 50 bases of intron, 3 of exon, everything in the test part."""
    output = tmp_path / "windows.h5"
    files = ["--fasta", str(DATA / "BA000025.2.fa.gz"), "--bed", str(DATA / "BA000025.2.cds.bed")]
    options = ["--sites", "acceptor", "--exon", "3", "--intron", "50", "--split", "none", "--decoys-per-site", "2"]
    command = [sys.executable, "-m", "lrpgen.cli.main", "windows", *files, *options, "-o", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "test: 554 acceptor, 1,108 decoy"
    with h5py.File(output) as file:
        onehot: Any = file["onehot"]
        assert onehot.shape == (3 * 554, 4, 53)
        label: Any = file["regions/label"]
        odd = (onehot[:, 0, 48] & onehot[:, 2, 49]) == 0
        assert (odd & (label[:] == 0)).sum() == 17
        decoys = label[:] == 1
        assert onehot[decoys, 0, 48].all()
        assert onehot[decoys, 2, 49].all()


def test_help_has_an_example(monkeypatch, capsys):
    assert run(["--help"], monkeypatch) == 0
    assert "Example: lrpgen windows" in " ".join(capsys.readouterr().out.split())
